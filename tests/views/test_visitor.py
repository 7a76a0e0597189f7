"""What is read from a request, and what a client cannot make us believe."""
from types import SimpleNamespace

import pytest

from webapp.geolocate import Geolocator
from webapp.keys import Keys, ensure_keys
from webapp.settings import load_settings
from webapp.views.user_agent import agent_of
from webapp.views.visitor import Visit, client_address, read

WECHAT = ("Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 "
          "Mobile Safari/537.36 XWEB/1160117 MicroMessenger/8.0.48.2580(0x28003036) WeChat/arm64 NetType/WIFI")
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148"


@pytest.fixture
def keys(home) -> Keys:
    return ensure_keys(home / "keys.json")


@pytest.fixture
def visit(home, keys: Keys):
    def make(base_url: str = "http://127.0.0.1:8000", proxies: int = 0, **headers: str) -> Visit:
        parts = SimpleNamespace(settings=load_settings(home=home, trusted_proxies=proxies, base_url=base_url),
                                keys=keys, geolocator=Geolocator(None))
        return read({"REQUEST_METHOD": "GET", "REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": WECHAT,
                     "QUERY_STRING": ""} | headers, parts)
    return make


def cookie(one: Visit) -> str:
    assert one.set_cookie is not None
    return one.set_cookie.split(";")[0]


def test_a_phone_is_one_device_with_and_without_its_cookie(visit):
    first = visit()
    assert 0 < first.device < 1 << 63
    back = visit(HTTP_COOKIE=f"other=1; {cookie(first)}", REMOTE_ADDR="198.51.100.7", HTTP_USER_AGENT=IPHONE)
    assert back.device == first.device
    assert back.set_cookie is None
    assert visit().device == first.device


def test_dropping_cookies_makes_no_devices(visit):
    assert len({visit(REMOTE_ADDR=f"203.0.113.{n}").device for n in range(50)}) == 1


def test_another_network_or_phone_is_another_device(visit):
    assert len({visit().device, visit(REMOTE_ADDR="198.51.100.9").device, visit(HTTP_USER_AGENT=IPHONE).device}) == 3


@pytest.mark.parametrize("invented", [
    "sc=", "sc=AAAAAAAAAAAAAAAAAAAAAA", "sc=" + "A" * 5000, "sc=ä" + "x" * 21, "sc=;sc=;", "sc=!!!!!!!!!!!!!!!!!!!!!!"])
def test_an_invented_cookie_is_ignored(visit, invented: str):
    assert visit(HTTP_COOKIE=invented).device == visit().device
    assert visit(HTTP_COOKIE=invented).set_cookie is not None


def test_a_cookie_changed_in_one_character_is_ignored(visit):
    good = cookie(visit(REMOTE_ADDR="198.51.100.9"))
    for at in range(3, len(good)):
        changed = good[:at] + ("B" if good[at] != "B" else "C") + good[at + 1:]
        opened = visit(HTTP_COOKIE=changed).device
        assert opened == visit().device or at == len(good) - 1  # the last character has bits base64 does not use


def test_the_cookie_is_closed_to_scripts_and_other_sites(visit):
    plain, secure = visit().set_cookie, visit(base_url="https://example.cn").set_cookie
    assert all(word in plain for word in ("; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age="))
    assert "Secure" not in plain
    assert secure.endswith("; Secure")


@pytest.mark.parametrize(("proxies", "forwarded", "expected"), [
    (0, "6.6.6.6", "203.0.113.9"),
    (1, "6.6.6.6, 198.51.100.7", "198.51.100.7"),
    (2, "6.6.6.6, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
    (2, "198.51.100.7", "198.51.100.7"),
    (1, "", "203.0.113.9"),
    (1, "6.6.6.6, unknown", ""),
    (1, "," * 100_000 + "198.51.100.7", "198.51.100.7"),
    (1, "2001:db8:1:2::9", "2001:db8:1:2::9"),
])
def test_the_address_is_the_one_our_own_proxies_saw(proxies: int, forwarded: str, expected: str):
    environ = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": forwarded,
               "HTTP_X_REAL_IP": "6.6.6.6", "HTTP_FORWARDED": "for=6.6.6.6", "HTTP_CF_CONNECTING_IP": "6.6.6.6"}
    assert client_address(environ, proxies) == expected


def test_a_peer_on_a_unix_socket_has_no_address(visit):
    assert (visit(REMOTE_ADDR="").ip, visit(REMOTE_ADDR="").network) == ("", "")


def test_only_the_truncated_network_is_kept(visit):
    assert visit().network == "203.0.113.0/24"
    assert visit(REMOTE_ADDR="2001:db8:1:2::9").network == "2001:db8:1::/48"
    assert visit(REMOTE_ADDR="::ffff:203.0.113.9").network == "203.0.113.0/24"


@pytest.mark.parametrize("headers", [
    {"REQUEST_METHOD": "HEAD"}, {"HTTP_PURPOSE": "prefetch"}, {"HTTP_SEC_PURPOSE": "prefetch;prerender"},
    {"HTTP_X_MOZ": "prefetch"}, {"HTTP_X_PURPOSE": "preview"}, {"HTTP_USER_AGENT": "Googlebot/2.1"},
    {"HTTP_USER_AGENT": "facebookexternalhit/1.1"}, {"HTTP_USER_AGENT": "WhatsApp/2.23"},
    {"HTTP_USER_AGENT": "TelegramBot (like TwitterBot)"}, {"HTTP_USER_AGENT": "Slackbot-LinkExpanding 1.0"},
    {"HTTP_USER_AGENT": "curl/8.5.0"}, {"HTTP_USER_AGENT": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
])
def test_heads_prefetches_previews_and_known_bots_do_not_count(visit, headers: dict[str, str]):
    assert not visit(**headers).counted


@pytest.mark.parametrize("agent", [WECHAT, IPHONE, "", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0"])
def test_people_count(visit, agent: str):
    assert visit(HTTP_USER_AGENT=agent).counted


@pytest.mark.parametrize(("query", "shared"), [
    ("", False), ("s=1", True), ("lang=en&s=1", True), ("s=10", False), ("xs=1", False), ("from=timeline", True),
    ("from=groupmessage&isappinstalled=0", True), ("from=singlemessage", True), ("from=elsewhere", False)])
def test_share_markers(visit, query: str, shared: bool):
    assert visit(QUERY_STRING=query).shared is shared


@pytest.mark.parametrize(("accepted", "query", "language"), [
    ("", "", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh"), ("en-GB,en;q=0.9", "", "en"), ("fr,en;q=0.5", "", "en"),
    ("en;q=0.3,zh;q=0.7", "", "zh"), ("zh-CN", "lang=en", "en"), ("en", "lang=zh", "zh"), ("en", "lang=xx", "en"),
    ("de", "", "zh"), ("en;q=junk", "", "zh"), ("*", "", "zh")])
def test_language(visit, accepted: str, query: str, language: str):
    assert visit(HTTP_ACCEPT_LANGUAGE=accepted, QUERY_STRING=query).language == language


@pytest.mark.parametrize(("accepted", "wants"), [
    ("", False), ("*/*", False), ("application/json", True), ("text/html,application/json;q=0.9", False),
    ("text/html;q=0.2,application/json", True), ("application/json;q=junk", False)])
def test_json_is_given_to_who_asks_for_it(visit, accepted: str, wants: bool):
    assert visit(HTTP_ACCEPT=accepted).wants_json is wants


@pytest.mark.parametrize(("agent", "name"), [
    (WECHAT, "wechat"), (IPHONE, "browser"), ("Mozilla/5.0 (iPhone) AlipayClient/10.5", "alipay"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/128", "desktop"), ("Java/17.0.2", "script"), ("  ", "none"),
    ("okhttp/4.9", "bot")])
def test_agents(agent: str, name: str):
    assert agent_of(agent).name == name


def test_wifi_is_what_the_messenger_says():
    assert agent_of(WECHAT).wifi
    assert not agent_of(WECHAT.replace("WIFI", "5G")).wifi


def test_a_huge_or_odd_header_costs_nothing_and_changes_nothing(visit):
    odd = visit(HTTP_USER_AGENT="x" * 1_000_000, HTTP_COOKIE=";" * 1_000_000, QUERY_STRING="&" * 1_000_000,
                HTTP_ACCEPT_LANGUAGE="," * 1_000_000, HTTP_ACCEPT=";q=" * 300_000)
    assert odd.agent == "script"
    assert visit(HTTP_USER_AGENT="\udcff\u202e\x1b[31m\r\n").device
