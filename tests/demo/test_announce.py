"""demo.json is what other programs rely on; the terminal shows the same to people."""
import json
import stat

import pytest

from webapp.demo.announce import ApiClient, Login, announce, demo_of, read_demo, write_demo
from webapp.verify.verdict import Verdict

CODES = {str(verdict): f"1ABCDEFGHJKMNPQRST{number:02d}" for number, verdict in enumerate(Verdict)}
LOGINS = {"brand": Login("brand@demo.example", "secret-1"), "admin": Login("admin@demo.example", "secret-2")}


@pytest.fixture
def demo():
    return demo_of("http://127.0.0.1:8150", CODES, LOGINS, ApiClient("9520001900006", "demo-1", "secret-3"))


def test_the_file_has_the_promised_shape(tmp_path, demo):
    write_demo(tmp_path, demo)
    told = json.loads((tmp_path / "demo.json").read_text())
    assert set(told) == {"base_url", "pages", "codes", "logins", "clients"}
    assert set(told["pages"]) == set(told["codes"]) == set(map(str, Verdict))
    assert told["pages"]["first"] == f"http://127.0.0.1:8150/{CODES['first']}"
    assert told["pages"]["shared_link"].endswith("?s=1")
    assert told["logins"]["brand"] == {"email": "brand@demo.example", "password": "secret-1"}
    assert set(told["clients"]) == {"enterprise_gln", "client_id", "client_secret"}
    assert read_demo(tmp_path) == demo


def test_the_file_is_for_its_owner_only(tmp_path, demo):
    write_demo(tmp_path, demo)
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600


def test_another_port_changes_the_addresses_and_nothing_else(demo):
    moved = demo_of("http://127.0.0.1:9000", demo.codes, demo.logins, demo.clients)
    assert moved.pages["first"] == demo.pages["first"].replace(":8150", ":9000")
    assert (moved.codes, moved.logins, moved.clients) == (demo.codes, demo.logins, demo.clients)


def test_people_see_every_page_login_and_a_symbol_a_verdict(tmp_path, demo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    said = []
    announce(demo, tmp_path, said.append)
    text = "\n".join(said)
    for secret in ("secret-1", "secret-2", "secret-3", "9520001900006", str(tmp_path / "demo.json")):
        assert secret in text
    for verdict in Verdict:
        assert demo.pages[verdict] in text
    assert text.count("█▄▄▄▄▄▄▄█") >= 2 * 12  # each symbol's finder patterns: two at the top, one below


def test_a_narrow_terminal_gets_one_symbol_a_row(tmp_path, demo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    said = []
    announce(demo, tmp_path, said.append)
    assert max(len(line) for line in said[0].split("\n")) <= 50
