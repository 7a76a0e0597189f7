"""Junk is counted in bounded memory; its summaries are kept like scans, and many of them in one place make a case."""
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from sqlalchemy import func, select

from tests.servers import wait_for
from webapp.db import Database
from webapp.geolocate import Located
from webapp.keys import CodeKeys, Keys, ensure_keys
from webapp.models import Alert, Case, WrongCode
from webapp.scanlog import wrong_codes
from webapp.scanlog.segment import read_records, segments
from webapp.scanlog.spool import Spool
from webapp.scanlog.wrong_codes import CELLS, TRIES, Summary, Try, WrongCodes
from webapp.settings import Settings
from webapp.verify.code import make_code
from webapp.worker import Worker


class Visit(NamedTuple):
    """As much of a visit as is counted."""

    device: int
    network: str
    located: Located
    counted: bool = True


def visit(device: int = 1, network: str = "203.0.113.0/24", adcode: int = 510300, hosting: bool = False,
          counted: bool = True) -> Visit:
    return Visit(device, network, Located(adcode, 0, 0, "geoip", 50, hosting, "CN"), counted)


@pytest.fixture
def keys(home: Path) -> Keys:
    return ensure_keys(home / "keys.json")


@pytest.fixture
def spool(settings: Settings) -> Iterator[Spool]:
    one = Spool(settings.spool)
    yield one
    one.close()


@pytest.fixture
def codes(home: Path, keys: Keys) -> WrongCodes:
    """Counters beside a spool of their own."""
    return WrongCodes(Spool(home / "spool"), keys.codes)


def kept(home: Path) -> list[Summary]:
    return [one for path in segments(home / "spool") for payload, _ in read_records(path)
            for one in wrong_codes.decode(payload)]


def test_ten_thousand_hits_are_one_small_record(codes: WrongCodes, home: Path):
    for n in range(10_000):
        codes.count(visit(device=n % 7), f"JUNK{n:016}")
    assert codes.flush()
    assert sum(path.stat().st_size for path in segments(home / "spool")) < 700
    (one,) = kept(home)
    assert (one.hits, one.devices, one.near_misses, one.network) == (10_000, 7, 0, "203.0.113.0/24")


def test_who_tried_what_is_kept_a_few_times_and_data_centres_are_nobody(codes: WrongCodes, home: Path, keys: Keys):
    text = make_code(keys.codes.current, 77, keys.codes)
    misread = text[:-1] + ("0" if text[-1] != "0" else "1")
    codes.count(visit(device=1 << 62 | 5, hosting=False), misread)
    codes.count(visit(device=1 << 62 | 5), misread)
    codes.count(visit(device=6, hosting=True), "7" * 20)
    for device in range(100, 200):
        codes.count(visit(device=device), "7" * 20)
    codes.flush()
    (one,) = kept(home)
    assert one.tries[:2] == (Try(5, misread, True), Try(100, "7" * 20, False))
    assert len(one.tries) == TRIES


def test_records_of_a_release_before_are_read_and_theirs_is_read_there():
    """Old and new workers run at once while a release is brought in."""
    old = msgspec.msgpack.encode([["a" * 32, 1, 510300, "10.0.0.0/24", 3, 2, 1, "X"]])
    (one,) = wrong_codes.decode(b"W" + old)
    assert (one.hits, one.tries) == (3, ())
    class Before(msgspec.Struct, array_like=True):
        summary_id: str
        at: int
        adcode: int
        network: str
        hits: int
        devices: int
        near_misses: int
        example: str
    new = wrong_codes.encode([msgspec.structs.replace(one, tries=(Try(1, "X", False),))])
    assert msgspec.msgpack.decode(new[1:], type=list[Before])[0].example == "X"


def test_memory_is_bounded_whoever_sends_what(codes: WrongCodes, home: Path):
    for n in range(50_000):
        codes.count(visit(device=n, network=f"10.{n >> 8}.{n & 255}.0/24", adcode=510000 + n % 90 * 100), "x" * 5000)
    codes.flush()
    summaries = kept(home)
    assert CELLS <= len(summaries) <= CELLS + 35
    assert sum(one.hits for one in summaries) == 50_000
    assert max(one.devices for one in summaries) <= 64
    assert all(len(one.example) <= 64 for one in summaries)


def test_bots_do_not_count_and_data_centres_are_no_devices(codes: WrongCodes, home: Path):
    codes.count(visit(counted=False), "x")
    assert codes.flush()
    assert kept(home) == []
    codes.count(visit(hosting=True), "x")
    codes.flush()
    assert kept(home)[0].devices == 0


def test_a_misread_character_is_told_from_a_forgery(codes: WrongCodes, home: Path, keys: Keys):
    text = make_code(keys.codes.current, 77, keys.codes)
    misread = text[:-1] + ("0" if text[-1] != "0" else "1")
    codes.count(visit(), misread)
    codes.count(visit(), misread)
    codes.count(visit(), "7" * 20)
    codes.flush()
    assert (kept(home)[0].hits, kept(home)[0].near_misses) == (3, 2)


def test_counters_are_kept_by_themselves(home: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wrong_codes, "FLUSH_SECONDS", 0.02)
    codes = WrongCodes(Spool(home / "spool"), keys.codes)
    codes.count(visit(), "x")
    deadline = time.monotonic() + 5
    while not kept(home) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert kept(home)[0].hits == 1


def ship(worker: Worker, spool: Spool, keys: CodeKeys, visits: list[Visit]) -> None:
    codes = WrongCodes(spool, keys)
    for one in visits:
        codes.count(one, "7" * 20)
        codes.flush()
    worker.round()


def rows(database: Database, table: type) -> list:
    with database.read.connect() as connection:
        return list(connection.execute(select(table.__table__)))


def test_wrong_codes_by_several_phones_of_one_province_open_one_case(
        worker: Worker, spool: Spool, database: Database, keys: Keys):
    ship(worker, spool, keys.codes, [visit(1, "10.0.1.0/24", 510300), visit(2, "10.0.2.0/24", 510100)])
    assert len(rows(database, WrongCode)) == 2
    assert rows(database, Case) == []
    ship(worker, spool, keys.codes, [visit(n, f"10.0.{n}.0/24", 510700) for n in range(3, 30)])
    wait_for(lambda: bool(worker.round() or rows(database, Case)), "the case")
    (case,) = rows(database, Case)
    assert (case.subject, case.kind, case.area, case.state) == ("forged:510000", "forged", 510000, "new")
    (alert,) = rows(database, Alert)
    assert "7" * 20 in alert.evidence[-1]["en"]


def test_one_phone_many_places_and_data_centres_open_none(worker: Worker, spool: Spool, database: Database, keys: Keys):
    ship(worker, spool, keys.codes, [
        *(visit(n, "10.0.1.0/24", 510300) for n in range(20)),
        *(visit(1, f"10.1.{n}.0/24", 110000 + n * 10000) for n in range(2)),
        *(visit(n, f"10.2.{n}.0/24", 440100, hosting=True) for n in range(20))])
    wait_for(lambda: worker.round() == 0 and worker.detecting.live[0].detector.learned >= 22, "the detectors")
    assert rows(database, Case) == []


def test_summaries_shipped_twice_are_one_row(worker: Worker, spool: Spool, database: Database, keys: Keys,
                                             settings: Settings):
    ship(worker, spool, keys.codes, [visit(n, f"10.0.{n}.0/24") for n in range(5)])
    again = Worker(worker._settings)
    again.round()
    again.close()
    with database.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(WrongCode)) == 5


