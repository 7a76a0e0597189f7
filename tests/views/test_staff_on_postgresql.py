"""The staff pages on PostgreSQL, reads from a standby: every page answers, every button works."""
import re

import pytest

from tests.people import ADMIN
from tests.servers import wait_for
from tests.staff_world import staff_world
from webapp.keys import create_keys
from webapp.settings import load_settings

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def client_and_case(home, postgresql_url, standby_url):
    create_keys(home / "keys.json", demo=False)
    with staff_world(load_settings(home=home, database_url=postgresql_url, replica_url=standby_url)) as world:
        client = world.app.test_client()
        session = world.browser(ADMIN).get_cookie("__Host-session").value
        client.set_cookie("__Host-session", session, domain="127.0.0.1")
        yield client, world.case_a


def test_every_page_answers_and_the_map_reads_the_standby(client_and_case):
    client, case = client_and_case
    for page in ("/brand", "/brand/map", "/brand/export", "/cases", f"/cases/{case}", "/enterprise", "/oversight"):
        assert client.get(page, base_url=BASE).status_code == 200, page
    period = "/brand/map?from=2026-11-01&to=2026-11-30"
    wait_for(lambda: ">148<" in client.get(period, base_url=BASE).text, "the standby to replay the roll-ups")


def test_what_was_just_done_shows_at_once_though_reads_have_a_standby(client_and_case):
    client, case = client_and_case
    for action, fields in (("take", {"holder": ""}), ("move", {"move": "investigate"}), ("note", {"note": "盐"}),
                           ("void", {"note": "copied"}), ("move", {"move": "close", "reason": "test"})):
        page = client.get(f"/cases/{case}", base_url=BASE).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        answer = client.post(f"/cases/{case}/{action}", data=fields | {"csrf_token": token}, base_url=BASE)
        assert answer.location.endswith("said=done"), action
    page = client.get(f"/cases/{case}?lang=en", base_url=BASE).text
    assert 'class="state closed"' in page
    assert "盐" in page
