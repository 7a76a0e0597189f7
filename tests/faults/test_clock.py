"""A clock that is wrong, jumps or steps back: scans are kept, in bounds, and no other scan pays for it."""
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.faults.inside import Inside, inside
from webapp.models import CodeHistory, Scan
from webapp.settings import load_settings
from webapp.worker import Worker

HOUR = timedelta(hours=1)


def ship(shop: Inside) -> tuple[list[tuple], int]:
    """-> (time and serial of every scan in the table, records set aside)."""
    worker = Worker(shop.settings)
    worker.round()
    worker.close()
    with shop.db.read.connect() as connection:
        rows = connection.execute(select(Scan.at, Scan.serial).order_by(Scan.serial, Scan.at)).all()
    return [tuple(row) for row in rows], worker.shipper.backlog.bad


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Set the clock of the web process; the worker's, the database's and Valkey's stay right."""
    real = time.time_ns

    def set_to(at: datetime | None) -> None:
        shift = int((at - datetime.now(UTC)).total_seconds() * 1e9) if at else 0
        monkeypatch.setattr("webapp.views.visitor.time.time_ns", lambda: real() + shift)
    return set_to


@pytest.mark.parametrize("url", ["sqlite_url", "postgresql_url"])
@pytest.mark.parametrize("at", [
    datetime.now(UTC) - HOUR, datetime.now(UTC) + HOUR, datetime(2038, 1, 19, 3, 14, 9, tzinfo=UTC),
    datetime(2020, 2, 29, 12, tzinfo=UTC)], ids=["an hour late", "an hour early", "2038", "2020"])
def test_a_wrong_clock_keeps_its_scans_and_harms_no_others(
        home: Path, request: pytest.FixtureRequest, valkey_url: str, clock, url: str, at: datetime):
    with inside(load_settings(home=home, database_url=request.getfixturevalue(url), redis_url=valkey_url)) as shop:
        shop.stock()
        assert shop.ask(1, "203.0.113.5")["verdict"] == "first"
        clock(at)
        wrong = [shop.ask(number, "198.51.100.9") for number in (1, 2)]
        clock(None)
        ship(shop)  # until then a visit from more than a minute ago counts as one that was never kept
        right = [shop.ask(number, "192.0.2.77") for number in (1, 2, 3)]
        assert all(one["recorded"] and one["degraded"] == [] for one in wrong + right)
        assert [one["verdict"] for one in right] == ["again", "again", "first"]
        rows, bad = ship(shop)
        assert (len(rows), bad) == (6, 0)
        assert any(abs(row[0].replace(tzinfo=UTC) - at) < timedelta(minutes=5) for row in rows)


@pytest.mark.parametrize("year", [1970, 2101])
def test_a_clock_nobody_ever_set_is_told_as_not_recorded(
        home: Path, sqlite_url: str, valkey_url: str, clock, year: int):
    """Such a time would be refused by the worker; a promise that cannot be held must not be given."""
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        clock(datetime(year, 1, 2, tzinfo=UTC))
        told = shop.ask(1)
        assert (told["recorded"], told["product"]["name_zh"]) == (False, "精制海盐")
        clock(None)
        assert shop.ask(2)["recorded"]
        rows, bad = ship(shop)
        assert (len(rows), bad) == (1, 0)


def test_the_clock_steps_back_between_two_visits_of_one_phone(
        home: Path, sqlite_url: str, valkey_url: str, clock):
    """A step of minutes is still one visit, a step of hours a second one; neither is lost, the count never falls."""
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        shop.ask(1)
        clock(datetime.now(UTC) - timedelta(minutes=5))
        shop.ask(1)
        clock(datetime.now(UTC) - timedelta(hours=5))
        shop.ask(1)
        clock(None)
        ship(shop)
        assert shop.ask(1, "192.0.2.77")["checks"]["scans"] == 2
        ship(shop)
        with shop.db.read.connect() as connection:
            assert connection.scalar(select(CodeHistory.scans)) == 3
