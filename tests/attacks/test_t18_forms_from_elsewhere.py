"""T18: CSRF. Every state-changing staff door refuses a form of another site; the list comes from the URL map."""
import pytest
from sqlalchemy import func, select

from tests.people import ADMIN, ALICE, INVESTIGATOR, PASSWORD
from tests.staff_forms import form_token
from webapp.models import CaseEvent, LoginSession
from webapp.views import same_origin
from webapp.views.same_origin import asked_by_our_page

FIELDS = {"note": "x", "move": "close", "reason": "test", "holder": "", "email": ADMIN.email, "password": PASSWORD}
FOREIGN = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
           {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"})


def changing_doors(world) -> list[str]:
    return [rule.rule.replace("<public_id>", world.case_a) for rule in world.app.url_map.iter_rules()
            if rule.methods & {"POST", "PUT", "PATCH", "DELETE"} and not rule.rule.startswith(("/api/", "/<"))]


def changes(world) -> tuple[int, int]:
    with world.db.read.connect() as connection:
        return tuple(connection.scalar(select(func.count()).select_from(table)) for table in (CaseEvent, LoginSession))


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_foreign_page_with_a_stolen_token_is_refused_everywhere(world, headers):
    client = world.browser(ADMIN)
    token = form_token(client, f"/cases/{world.case_a}")
    before = changes(world)
    doors = changing_doors(world)
    assert len(doors) >= 6
    for door in doors:
        assert client.post(door, data=FIELDS | {"csrf_token": token}, headers=headers).status_code == 403, door
    assert changes(world) == before


@pytest.mark.parametrize("token", [None, "", "x", "forged.token.here"])
def test_own_page_without_the_right_token_is_refused_everywhere(world, token):
    client = world.browser(ADMIN)
    before = changes(world)
    for door in changing_doors(world):
        data = FIELDS if token is None else FIELDS | {"csrf_token": token}
        assert client.post(door, data=data, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 403, door
    assert changes(world) == before


def test_token_of_another_browser_does_not_serve(world):
    token = form_token(world.browser(ALICE), "/brand")
    client = world.browser(INVESTIGATOR)
    client.get("/cases")
    answer = client.post(f"/cases/{world.case_a}/note", data={"note": "x", "csrf_token": token})
    assert answer.status_code == 403


def test_no_get_changes_anything(world):
    client = world.browser(ADMIN)
    client.get("/cases")
    before = changes(world)
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith(("/brand", "/cases", "/enterprise", "/oversight", "/log")):
            client.get(rule.rule.replace("<public_id>", world.case_a), query_string=FIELDS)
    assert changes(world) == before


def test_without_the_two_checks_the_foreign_form_would_work(world, monkeypatch):
    """Self-check: with the defences off, the first test must fail."""
    monkeypatch.setattr(same_origin, "asked_by_our_page", lambda *_: True)
    monkeypatch.setattr(same_origin.csrf, "protect", lambda: None)
    client = world.browser(ADMIN)
    answer = client.post(f"/cases/{world.case_a}/note", data=FIELDS, headers=FOREIGN[0])
    assert answer.status_code == 303


@pytest.mark.parametrize(("headers", "ours"), [
    ({}, True), ({"Sec-Fetch-Site": "same-origin"}, True), ({"Sec-Fetch-Site": "none"}, True),
    ({"Origin": "https://salt.example"}, True), ({"Origin": "https://salt.example.evil"}, False),
    ({"Origin": "https://salt.example:444"}, False), ({"Sec-Fetch-Site": ""}, False),
])
def test_the_browsers_word_decides(headers, ours):
    assert asked_by_our_page(headers, "salt.example") is ours


def test_form_larger_than_any_of_ours_is_not_read(world):
    answer = world.browser(ADMIN).post(f"/cases/{world.case_a}/note", data={"note": "x" * 200_000})
    assert answer.status_code in (403, 413)
