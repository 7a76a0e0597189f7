"""GET /CODE: what a shopper reads, for each of the twelve words."""
import time
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from tests.verify import world
from tests.verify.world import BASE, SEA
from tests.views.public.conftest import Shop
from webapp.scanlog.scan import decode
from webapp.verify.china_day import day_of
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict
from webapp.views.public.says import says

FIELDS = {"code", "verdict", "reasons", "title", "advice", "product", "batch", "origin", "checks", "recorded",
          "degraded", "receipt"}


def stock(shop: Shop, **lot) -> int:
    """A shipped lot on codes 0..9999; gives its batch id."""
    batch = world.lot(shop.db, "A", **lot)
    world.run(shop.db, BASE, BASE + 9999, world.block(shop.db, BASE, BASE + 9999), batch)
    world.quality(shop.db, batch)
    world.ship(shop.db, "S1", f"{SEA}/A", batch_id=batch)
    return batch


def ask(shop: Shop, number: int = 7, network: str = "198.51.100.7", query: str = "", **headers: str) -> dict:
    answer = shop.phone(network, **headers).get(f"/{shop.code(number)}{query}", headers={"Accept": "application/json"})
    assert set(answer.json) == FIELDS
    return answer.json


def test_a_first_check_then_the_same_bag_by_somebody_else(shop: Shop) -> None:
    stock(shop)
    first = ask(shop)
    assert (first["verdict"], first["reasons"], first["recorded"], first["degraded"]) == (
        "first", ["first_check"], True, [])
    assert first["checks"] == {"scans": 0, "devices": 0, "provinces": 0, "first_at": None, "first_province": None}
    assert first["product"]["name_zh"] == "精制海盐"
    assert first["batch"]["quality"][0]["limit"] == "≥ 97"
    assert first["origin"]["gln"] == world.PRODUCER
    again = ask(shop, network="203.0.113.9", agent="Mozilla/5.0 (iPhone) Mobile")
    assert (again["verdict"], again["checks"]["scans"], again["checks"]["devices"]) == ("again", 1, 1)
    assert again["checks"]["first_at"].endswith("Z")


def test_every_counted_scan_is_in_the_spool_before_the_page_leaves(shop: Shop, home) -> None:
    stock(shop)
    assert ask(shop)["recorded"]
    kept = b"".join(path.read_bytes() for path in (home / "spool").iterdir())
    assert kept
    record = kept[kept.index(b"S\x9e"):]
    scan = decode(record)
    assert (scan.serial, scan.verdict, scan.network) == (BASE + 7, "first", "198.51.100.0/24")


@pytest.mark.parametrize(("why", "verdict", "reason"), [
    ("recall", "recalled", "recall_open"),
    ("void", "void", "code_voided"),
    ("early", "unreleased", "before_shipment"),
    ("old", "expired", "past_best_before"),
    ("failed", "caution", "quality_failed"),
    ("shared", "shared_link", "forwarded"),
    ("no lot", "pending", "lot_missing"),
    ("not issued", "unknown", "not_issued"),
])
def test_the_registry_and_the_address_decide(shop: Shop, why: str, verdict: str, reason: str) -> None:
    today = day_of(time.time_ns() // 1000)
    number, query = 7, ""
    if why == "early":
        batch = world.lot(shop.db, "A", produced_on=today, best_before=None)
        world.run(shop.db, BASE, BASE + 9999, world.block(shop.db, BASE, BASE + 9999), batch)
    elif why == "no lot":
        world.block(shop.db, BASE, BASE + 99)
    else:
        stock(shop, **{"old": {"best_before": today - timedelta(days=1)}, "failed": {"flagged": True}}.get(why, {}))
    if why == "recall":
        world.recall(shop.db)
    elif why == "void":
        world.void(shop.db, BASE + 7, BASE + 7)
    elif why == "shared":
        query = "?s=1"
    elif why == "not issued":
        number = 20_000
    told = ask(shop, number, query=query)
    assert (told["verdict"], told["reasons"][0]) == (verdict, reason)
    page = shop.phone("203.0.113.77").get(f"/{shop.code(number)}{query}")
    assert page.status_code == (404 if verdict == "unknown" else 200)
    assert told["title"] in page.text
    assert "假货" not in page.text


def test_one_phone_ten_thousand_times_changes_nothing(shop: Shop) -> None:
    stock(shop)
    words = {ask(shop)["verdict"] for _ in range(300)}
    assert words <= {"first", "again"}


def test_a_forwarded_page_shows_no_alarm_and_the_senders_own_reload_is_no_forward(shop: Shop) -> None:
    stock(shop)
    phone = shop.phone()
    phone.get(f"/{shop.code(7)}")
    again = phone.get(f"/{shop.code(7)}?s=1", headers={"Accept": "application/json"}).json
    assert again["verdict"] == "first"
    assert ask(shop, network="203.0.113.1", query="?from=groupmessage")["verdict"] == "shared_link"


@pytest.mark.parametrize(("method", "headers"), [
    ("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("GET", {"User-Agent": "Baiduspider/2.0"}),
])
def test_what_is_no_person_is_answered_and_not_counted(shop: Shop, home, method: str, headers: dict) -> None:
    stock(shop)
    answer = shop.phone().open(f"/{shop.code(7)}", method=method, headers=headers)
    assert answer.status_code == 200
    assert shop.parts.spool.kept == 0
    if method == "GET":
        told = shop.phone().get(f"/{shop.code(7)}", headers=headers | {"Accept": "application/json"}).json
        assert told["recorded"] is False
    assert ask(shop, network="203.0.113.1")["verdict"] == "first"


def test_a_wrong_code_asks_nobody(shop: Shop, home) -> None:
    asked = []
    shop.parts.lookup.bag = asked.append  # type: ignore[method-assign]
    shop.parts.observer.observe = asked.append  # type: ignore[method-assign,assignment]
    wrong = shop.code(7)[:-1] + ("0" if shop.code(7)[-1] != "0" else "1")
    answer = shop.phone().get(f"/{wrong}")
    assert (answer.status_code, asked) == (404, [])
    assert "不是本系统的码" in answer.text
    with shop.db.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(world.models.Scan)) == 0


@pytest.mark.parametrize(("path", "status"), [("/ABC", 400), ("/" + "U" * 20, 400), ("/0123-4567-89AB-CDEF-GH!J", 400)])
def test_what_cannot_be_a_code_is_400(shop: Shop, path: str, status: int) -> None:
    answer = shop.phone().get(path)
    assert answer.status_code == status
    assert "没有读出完整的码" in answer.text
    assert shop.phone().get(path, headers={"Accept": "application/json"}).json["verdict"] == "malformed"


def test_typed_text_is_shown_escaped(shop: Shop) -> None:
    page = shop.phone().get("/<b>bold<b>").text
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_english_by_header_and_by_link(shop: Shop) -> None:
    stock(shop)
    assert "首次查询" in shop.phone().get(f"/{shop.code(1)}").text
    assert "First check" in shop.phone(accept_language="en-GB,en;q=0.9").get(f"/{shop.code(2)}").text
    assert "First check" in shop.phone().get(f"/{shop.code(3)}?lang=en").text


def test_a_recall_opened_elsewhere_shows_on_the_next_scan(shop: Shop) -> None:
    stock(shop)
    assert ask(shop)["verdict"] == "first"
    world.recall(shop.db)
    shop.parts.observer._memory.bump()
    assert ask(shop, network="203.0.113.1")["verdict"] == "recalled"


def test_headers_keep_the_page_to_itself(shop: Shop) -> None:
    stock(shop)
    headers = shop.phone().get(f"/{shop.code(1)}").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_every_word_has_all_its_words_in_both_languages(shop: Shop) -> None:
    for language in ("zh", "en"):
        for verdict in Verdict:
            assert all(says(language, verdict, ()))
        for reason in Reason:
            assert says(language, Verdict.FIRST, (reason,)).title


def test_a_label_shows_what_is_on_the_bag(shop: Shop) -> None:
    stock(shop, best_before=date(2029, 3, 1))
    page = shop.phone().get(f"/{shop.code(1)}").text
    for told in ("精制海盐", "400 g", "2026年3月1日", "2029年3月1日", "25 mg/kg", "GB/T 5461", "SC10337070012345",
                 "SD-015", "青禾盐业有限公司", "tel:0536-5551234", "99.1", "蓉城盐业批发", "四川省"):
        assert told in page, told
