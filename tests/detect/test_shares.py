"""Codes divided among sets of detectors: each is learned once, by whoever has the lead of its share, and nothing that
was said is said again when they are divided otherwise."""
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from tests.detect import kept
from tests.detect.kept import (
    DAY,
    FAR,
    NOW_US,
    START,
    clone,
    detector,
    forget_all,
    households,
    keep,
    learn,
    outcome,
    visit,
)
from tests.servers import wait_for
from tests.verify import world
from webapp.db import Database
from webapp.detect import arrivals, lead, live
from webapp.detect.live import Detector
from webapp.detect.share import Share, shares
from webapp.models import CodeLedger, WrongCode
from webapp.models import Detector as Row
from webapp.scanlog.instant import utc
from webapp.settings import load_settings
from webapp.worker import Worker

Start = Callable[[str], Worker]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "AT_ONCE", 60)


@pytest.fixture
def lookup(database: Database) -> kept.Lookup:
    """A lot in each of two stretches; in both somebody copied a code."""
    found = kept.stock_two(database)
    keep(database, households(1, 150) + clone() + clone(FAR + 7) + [visit(START, FAR + 9, 1)], found)
    return found


def both(database: Database, lookup: kept.Lookup) -> list[Detector]:
    return [detector(database, lookup, share=share) for share in shares(2)]


def learn_all(database: Database, lookup: kept.Lookup) -> tuple:
    for one in both(database, lookup):
        learn(one)
    return outcome(database)


def test_every_code_is_of_one_share() -> None:
    r = Random(1)
    for of in range(1, 10):
        for serial in (r.getrandbits(50) for _ in range(50)):
            assert sum(share.has(serial) for share in shares(of)) == 1


def test_each_learns_its_own_codes_and_together_they_find_what_one_finds(
        database: Database, lookup: kept.Lookup) -> None:
    whole = detector(database, lookup)
    learn(whole)
    found = outcome(database)
    assert [one.subject for one in found[2]] == [f"code:{world.BASE + 7}", f"code:{world.BASE + FAR + 7}"]
    forget_all(database)
    one, other = both(database, lookup)
    learn(other)
    with database.read.connect() as connection:
        assert {*connection.scalars(select(CodeLedger.serial))} == {world.BASE + FAR + 7, world.BASE + FAR + 9}
    learn(one)
    assert outcome(database) == found
    assert (one.learned + other.learned, other.learned) == (whole.learned, len(clone()) + 1)


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_they_end_like_two_that_were_not(database: Database, lookup: kept.Lookup, seed: int,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = learn_all(database, lookup)
    forget_all(database)
    monkeypatch.setattr(live, "EVERY_S", 0.0)
    monkeypatch.setattr(arrivals, "AT_ONCE", 15)
    r, killed, working = Random(seed), 0, both(database, lookup)
    while [one for one in working if one.step(NOW_US)]:
        if r.random() < 0.7 and killed < 8:
            number = r.randrange(2)
            kept.kill(working[number])
            working[number] = detector(database, lookup, share=Share(number, 2))
            killed += 1
    for one in working:
        learn(one)
    assert killed > 1
    assert outcome(database) == undisturbed


def test_a_scan_that_comes_late_is_learned_once_by_whose_it_is(database: Database, lookup: kept.Lookup) -> None:
    learn_all(database, lookup)
    keep(database, [visit(START + DAY, FAR + 9, 2)], lookup)
    one, other = both(database, lookup)
    learn(one)
    learn(other)
    assert (one.learned, other.learned) == (0, 1)
    assert kept.unpacked(outcome(database)[0][world.BASE + FAR + 9]).scans == 2
    again = both(database, lookup)
    for each in again:
        learn(each)
    assert [each.learned for each in again] == [0, 0]


def test_wrong_codes_are_of_the_first_share(database: Database, lookup: kept.Lookup) -> None:
    with database.transaction() as connection:
        connection.execute(WrongCode.__table__.insert().values(
            summary_id="s" * 32, at=utc(START + DAY), adcode=510100, network="10.0.0.0/24", hits=1, devices=1,
            near_misses=0, example="X", tries=[[7, "X", False]]))
    one, other = both(database, lookup)
    learn(one)
    learn(other)
    assert other.learned == len(clone()) + 1
    assert one.learned == len(households(1, 150) + clone()) + 1


def test_divided_otherwise_they_begin_anew_and_say_nothing_twice(database: Database, lookup: kept.Lookup) -> None:
    whole = detector(database, lookup)
    learn(whole)
    found = outcome(database)
    assert learn_all(database, lookup) == found
    with database.read.connect() as connection:
        assert sorted(map(tuple, connection.execute(select(Row.name, Row.raised_to)))) == [
            ("live.0/2", whole._learned_to), ("live.1/2", whole._learned_to)]
    keep(database, clone(FAR + 20), lookup)
    assert [one.subject for one in learn_all(database, lookup)[2]][-1] == f"code:{world.BASE + FAR + 20}"
    found = outcome(database)
    learn(detector(database, lookup))
    assert outcome(database) == found
    with database.read.connect() as connection:
        assert list(connection.scalars(select(Row.name))) == ["live"]


def test_nobody_learns_by_another_number_meanwhile(postgresql_database: Database) -> None:
    database, lookup = postgresql_database, kept.stock(postgresql_database)
    keep(database, clone(), lookup)
    one = detector(database, lookup)
    one.step(START)
    assert one.leads
    for other in both(database, lookup):
        other.step(NOW_US)
        assert not other.leads
    learn(one)
    assert one.learned == len(clone())
    first, second = both(database, lookup)
    wait_for(lambda: first.step(NOW_US) or first.learned, "the lead")
    learn(second)
    assert not detector(database, lookup).step(NOW_US)  # the first of two still has its lead
    learn(first)
    assert [one.subject for one in outcome(database)[2]] == [f"code:{world.BASE + 7}"]


@pytest.fixture
def start(postgresql_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A worker on a machine of its own, of those that divide the codes in two."""
    monkeypatch.setattr(lead, "COUNTED_EVERY_S", 0.0)
    workers: list[Worker] = []

    def begin(name: str) -> Worker:
        (tmp_path / name).mkdir()
        workers.append(Worker(load_settings(home=tmp_path / name, database_url=postgresql_url, redis_url=valkey_url,
                                            detector_shares=2)))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.close()


def test_workers_share_the_codes_and_take_over_from_each_other(start: Start, postgresql_database: Database) -> None:
    kept.stock(postgresql_database)
    one = start("one")
    one.round()
    assert led(one) == 2
    other = start("other")
    wait_for(lambda: [each.round() for each in (one, other)] and (led(one), led(other)) == (1, 1), "a share for each")
    other.close()
    wait_for(lambda: one.round() is not None and led(one) == 2, "its share to be taken over")


def led(worker: Worker) -> int:
    return sum(part.detector.leads for part in worker.detecting.live)
