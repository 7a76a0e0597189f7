"""Detectors on trial learn what the live ones learn, keep it apart, and begin anew with every change of the rules."""
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from tests.detect import kept
from tests.detect.kept import (
    EAGER,
    NOW_US,
    START,
    clone,
    detector,
    households,
    keep,
    learn,
    on_trial,
    stock,
    visit,
)
from tests.verify import world
from webapp.db import Database
from webapp.detect import arrivals
from webapp.detect.rules import Rules, changed, load_rules
from webapp.detect.trial import Trial
from webapp.models import Alert, Case, CodeLedger, Detector, DetectorState, LateArrival
from webapp.models.detector import FORGOTTEN, LIVE, SHADOW

Make = Callable[[str], Rules]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "AT_ONCE", 60)
    monkeypatch.setattr("webapp.detect.ledgers.FORGOTTEN_AT_ONCE", 50)


@pytest.fixture
def rules(tmp_path: Path) -> Make:
    def made(text: str) -> Rules:
        (tmp_path / "trial.toml").write_text(text)
        return load_rules(tmp_path / "trial.toml")
    return made


def until_learned(one: Trial, up_to: int = NOW_US) -> int:
    """Rounds until everything is learned and kept; -> pieces of the trial before that were forgotten one by one."""
    pieces = 0
    while one._engine is None:
        one.step(up_to)
        pieces += one._engine is None
    learn(one, up_to)
    return pieces


def raised(database: Database, shadow: bool) -> list[tuple[str, int]]:
    with database.read.connect() as connection:
        return [(row.kind, row.serial - world.BASE) for row in connection.execute(
            select(Alert.kind, Alert.serial).where(Alert.shadow.is_(shadow)).order_by(Alert.at))]


def count(database: Database, table: type, *where) -> int:
    with database.read.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(*where)) or 0


def row(database: Database, name: str):
    with database.read.connect() as connection:
        return connection.execute(select(Detector.__table__).where(Detector.name == name)).one()


def test_what_only_the_trial_raises_is_no_case_and_the_live_detectors_find_what_they_always_did(
        database: Database, rules: Make) -> None:
    lookup = stock(database)
    keep(database, households(1, 150) + clone() + clone(8, 4) + clone(9, 3), lookup)
    learn(detector(database, lookup))
    alone = kept.outcome(database)
    until_learned(on_trial(database, lookup, rules(EAGER)))
    assert raised(database, shadow=False) == [("clone", 7)]
    assert sorted(raised(database, shadow=True)) == [("clone", 7), ("clone", 8), ("clone", 9)]
    assert count(database, Case) == 1
    with database.transaction() as connection:
        for table in ("alert", "code_ledger"):
            connection.exec_driver_sql(
                f"DELETE FROM {table} WHERE {'shadow' if table == 'alert' else 'detector = ' + repr(SHADOW)}")
    assert kept.outcome(database) == alone


def test_the_same_rules_go_on_where_they_were(database: Database, rules: Make) -> None:
    lookup = stock(database)
    keep(database, clone(), lookup)
    until_learned(on_trial(database, lookup, rules(EAGER)))
    before, began = raised(database, shadow=True), row(database, SHADOW).began_at
    again = on_trial(database, lookup, rules(EAGER))
    assert until_learned(again) == 0
    assert (again.learned, raised(database, shadow=True), row(database, SHADOW).began_at) == (0, before, began)


def test_other_rules_are_another_trial_which_starts_with_nothing(database: Database, rules: Make) -> None:
    lookup = stock(database)
    scans = households(1, 150) + clone()
    keep(database, scans, lookup)
    learn(detector(database, lookup))
    until_learned(on_trial(database, lookup, rules(EAGER)))
    ledgers, first = count(database, CodeLedger, CodeLedger.detector == LIVE), row(database, SHADOW)
    keep(database, [visit(START - 1, 3000, 9)], lookup)  # late for both
    assert count(database, LateArrival, LateArrival.detector == SHADOW) == 1
    other = on_trial(database, lookup, rules("[ledger]\nalert = 1000.0\n"))
    assert until_learned(other) > 2  # in pieces: no round waits for millions of ledgers
    assert other.learned == len(scans) + 1
    assert raised(database, shadow=True) == []
    assert raised(database, shadow=False) == [("clone", 7)]
    assert count(database, CodeLedger, CodeLedger.detector == LIVE) == ledgers
    assert count(database, CodeLedger, CodeLedger.detector == SHADOW) == ledgers + 1
    second = row(database, SHADOW)
    assert second.began_at > first.began_at
    assert second.layout != first.layout
    assert count(database, LateArrival, LateArrival.detector == SHADOW) == 0


def test_old_scans_are_raised_by_the_trial_though_the_live_detectors_were_there_before(
        database: Database, rules: Make) -> None:
    """What was raised before is not said again by live detectors that learn anew; a trial is compared by it."""
    lookup = stock(database)
    keep(database, clone(), lookup)
    learn(detector(database, lookup))
    until_learned(on_trial(database, lookup, rules("[away]\nsources = 7\n")))
    with database.transaction() as connection:  # of another release
        connection.execute(update(Detector).where(Detector.name == SHADOW).values(layout="old"))
    until_learned(on_trial(database, lookup, rules("[away]\nsources = 7\n")))
    assert raised(database, shadow=True) == [("clone", 7)]


def test_a_trial_whose_phones_were_forgotten_begins_anew(database: Database, rules: Make) -> None:
    """`forget` takes them from one that stopped."""
    lookup = stock(database)
    keep(database, clone(), lookup)
    until_learned(on_trial(database, lookup, rules(EAGER)))
    with database.transaction() as connection:
        connection.execute(update(Detector).values(layout=FORGOTTEN))
        connection.execute(delete(DetectorState))
    again = on_trial(database, lookup, rules(EAGER))
    until_learned(again)
    assert (again.learned, raised(database, shadow=True)) == (len(clone()), [("clone", 7)])


def test_both_tell_what_numbers_they_work_with(database: Database, rules: Make) -> None:
    lookup = stock(database)
    learn(detector(database, lookup))
    until_learned(on_trial(database, lookup, rules("[away]\nsources = 7\n[trial]\noff = ['leak']\n")))
    assert changed(row(database, LIVE).rules, row(database, SHADOW).rules) == [
        ("away.sources", load_rules().away.sources, 7), ("trial.off", [], ["leak"])]
    learn(detector(database, lookup, rules("[away]\nsources = 4\n")))  # another release: the live state goes on
    assert row(database, LIVE).rules["away"]["sources"] == 4


def test_of_two_workers_one_has_the_trial_and_the_other_takes_nothing_from_it(
        postgresql_database: Database, rules: Make) -> None:
    lookup = stock(postgresql_database)
    keep(postgresql_database, clone(), lookup)
    first = on_trial(postgresql_database, lookup, rules(EAGER))
    other = on_trial(postgresql_database, lookup, rules("[ledger]\nalert = 1000.0\n"))
    while first._engine is None:
        first.step(START)
    assert not other.step(NOW_US)
    assert (other.learned, other.behind_s) == (0, None)
    learn(first)
    assert raised(postgresql_database, shadow=True) == [("clone", 7)]


@pytest.mark.parametrize("off", ["clone", "away"])
def test_a_detector_that_is_off_is_tried_by_rules_in_which_it_is_not(database: Database, rules: Make, off: str) -> None:
    """How a new one is put on trial: live does not ask it, the trial does."""
    lookup = stock(database)
    keep(database, households(4, 100) + clone() + [
        visit(START + 20 * kept.DAY + n * kept.DAY // 3, 100 + n, 900 + 517 * n, adcode=440100)
        for n in range(15)], lookup)
    learn(detector(database, lookup, rules(f"[trial]\noff = ['{off}']\n")))
    until_learned(on_trial(database, lookup, rules("[trial]\noff = []\n")))
    kinds = {"clone": "clone", "away": "diversion"}
    with database.read.connect() as connection:
        told = {shadow: set(connection.scalars(select(Alert.kind).where(Alert.shadow.is_(shadow))))
                for shadow in (False, True)}
    assert told == {False: set(kinds.values()) - {kinds[off]}, True: set(kinds.values())}


def test_a_trial_of_no_change_raises_what_live_raises(database: Database, rules: Make) -> None:
    lookup = stock(database)
    keep(database, households(1, 150) + clone() + clone(8, 14), lookup)
    learn(detector(database, lookup))
    until_learned(on_trial(database, lookup, rules("")))
    assert raised(database, shadow=True) == raised(database, shadow=False) != []
    assert count(database, DetectorState, DetectorState.detector == SHADOW) == count(
        database, DetectorState, DetectorState.detector == LIVE)
