"""A crowd of scans makes a handful of rows; a grave finding opens one case, and a closed case stays closed."""
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.verify import world
from webapp.cases.alert import raise_alerts
from webapp.cases.case import Subject, open_case
from webapp.cases.work import ClosingReason, Move, move
from webapp.db import Database
from webapp.detect.pipeline import judge
from webapp.detect.rules import load_rules
from webapp.models import Alert, Case, CaseEvent
from webapp.scanlog.fold import Shipped
from webapp.scanlog.scan import Scan, scan_id, sighting_of
from webapp.verify.history import NOTHING, observe
from webapp.verify.lookup import Lookup

NOW = datetime.now(UTC)
NOW_US = int(NOW.timestamp() * 1_000_000)
PLACES = (510300, 440100, 110000, 310000, 320100, 330100, 370100, 420100)
RULES = load_rules().first


@pytest.fixture
def lookup(database: Database) -> Iterator[Lookup]:
    world.people_and_goods(database)
    batch = world.lot(database, "L1")
    world.ship(database, "S1", "L1-all", batch_id=batch)
    block = world.block(database, world.BASE, world.BASE + 9_999)
    world.run(database, world.BASE, world.BASE + 9_999, block, batch)
    return Lookup(database)


def visits(lookup: Lookup, count: int, serial: int = world.BASE + 7, start: int = 0) -> list[Shipped]:
    """`count` different phones in eight places look at one code."""
    shipped, history = [], NOTHING
    for n in range(start, start + count):
        at = NOW_US + n * 1_000_000
        scan = Scan(scan_id(n, serial, at), at, serial, n, f"10.{n >> 8}.{n & 255}.0/24", PLACES[n % 8], "geoip", 50,
                    "wechat", False, False, False, "shopper", "")
        shipped.append(Shipped(scan, lookup.bag(serial), history))
        history = observe(history, sighting_of(scan))
    return shipped


def raise_for(database: Database, shipped: list[Shipped]) -> None:
    with database.transaction() as connection:
        raise_alerts(connection, shipped, lambda one: judge(one.scan, one.bag, one.before, RULES))


def rows(database: Database, table: type) -> list:
    with database.read.connect() as connection:
        return list(connection.execute(select(table.__table__).order_by(table.id)))


def test_many_people_in_many_places_open_one_case_with_evidence(database: Database, lookup: Lookup):
    raise_for(database, visits(lookup, 40))
    (case,) = rows(database, Case)
    assert (case.subject, case.kind, case.state) == (f"code:{world.BASE + 7}", "clone", "new")
    assert (case.brand, case.gtin, case.batch_id) != (None, None, None)
    (alert,) = [one for one in rows(database, Alert) if one.case_id]
    assert alert.case_id == case.id
    assert {"zh", "en", "weight"} == set(alert.evidence[0])
    assert [one.action for one in rows(database, CaseEvent)] == ["open"]


def test_two_thousand_scans_make_a_handful_of_rows(database: Database, lookup: Lookup):
    for start in range(0, 2000, 100):
        raise_for(database, visits(lookup, 100, start=start))
    assert len(rows(database, Case)) == 1
    assert len(rows(database, Alert)) <= 12


def test_an_ordinary_household_raises_nothing(database: Database, lookup: Lookup):
    raise_for(database, visits(lookup, 3)[:1] + visits(lookup, 1))
    assert rows(database, Case) == []
    assert rows(database, Alert) == []


def test_a_closed_case_is_not_opened_by_the_next_scan_of_the_same(database: Database, lookup: Lookup):
    raise_for(database, visits(lookup, 40))
    (case,) = rows(database, Case)
    with database.transaction() as connection:
        move(connection, case.id, Move.CLOSE, "inv@example.cn", reason=ClosingReason.LOCATION_ERROR)
    raise_for(database, visits(lookup, 41))
    assert len(rows(database, Case)) == 1
    raise_for(database, visits(lookup, 120))  # three times the witnesses: that is news
    assert len(rows(database, Case)) == 2


def test_a_lot_scanned_before_it_left_opens_one_case_a_province(database: Database, lookup: Lookup):
    batch = world.lot(database, "L2", produced_on=NOW.date())
    block = world.block(database, world.BASE + 20_000, world.BASE + 29_999)
    world.run(database, world.BASE + 20_000, world.BASE + 29_999, block, batch)
    world.ship(database, "S2", "L2-all", batch_id=batch, shipped_at=NOW + timedelta(days=9))
    lookup.invalidate()
    shipped = [visits(lookup, 1, world.BASE + 20_000 + n)[0] for n in range(30)]
    raise_for(database, shipped)
    (case,) = rows(database, Case)
    assert case.kind == "prerelease"
    assert case.serial is None
    (alert,) = rows(database, Alert)
    assert len(alert.serials) == 30


def test_two_workers_open_one_case(postgresql_database: Database):
    subject = Subject("code:1", "clone", 1, None, None, None, 0)
    barrier, opened = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        with postgresql_database.transaction() as connection:
            opened.append(open_case(connection, subject, 9.0, NOW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.case_id for one in opened}) == 1
    assert sum(one.news for one in opened) == 1


def test_a_case_silent_for_a_day_is_news_again(database: Database):
    subject = Subject("code:1", "clone", 1, None, None, None, 0)
    def look(at: datetime, score: float = 9.0) -> bool:
        with database.transaction() as connection:
            return open_case(connection, subject, score, at).news
    assert [look(NOW), look(NOW), look(NOW + timedelta(hours=5), 20), look(NOW + timedelta(hours=6)),
            look(NOW + timedelta(hours=40))] == [True, False, True, False, True]


