"""Scans answered together: only plain ones, read as gunicorn reads them, with one question to Valkey and the disk."""
import json
import socket

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.wsgi import create

from cache.connection import Cache
from tests.views.public.conftest import PHONE, Shop
from tests.views.public.test_scan_page import ask, stock
from webapp.together import Together, together_of

FIELDS = f"Host: localhost\r\nUser-Agent: {PHONE}\r\nAccept: text/html\r\nX-Forwarded-For: 9.9.9.9, 8.8.8.8\r\n"
CODE = "0123456789ABCDEFGHJK"


def request(path: str = f"/{CODE}", method: str = "GET", version: str = "HTTP/1.1", fields: str = FIELDS,
            rest: str = "") -> bytes:
    return f"{method} {path} {version}\r\n{fields}\r\n{rest}".encode("latin-1")


@pytest.fixture
def together(shop: Shop) -> Together:
    made = together_of(shop.phone().application)
    assert made is not None
    return made


@pytest.mark.parametrize("plain", [
    request(), request(method="HEAD"), request(f"/{CODE}?s=1&lang=en"), request(f"/{CODE}/"),
    request("/0123-4567-89AB-CDEF-GHJK"), request(fields=FIELDS + "Connection: keep-alive\r\n"),
    request(fields=FIELDS + "Cookie: sc=abc; other=1\r\nSec-Purpose: prefetch\r\n"),
    request(fields=FIELDS + "X-Odd: caf\xe9\r\n"),
])
def test_a_plain_scan_is_read_as_gunicorn_reads_it(together: Together, plain: bytes) -> None:
    taken = together.take(plain, "127.0.0.1")
    assert taken is not None
    here, there = socket.socketpair()
    with here, there:
        parser = get_parser(Config(), here, ("127.0.0.1", 1))
        parser.unreader.unread(plain)
        _, environ = create(next(parser), here, ("127.0.0.1", 1), ("127.0.0.1", 80), Config())
    ours = {key: environ[key] for key in environ if key.startswith("HTTP_")} | {
        key: environ[key] for key in ("REMOTE_ADDR", "QUERY_STRING", "PATH_INFO", "REQUEST_METHOD")}
    assert taken == ours


@pytest.mark.parametrize(("odd", "why"), [
    (request(method="POST"), "method"), (request("/check"), "no code"), (request(f"/{CODE}#x"), "fragment"),
    (request(f"/{CODE[:4]}%20{CODE[4:]}"), "escapes"), (request(f"http://localhost/{CODE}"), "absolute"),
    (request(version="HTTP/1.0"), "version"), (request(fields=FIELDS + "Connection: close\r\n"), "close"),
    (request(fields=FIELDS + "Content-Length: 3\r\n", rest="abc"), "body"),
    (request(fields=FIELDS + "Content-Length: 0\r\n"), "length"),
    (request(fields=FIELDS + "Transfer-Encoding: chunked\r\n"), "chunked"),
    (request(fields=FIELDS + "Upgrade: h2c\r\nConnection: upgrade\r\n"), "upgrade"),
    (request(fields=FIELDS + "Expect: 100-continue\r\n"), "expect"),
    (request(fields=FIELDS + "X-Forwarded-For: 1.2.3.4\r\n"), "twice"),
    (request(fields=FIELDS + "X_Forwarded_For: 1.2.3.4\r\n"), "underscore"),
    (request(fields=FIELDS + "Odd : 1\r\n"), "space before the colon"),
    (request(fields=FIELDS + "X-A: 1\r\n folded\r\n"), "folded"), (request(fields=FIELDS + "X-A: \x00\r\n"), "control"),
    (request(fields="".join(f"X-{n}: 1\r\n" for n in range(80)) + FIELDS), "many fields"),
    (request(fields=FIELDS + f"X-A: {'a' * 5000}\r\n"), "long"), (request(rest="GET / HT"), "more behind it"),
    (request()[:-2], "not all here"), (b"", "nothing"), (request(fields="Host: evil.example\r\n"), "foreign host"),
    (request(fields=""), "no host"),
])
def test_whatever_is_odd_is_left_to_gunicorn(together: Together, odd: bytes, why: str) -> None:
    assert together.take(odd, "127.0.0.1") is None, why


def test_each_is_told_what_it_would_be_told_alone_for_one_question_and_one_sync(
        shop: Shop, together: Together, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first look, another code, a second phone right behind the first, a wrong code, one that was never issued."""
    stock(shop)
    for number in (1, 2):
        shop.phone().get(f"/{shop.code(number)}")  # memory is warm: the next ones are hits
    alone = [ask(shop, number, f"198.51.{n}.7") for n, number in enumerate((17, 18, 17))]
    group = []
    for n, code in enumerate([shop.code(7), shop.code(8), shop.code(7), "0" * 20, shop.code(20_000)]):
        fields = FIELDS.replace("text/html", "application/json")
        one = together.take(request(f"/{code}", fields=fields), f"198.51.{n}.7")
        assert one is not None
        group.append(one)
    asked: list[int] = []
    run_all = Cache.run_all
    monkeypatch.setattr(Cache, "run_all", lambda cache, script, calls: (
        asked.append(len(calls)), run_all(cache, script, calls))[1])
    syncs, kept = shop.parts.spool.syncs, shop.parts.spool.kept
    answers = [one.partition(b"\r\n\r\n") for one in together.answers(group)]
    told = [json.loads(body) for _, _, body in answers]
    assert [one["verdict"] for one in told] == [*(one["verdict"] for one in alone), "unknown", "unknown"]
    assert [one["recorded"] for one in told] == [True, True, True, False, True]
    assert (shop.parts.spool.syncs - syncs, shop.parts.spool.kept - kept) == (1, 4)
    assert asked[0] == 4
    assert told[2]["checks"]["devices"] == alone[2]["checks"]["devices"] == 1
    for head, _, body in answers:
        assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
        assert b"Cache-Control: no-store" in head


def test_head_has_no_body_and_leaves_no_trace(shop: Shop, together: Together) -> None:
    stock(shop)
    one = together.take(request(f"/{shop.code(7)}", method="HEAD"), "198.51.100.7")
    assert one is not None
    kept = shop.parts.spool.kept
    assert together.answers([one])[0].endswith(b"\r\n\r\n")
    assert shop.parts.spool.kept == kept


def test_an_app_without_our_lane_has_no_short_way() -> None:
    assert together_of(lambda environ, start_response: []) is None
