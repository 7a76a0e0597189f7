"""Signing in and out, as a browser does it."""
import pytest
from sqlalchemy import func, select

from tests.people import ADMIN, ALICE, AUTHORITY, AUTHORITY_A, ENTERPRISE_A, INVESTIGATOR, LEFT, PASSWORD
from tests.staff_forms import form_token, press
from tests.staff_world import staff_world
from webapp.keys import create_keys
from webapp.models import LoginSession
from webapp.settings import load_settings


def sign_in(client, email, password=PASSWORD, **fields):
    return press(client, "/login", "/login", email=email, password=password, **fields)


@pytest.mark.parametrize(("who", "lands"), [
    (ALICE, "/brand"), (INVESTIGATOR, "/cases"), (ENTERPRISE_A, "/enterprise"), (AUTHORITY, "/oversight"),
    (AUTHORITY_A, "/oversight"), (ADMIN, "/cases"),
], ids=lambda value: value if isinstance(value, str) else value.name)
def test_every_role_lands_on_a_page_of_its_own(world, who, lands):
    client = world.browser(None)
    answer = sign_in(client, who.email)
    assert (answer.status_code, answer.location) == (303, lands)
    assert client.get(lands).status_code == 200


def test_session_cookie_is_for_this_host_over_https_and_no_script(world):
    cookie = next(line for line in sign_in(world.browser(None), ALICE.email).headers.getlist("Set-Cookie")
                  if line.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_capital_letters_and_blanks_in_the_address_do_not_matter(world):
    assert sign_in(world.browser(None), "  Alice@Example.org ").status_code == 303


def test_unknown_wrong_and_switched_off_get_the_same_answer(world):
    def told(email, password):
        client = world.browser(None)
        answer = sign_in(client, email, password)
        return answer.status_code, answer.text.replace(email, "…").split("<main")[1].split("csrf_token")[0]

    wrong = told(ALICE.email, "wrong")
    assert wrong[0] == 401
    assert told("nobody@example.org", "wrong") == wrong
    assert told(LEFT.email, PASSWORD) == wrong


def test_stranger_is_sent_to_sign_in_and_back_to_where_they_wanted(world):
    client = world.browser(None)
    answer = client.get("/brand/map?visitor=repeat")
    assert answer.status_code == 303
    assert answer.location == "/login?next=/brand/map?visitor%3Drepeat"
    assert client.get(answer.location).text.count('value="/brand/map?visitor=repeat"') == 1
    assert sign_in(client, ALICE.email, next="/brand/map?visitor=repeat").location == "/brand/map?visitor=repeat"


def test_signing_out_ends_the_session_on_the_server(world):
    client = world.browser(ALICE)
    copied = client.get_cookie("__Host-session").value
    assert press(client, "/brand", "/logout").location == "/login"
    thief = world.browser(None)
    thief.set_cookie("__Host-session", copied)
    assert thief.get("/brand").status_code == 303


def test_signing_in_again_ends_the_session_before(world):
    client = world.browser(ALICE)
    before = client.get_cookie("__Host-session").value
    assert press(client, "/brand", "/login", email=ALICE.email, password=PASSWORD).status_code == 303
    assert client.get_cookie("__Host-session").value != before
    with world.db.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LoginSession)) == 1


def test_form_token_from_before_signing_in_is_worthless_after_it(world):
    client = world.browser(None)
    planted = form_token(client)
    assert sign_in(client, ALICE.email).status_code == 303
    client.get("/brand")
    assert client.post("/logout", data={"csrf_token": planted}).status_code == 403


@pytest.mark.parametrize(("address", "warned"), [("http://salt.example", True), ("https://salt.example", False)])
def test_without_https_the_page_says_that_signing_in_cannot_work(home, sqlite_url, monkeypatch, address, warned):
    create_keys(home / "keys.json", demo=False)
    monkeypatch.setenv("SALTCHECK_BASE_URL", address)
    with staff_world(load_settings(home=home, database_url=sqlite_url)) as public:
        answer = public.browser(None).get("/login?lang=en", base_url="http://salt.example")  # nginx ends the TLS
    assert answer.status_code == 200
    assert ("not HTTPS" in answer.text) == warned


def test_get_never_signs_anybody_out(world):
    client = world.browser(ALICE)
    client.get("/logout")
    assert client.get("/brand").status_code == 200
