"""The lane in front of Flask gives the very bytes of the Flask view, and leaves everything else to Flask."""
import re

import pytest
from flask import Flask

from tests.verify import world
from tests.verify.world import BASE
from tests.views.public.conftest import PHONE, Shop
from tests.views.public.test_scan_page import stock
from webapp import scan_lane
from webapp.scan_lane import ScanLane

CASES = {
    "first": (7, {}), "english": (8, {"Accept-Language": "en"}), "json": (9, {"Accept": "application/json"}),
    "not issued": (20_000, {}),
}


def through_flask(shop: Shop, path: str, headers: dict) -> tuple[str, list, bytes]:
    """The answer of the Flask app with the lane taken away."""
    app: Flask = shop.phone().application
    lane = app.wsgi_app
    assert isinstance(lane, ScanLane)
    app.wsgi_app = lane._rest  # type: ignore[method-assign]
    try:
        answer = shop.phone().get(path, headers=headers)
    finally:
        app.wsgi_app = lane  # type: ignore[method-assign]
    return answer.status, sorted(answer.headers), answer.data


@pytest.mark.parametrize("case", CASES)
def test_the_same_bytes_either_way(shop: Shop, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stock(shop)
    number, headers = CASES[case]
    clock = iter(range(1_800_000_000_000_000_000, 1_800_000_001_000_000_000, 1000))
    monkeypatch.setattr("webapp.views.visitor.time.time_ns", lambda: next(clock))
    path = f"/{shop.code(number)}"
    shop.phone().get(path)  # both of the next two are reloads of this one
    by_lane = shop.phone().get(path, headers=headers)
    assert (by_lane.status, sorted(by_lane.headers), by_lane.data) == through_flask(shop, path, headers)


def test_a_wrong_code_too(shop: Shop) -> None:
    path = "/" + "0" * 20
    by_lane = shop.phone().get(path)
    assert (by_lane.status, sorted(by_lane.headers), by_lane.data) == through_flask(shop, path, {})


@pytest.mark.parametrize(("path", "taken"), [
    ("/0123456789ABCDEFGHJK", True), ("/0123-4567-89ab-cdef-ghjk", True), ("/0123 4567 89ab cdef ghjk/", True),
    ("/0123456789ABCDEFGHJ", False), ("/check", False), ("/login", False), ("/b/0123456789/ABCDEFGHJKL", False),
    ("/0123456789ABCDEFGHJé", False), ("/0123456789ABCDEFGHJK/place", False),
])
def test_only_what_looks_like_a_code_takes_the_lane(path: str, taken: bool) -> None:
    assert bool(scan_lane.LOOKS_LIKE_A_CODE(path)) is taken


def test_a_post_and_a_foreign_host_go_to_flask(shop: Shop) -> None:
    path = f"/{shop.code(7)}"
    assert shop.phone().post(path).status_code == 405
    assert shop.phone().get(path, headers={"Host": "evil.example"}).status_code == 400


def test_head_has_the_length_of_the_page_and_no_body(shop: Shop) -> None:
    stock(shop)
    head = shop.phone().head(f"/{shop.code(7)}")
    assert head.data == b""
    assert int(head.headers["Content-Length"]) > 5000


def test_hyphens_small_letters_and_lookalikes_are_the_same_code(shop: Shop) -> None:
    world.block(shop.db, BASE, BASE + 99)
    code = shop.code(7)
    spelled = "-".join(re.findall("....", code)).lower().replace("0", "o")
    answer = shop.phone(agent=PHONE).get(f"/{spelled}", headers={"Accept": "application/json"})
    assert answer.json["code"] == code
