"""T22: brute force at the sign-in page: a limit, one answer for all, and no way out to another site."""
import pytest

from tests.people import ALICE, BOB, PASSWORD
from tests.staff_forms import form_token
from webapp.auth.login_limits import ACCOUNT, NETWORK
from webapp.views.login import own_path

HOSTS = ("evil.example", "evil.example/login", "localhost.evil.example", "127.0.0.1@evil.example")
SPELLINGS = (
    "//{}", "///{}", "////{}", "/\\{}", "\\\\{}", "\\/{}", "/\t/{}", "/\n/{}", "/\r\n/{}", "https://{}", "http:{}",
    "HTTPS:/{}", "https:{}", "javascript:alert(1)//{}", "data:text/html,{}", "/%09/{}", "/ /{}", " //{}", "\t//{}",
    "/@{}//", "/x//{}", "/./\\{}", "/..//{}", "/;//{}", "?next=//{}", "{}", "/\u2215{}", "\uff0f\uff0f{}",
    "/\u3000/{}", "//{}%2f..", "/brand\\..\\\\{}", "/\x00/{}", "/brand?x=//{}", "ftp://{}", "mailto:a@{}", "/#//{}",
    "//user@{}", "//[::1]@{}", "http://localhost@{}", "//localhost\\@{}", "/\xa0/{}", "\ufeff//{}", "vbscript:{}",
    "/../\\{}", "//{}:80", "/\\\\{}", "/.//{}", "//{}/%2e%2e", "/%5c{}/..//x", "blob:{}",
)
REDIRECTS = sorted({spelling.format(host) for spelling in SPELLINGS for host in HOSTS})


def attempt(client, token: str, email: str, password: str):
    return client.post("/login", data={"email": email, "password": password, "csrf_token": token},
                       headers={"Sec-Fetch-Site": "same-origin"})


def test_account_is_locked_and_even_the_right_password_then_says_nothing(world):
    client = world.browser(None)
    token = form_token(client)
    codes = [attempt(client, token, ALICE.email, f"guess{n}").status_code for n in range(ACCOUNT.amount + 3)]
    assert codes == [401] * ACCOUNT.amount + [429] * 3
    locked = attempt(client, token, ALICE.email, PASSWORD)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert attempt(client, token, BOB.email, PASSWORD).status_code == 303


def test_unknown_account_is_locked_just_the_same(world):
    client = world.browser(None)
    token = form_token(client)
    codes = [attempt(client, token, "nobody@example.org", "guess").status_code for _ in range(ACCOUNT.amount + 1)]
    assert codes == [401] * ACCOUNT.amount + [429]


def test_forwarded_address_of_ones_own_making_buys_no_further_tries(world):
    client = world.browser(None)
    token = form_token(client)
    for n in range(NETWORK.amount - 1):  # all but one of this network's tries, without the price of a hash each
        world.app.extensions["staff"].limits.take_try(f"p{n}@example.org", "127.0.0.0/24")
    codes = [client.post("/login", data={"email": f"q{n}@example.org", "password": "x", "csrf_token": token},
                         headers={"X-Forwarded-For": f"198.51.{n}.7"}).status_code for n in range(3)]
    assert codes == [401, 429, 429]


@pytest.mark.parametrize("address", REDIRECTS)
def test_sign_in_never_sends_anybody_to_another_site(address):
    assert own_path(address) is None


def test_there_are_two_hundred_spellings():
    assert len(REDIRECTS) >= 190


@pytest.mark.parametrize("address", ["/brand", "/brand/map?from=2026-11-01&visitor=repeat", "/cases/0a1b2c", "/"])
def test_own_pages_are_kept(address):
    assert own_path(address) == address


@pytest.mark.parametrize("address", ["/login", "/login?next=/login", "", None, "/" + "x" * 600])
def test_no_way_back_to_the_door_itself(address):
    assert own_path(address) is None
