"""Rules on trial (试运行) beside the live ones: what both raised and what only one of them did, by subject like cases.

Compared is what was raised over the same scans: from the first that the trial learned to the last that both have
learned. Before the moment it began, the trial found it in old scans, as the live detectors would with its rules. A
subject that the live detectors raised before the period is no news either.
"""
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Row, select

from webapp.auth.permissions import Scope
from webapp.cases.alert import subject_of
from webapp.cases.work import ClosingReason
from webapp.detect.rules import Changed, changed, load_rules
from webapp.detect.share import is_of
from webapp.models import Alert, Batch, Case, Detector, Product
from webapp.models.detector import LIVE, SHADOW
from webapp.scanlog.instant import utc

SILENT = timedelta(minutes=2)  # a trial at work says every few seconds how far it is


class Period(NamedTuple):
    """Scans from `since` to `to`; the trial began at `began_at`; how far each has learned. `running`: a worker was
    lately at it."""

    since: datetime
    began_at: datetime
    to: datetime
    live_to: datetime
    trial_to: datetime
    running: bool


class Raised(NamedTuple):
    """One subject, however often it was raised: its first kind, its first time, its highest score. `case`: the public
    id of what live opened for it."""

    name: str
    kind: str
    severity: str
    at: datetime
    score: float
    serial: int | None
    area: int
    lot: str | None
    product_zh: str | None
    product_en: str | None
    brand: str | None
    case: str | None


class Both(NamedTuple):
    """`live` is None where the live detectors raised it before the period."""

    trial: Raised
    live: Raised | None


class Closed(NamedTuple):
    """Cases that people closed, and how many of their subjects the trial raised as well."""

    cases: int
    raised: int


class KindLine(NamedTuple):
    """Subjects by their first kind: live's where live raised it."""

    kind: str
    both: int
    only_live: int
    only_trial: int


class Comparison(NamedTuple):
    """Newest first."""

    period: Period
    changed: list[Changed]
    both: list[Both]
    only_live: list[Raised]
    only_trial: list[Raised]
    confirmed: Closed
    mistakes: Closed

    def kinds(self) -> list[KindLine]:
        both = Counter((one.live or one.trial).kind for one in self.both)
        live, trial = (Counter(one.kind for one in ones) for ones in (self.only_live, self.only_trial))
        total = both + live + trial
        return [KindLine(kind, both[kind], live[kind], trial[kind])
                for kind in sorted(total, key=lambda kind: (-total[kind], kind))]

    def sooner(self) -> tuple[int, int]:
        """Of what both raised in the period: how many the trial raised sooner, how many later."""
        pairs = [(one.trial.at, one.live.at) for one in self.both if one.live is not None]
        return sum(trial < live for trial, live in pairs), sum(trial > live for trial, live in pairs)


def compare(connection: Connection, scope: Scope) -> Comparison | None:
    """What one person may see of it; None where there is no trial, or none that has begun to learn."""
    of = select(Detector.__table__).order_by(Detector.learned_to)  # of live shares the one that is farthest behind
    live, trial = (connection.execute(of.where(is_of(kind, Detector.name))).first() for kind in (LIVE, SHADOW))
    if live is None or trial is None or trial.since is None:
        return None
    period = _period(live, trial)
    here, there = _raised(connection, scope, period, shadow=False), _raised(connection, scope, period, shadow=True)
    before = _raised_before(connection, period) if there.keys() - here.keys() else set()
    both = [Both(one, here.get(key)) for key, one in there.items() if key in here or key in before]
    return Comparison(
        period, changed(live.rules or load_rules(), trial.rules), both,
        [one for key, one in here.items() if key not in there],
        [one for key, one in there.items() if key not in here and key not in before],
        *_closed(connection, scope, period, {name for _, name in there}))


def _period(live: Row, trial: Row) -> Period:
    return Period(utc(trial.since), trial.began_at, utc(min(live.learned_to, trial.learned_to)), utc(live.learned_to),
                  utc(trial.learned_to), datetime.now(UTC) - trial.updated_at < SILENT)


_Key = tuple[str, str]  # severity, subject: a notice about a code is no case about it


def _raised(connection: Connection, scope: Scope, period: Period, shadow: bool) -> dict[_Key, Raised]:
    rows = connection.execute(
        select(Alert.kind, Alert.severity, Alert.at, Alert.score, Alert.serial, Alert.batch_id, Alert.area, Batch.lot,
               Product.name_zh, Product.name_en, Product.brand, Case.public_id)
        .outerjoin(Batch, Batch.id == Alert.batch_id).outerjoin(Product, Product.gtin == Batch.gtin)
        .outerjoin(Case, Case.id == Alert.case_id)
        .where(scope.alerts(), Alert.shadow.is_(shadow), Alert.at >= period.since, Alert.at <= period.to)
        .order_by(Alert.at, Alert.id))
    found: dict[_Key, Raised] = {}
    for row in rows:
        key = row.severity, subject_of(row.kind, row.serial or 0, row.batch_id or 0, row.area)
        first = found.get(key)
        found[key] = first._replace(score=max(first.score, row.score)) if first else Raised(
            key[1], row.kind, row.severity, row.at, row.score, row.serial, row.area, row.lot, row.name_zh, row.name_en,
            row.brand, row.public_id)
    return dict(sorted(found.items(), key=lambda one: one[1].at, reverse=True))


def _raised_before(connection: Connection, period: Period) -> set[_Key]:
    rows = connection.execute(
        select(Alert.kind, Alert.severity, Alert.serial, Alert.batch_id, Alert.area)
        .where(Alert.shadow.is_(False), Alert.at < period.since))
    return {(row.severity, subject_of(row.kind, row.serial or 0, row.batch_id or 0, row.area)) for row in rows}


def _closed(connection: Connection, scope: Scope, period: Period, raised: set[str]) -> Iterable[Closed]:
    """Confirmed as fake, then closed for any other reason; of the cases opened in the period."""
    rows = connection.execute(
        select(Case.subject, Case.closing_reason)
        .where(scope.cases(), Case.closed_at.is_not(None), Case.opened_at >= period.since,
               Case.opened_at <= period.to)).all()
    for fake in (True, False):
        subjects = [row.subject for row in rows if (row.closing_reason == ClosingReason.CONFIRMED_FAKE) is fake]
        yield Closed(len(subjects), sum(subject in raised for subject in subjects))
