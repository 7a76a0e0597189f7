"""A trial of other rules in the worker: whatever happens to it, scans are shipped and judged as if it were not
there."""
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from tests.detect.kept import EAGER, HOUR, START, clone, keep, stock, visit
from tests.verify import world
from webapp import detecting, on_trial
from webapp.db import Database
from webapp.detect import arrivals, live, trial
from webapp.detect.trial import Trial
from webapp.models import Alert, Case, Detector
from webapp.scanlog.heartbeat import last_beat
from webapp.settings import Settings, load_settings
from webapp.worker import Worker

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def _kept_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_S", 0.0)
    monkeypatch.setattr(trial, "KEPT_EVERY_S", 0.0)
    monkeypatch.setattr(trial, "KEPT_SHARE", 1e9)


@pytest.fixture
def start(settings: Settings, database: Database, valkey_url: str) -> Iterator[Start]:
    """A worker over scans of a copied code, with these rules on trial."""
    workers: list[Worker] = []

    def started(rules: str | None = EAGER, scans: bool = True) -> Worker:
        if scans:
            keep(database, clone() + clone(8, 4), stock(database))
        more = {} if rules is None else {"shadow_rules": settings.home / "trial.toml"}
        if rules is not None:
            more["shadow_rules"].write_text(rules)
        workers.append(Worker(load_settings(home=settings.home, database_url=settings.database_url,
                                            redis_url=valkey_url, **more)))
        return workers[-1]

    yield started
    for worker in workers:
        worker.close()


def go(worker: Worker, rounds: int = 2) -> None:
    """Rounds, each of which waits for the trial's part; in life none does."""
    for _ in range(rounds):
        worker.round()
        worker.detecting.on_trial.asked.join()


def told(database: Database) -> tuple[list[str], list[tuple[int, bool]]]:
    """-> (subjects of cases, (running number, on trial) of alerts)."""
    with database.read.connect() as connection:
        return (list(connection.scalars(select(Case.subject))),
                [(row.serial - world.BASE, row.shadow) for row in connection.execute(
                    select(Alert.serial, Alert.shadow).order_by(Alert.shadow, Alert.serial))])


LIVE_ONLY = ([f"code:{world.BASE + 7}"], [(7, False)])


def test_a_trial_runs_beside_the_live_detectors(start: Start, database: Database) -> None:
    worker = start()
    go(worker)
    assert told(database) == (LIVE_ONLY[0], [(7, False), (7, True), (8, True)])
    assert (worker.detecting.live[0].detector.learned, worker.detecting.on_trial.trial.learned) == (16, 16)


def test_the_heartbeat_tells_what_both_learned_and_what_was_no_evidence(start: Start, database: Database,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    worker = start()
    for scans in ([visit(START + n, 30, 70, agent="bot") for n in range(3)],
                  [visit(START + HOUR * n, 31, 71) for n in range(4)], [visit(START, 32, 72, role="staff")]):
        keep(database, scans, worker._lookup)
    go(worker, 1)
    worker._beat()
    told = last_beat(worker._settings.spool)
    assert told.learned == {"live": 24, "shadow": 24}
    assert told.behind_s == {"live": 0.0, "shadow": 0.0}
    assert told.drops == {"bot": 3, "again": 3, "staff": 1}
    monkeypatch.setattr(arrivals, "AT_ONCE", 5)
    now_us = time.time_ns() // 1000
    keep(database, [visit(now_us + n, 40 + n, 80 + n) for n in range(9)], worker._lookup)
    assert worker.detecting.live[0].detector.step(now_us + HOUR)  # there is more
    worker._beat()
    told = last_beat(worker._settings.spool)
    assert told.learned == {"live": 29, "shadow": 24}
    assert told.behind_s["live"] > 0


def test_without_the_setting_nothing_is_on_trial(start: Start, database: Database) -> None:
    worker = start(None)
    go(worker)
    assert told(database) == LIVE_ONLY
    assert worker.detecting.on_trial.trial is None
    assert load_settings(shadow_rules="").shadow_rules is None


def test_taking_the_setting_away_stops_it_and_what_it_found_stays(start: Start, database: Database) -> None:
    worker = start()
    go(worker)
    worker.close()
    found = told(database)
    keep(database, clone(9, 4), worker._lookup)
    go(start(None, scans=False))
    assert told(database) == found


@pytest.mark.parametrize("text", ["[ledger]\nalrt = 1.0\n", "not TOML", "[trial]\noff = ['nobody']\n"])
def test_a_file_that_cannot_be_used_is_told_and_the_worker_works(start: Start, database: Database, text: str,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    worker = start(text)
    said = capsys.readouterr().out
    assert "trial_not_begun" in said
    assert "SALTCHECK_SHADOW_RULES" in said
    assert "trial.toml" in said
    go(worker)
    assert told(database) == LIVE_ONLY


def test_a_file_that_cannot_be_used_leaves_what_the_last_one_found(start: Start, database: Database) -> None:
    worker = start()
    go(worker)
    worker.close()
    found = told(database)
    go(start("not TOML", scans=False))
    assert told(database) == found


@pytest.mark.parametrize("error", [RuntimeError("a bug"), MemoryError(), RecursionError()])
def test_a_trial_that_fails_is_counted_and_left_alone_for_a_while(
        start: Start, database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception,
        capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[int] = []

    def fails(self: Trial, up_to: int) -> bool:
        asked.append(up_to)
        raise error

    monkeypatch.setattr(Trial, "step", fails)
    worker = start()
    go(worker, 3)
    assert told(database) == LIVE_ONLY
    assert (len(asked), worker.detecting.on_trial.failures) == (1, 1)
    assert "trial_failed" in capsys.readouterr().out
    monkeypatch.undo()
    worker.detecting.on_trial._rests_until = 0.0
    monkeypatch.setattr(trial, "KEPT_EVERY_S", 0.0)
    go(worker)
    assert (8, True) in told(database)[1]


def test_a_trial_with_much_to_learn_gives_the_round_back(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, steps = start(), []

    def slow(self: Trial, up_to: int) -> bool:
        steps.append(up_to)
        time.sleep(0.05)
        return True

    monkeypatch.setattr(Trial, "step", slow)
    go(worker, 1)
    assert 1 <= len(steps) <= on_trial.LONGEST_S / 0.05 + 1


def test_no_round_waits_for_the_trial(start: Start, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint of all that was learned in half a year takes seconds."""
    worker, ended = start(), Event()
    monkeypatch.setattr(Trial, "step", lambda self, up_to: not ended.wait(4))
    began = time.monotonic()
    for _ in range(3):
        worker.round()
    took_s = time.monotonic() - began
    ended.set()
    assert took_s < 4
    assert told(database) == LIVE_ONLY


def test_while_the_live_detectors_are_behind_the_trial_waits(start: Start, database: Database,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    worker = start()
    monkeypatch.setattr(detecting, "LONGEST_S", -1.0)
    go(worker)
    assert (worker.detecting.live[0].detector.learned, worker.detecting.on_trial.trial.learned) == (0, 0)
    monkeypatch.setattr(detecting, "LONGEST_S", 1.0)
    go(worker, 1)
    assert worker.detecting.on_trial.trial.learned == 16


def test_a_trial_that_waits_for_a_lock_is_given_up_and_the_live_detectors_keep_theirs(
        postgresql_url: str, postgresql_database: Database, home: Path, valkey_url: str,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_trial, "STATEMENT_MS", 300)
    keep(postgresql_database, clone(), stock(postgresql_database))
    rules = home / "trial.toml"
    rules.write_text(EAGER)
    worker = Worker(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url, shadow_rules=rules))
    with closing(worker):
        go(worker)
        with postgresql_database.transaction() as connection:
            connection.execute(select(Detector.name).where(Detector.name == "shadow").with_for_update())
            keep(postgresql_database, clone(9), worker._lookup)
            began = time.monotonic()
            worker.round()
            took_s = time.monotonic() - began
            worker.detecting.on_trial.asked.join()
        assert worker.detecting.on_trial.failures == 1
        assert took_s < 3
        assert len(told(postgresql_database)[0]) == 2
