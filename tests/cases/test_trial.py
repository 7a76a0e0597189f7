"""What a trial is compared by: the same scans, subject by subject, each reader within what is theirs."""
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.factories import BRAND_A, CANARY, CHENGDU, LHASA, LOT_A, LOT_B, NANJING, add_registry
from webapp.auth.permissions import Scope
from webapp.cases.trial import Both, Closed, Comparison, KindLine, compare
from webapp.db import Database
from webapp.detect.rules import load_rules
from webapp.models import Alert, Case, Detector
from webapp.models.detector import LIVE, SHADOW
from webapp.verify.china_day import microseconds

NOW = datetime.now(UTC).replace(microsecond=0)
SINCE, BEGAN = NOW - timedelta(days=100), NOW - timedelta(days=10)
ALL = Scope(everything=True)
NUMBERS = {section: dict(values) for section, values in
           {"away": {"sources": 3}, "ledger": {"alert": 10.5}}.items()}


def detectors(db: Database, live_to: datetime = NOW, trial_to: datetime = NOW, **trial: Any) -> None:
    with db.transaction() as connection:
        for name, to, own in ((LIVE, live_to, {"since": None, "began_at": None, "rules": NUMBERS}), (SHADOW, trial_to, {
                "since": microseconds(SINCE), "began_at": BEGAN, "updated_at": datetime.now(UTC),
                "rules": NUMBERS | {"away": {"sources": 5}}} | trial)):
            connection.execute(insert(Detector).values({
                "name": name, "layout": "x", "learned_to": microseconds(to), "claimed_to": 0, "raised_to": 0,
                "updated_at": NOW} | own))


def alert(db: Database, shadow: bool, days_ago: float, kind: str = "clone", score: float = 11.0, serial: int | None = 7,
          lot: int | None = None, area: int = 0, severity: str = "case") -> None:
    with db.transaction() as connection:
        connection.execute(insert(Alert).values(
            at=NOW - timedelta(days=days_ago), kind=kind, severity=severity, score=score, serial=serial, batch_id=lot,
            area=area, serials=[], evidence=[], shadow=shadow))


def case(db: Database, subject: str, reason: str | None, days_ago: float = 5, **about: Any) -> None:
    with db.transaction() as connection:
        connection.execute(insert(Case).values(
            public_id=token_hex(5), subject=subject, kind="clone", severity="case", score=1.0,
            state="closed" if reason else "new", opened_at=NOW - timedelta(days=days_ago), updated_at=NOW,
            closed_at=NOW if reason else None, closing_reason=reason, **about))


@pytest.fixture
def seen(database: Database) -> Callable[..., Comparison | None]:
    def look(scope: Scope = ALL) -> Comparison | None:
        with database.read.connect() as connection:
            return compare(connection, scope)
    return look


def names(found: Comparison) -> dict[str, list[str]]:
    return {"both": [one.trial.name for one in found.both], "live": [one.name for one in found.only_live],
            "trial": [one.name for one in found.only_trial]}


def test_without_a_trial_there_is_nothing_to_compare(database: Database, seen) -> None:
    assert seen() is None
    detectors(database, since=None)  # it has not begun to learn
    assert seen() is None


def test_subjects_are_compared_however_often_and_by_whatever_kind_they_were_raised(database: Database, seen) -> None:
    detectors(database)
    for shadow, days in ((False, 50), (False, 20), (True, 60), (True, 3), (True, 2)):
        alert(database, shadow, days, score=100 - days)
    alert(database, True, 4, "multiuse", serial=None, lot=9, area=440100)
    alert(database, False, 4, "diversion", serial=None, lot=9, area=440000)
    alert(database, False, 8, "forged", serial=None, area=330000)
    alert(database, True, 8, "reuse", serial=None, area=330000)  # a place, not its wrong codes
    alert(database, True, 6, "share_storm", severity="info")  # a notice about the same code
    found = seen()
    assert names(found) == {"both": ["lot:9:440000", "code:7"], "live": ["forged:330000"],
                            "trial": ["code:7", "place:330000"]}
    code = next(one for one in found.both if one.trial.name == "code:7")
    assert (code.trial.at, code.trial.score) == (NOW - timedelta(days=60), 98)
    assert found.kinds() == [KindLine("clone", 1, 0, 0), KindLine("diversion", 1, 0, 0), KindLine("forged", 0, 1, 0),
                             KindLine("reuse", 0, 0, 1), KindLine("share_storm", 0, 0, 1)]
    assert found.sooner() == (1, 0)
    assert [tuple(one) for one in found.changed] == [("away.sources", 3, 5)]


def test_only_scans_that_both_have_learned_count(database: Database, seen) -> None:
    """A trial that is still at last month's scans has missed nothing since."""
    detectors(database, trial_to=NOW - timedelta(days=30))
    alert(database, False, 29)
    alert(database, False, 31, serial=8)
    alert(database, True, 31, serial=9)
    found = seen()
    assert names(found) == {"both": [], "live": ["code:8"], "trial": ["code:9"]}
    assert found.period.to == NOW - timedelta(days=30)


def test_what_live_raised_before_the_period_is_no_news_of_the_trial(database: Database, seen) -> None:
    detectors(database)
    alert(database, False, 150)
    alert(database, False, 150, serial=8)
    alert(database, True, 90)
    found = seen()
    assert names(found) == {"both": ["code:7"], "live": [], "trial": []}
    assert isinstance(found.both[0], Both)
    assert found.both[0].live is None


def test_of_closed_cases_it_is_told_what_the_trial_raised_too(database: Database, seen) -> None:
    detectors(database)
    for serial in (1, 3, 5):
        alert(database, True, 6, serial=serial)
    for serial, reason in ((1, "confirmed_fake"), (2, "confirmed_fake"), (3, "location_error"), (4, "own_staff"),
                           (5, None)):
        case(database, f"code:{serial}", reason)
    case(database, "code:6", "confirmed_fake", days_ago=200)  # before the period
    found = seen()
    assert (found.confirmed, found.mistakes) == (Closed(2, 1), Closed(2, 1))


def test_a_trial_nobody_works_at_has_stopped(database: Database, seen) -> None:
    detectors(database)
    assert seen().period.running
    with database.transaction() as connection:
        connection.execute(update(Detector).values(updated_at=NOW - timedelta(minutes=5)))
    assert not seen().period.running


@pytest.mark.parametrize(("scope", "left"), [
    (ALL, 6), (Scope(brand=BRAND_A), 2), (Scope(province=510000), 2), (Scope(province=540000), 2), (Scope(), 0),
    (Scope(province=440000), 0)])
def test_everybody_sees_what_is_theirs(database: Database, seen, scope: Scope, left: int) -> None:
    lots = add_registry(database)
    detectors(database)
    for shadow in (False, True):
        alert(database, shadow, 5, serial=100 + shadow, lot=lots[LOT_A], area=CHENGDU)
        alert(database, shadow, 5, serial=200 + shadow, lot=lots[LOT_B], area=NANJING)
        alert(database, shadow, 5, "reuse" if shadow else "forged", serial=None, area=LHASA)
    case(database, "code:101", "confirmed_fake", brand=BRAND_A, area=CHENGDU)
    found = seen(scope)
    assert len(found.only_live) + len(found.only_trial) == left
    assert (CANARY in str(found)) is (scope == ALL)
    assert found.confirmed.cases == (scope in (ALL, Scope(brand=BRAND_A), Scope(province=510000)))


def test_rules_of_a_live_worker_of_an_older_release_are_the_products(database: Database, seen) -> None:
    detectors(database, rules={"away": {"sources": load_rules().away.sources}})
    with database.transaction() as connection:
        connection.execute(update(Detector).where(Detector.name == LIVE).values(rules=None))
    assert ("away.sources", 3, 3) not in [tuple(one) for one in seen().changed]
