"""What is forgotten, and when: persons after half a year, whole scans after two.

| what | kept | then |
|---|---|---|
| device and network of a scan; network, tries, example of a wrong-code summary | 190 days (law: six months) | emptied |
| scans, wrong-code summaries | 731 days (records: two years) | deleted; PostgreSQL drops whole months |
| last visits of a code (for reloads) | 2 days | emptied |
| sessions that are over | 2 days | deleted |
| what a trial of other rules had learned of phones, once nobody works at it | 2 days | deleted |

Registry, recalls, corrections, cases, roll-ups and the packed history of each code stay: they name nobody.
"""
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, text, tuple_, update

from webapp.db import Database
from webapp.models import CodeHistory, Detector, DetectorState, LoginSession, Scan, WrongCode
from webapp.models.detector import FORGOTTEN, SHADOW

SCAN_DAYS, PERSON_DAYS, LEAST_DAYS = 731, 190, 183
SPENT = timedelta(days=2)
HOUR = timedelta(hours=1)
AT_ONCE = 5_000  # rows a transaction: the worker ships scans in between
NOBODY = {"device": 0, "network": ""}


class Retention(NamedTuple):
    """Days that scans and the persons in them are kept."""

    scan_days: int = SCAN_DAYS
    person_days: int = PERSON_DAYS


def forget(db: Database, keep: Retention, *, dry_run: bool = False,
           now: datetime | None = None) -> Iterator[tuple[str, int]]:
    """Forget, and tell (what, how many rows) step by step. Safe to cut off and to repeat."""
    now = now or datetime.now(UTC)
    old, named = now - timedelta(days=keep.scan_days), now - timedelta(days=keep.person_days)
    yield "months of scans", _drop_months(db, old, dry_run)
    yield "scans", _delete(db, Scan, Scan.at < old, dry_run)
    yield "devices and networks in scans", _empty_scans(db, named, dry_run)
    yield "summaries of wrong codes", _delete(db, WrongCode, WrongCode.at < old, dry_run)
    yield "networks in summaries of wrong codes", _empty(
        db, WrongCode, (WrongCode.at < named, or_(WrongCode.network != "", WrongCode.example != "")),
        {"network": "", "example": "", "tries": None}, dry_run)
    yield "last visits of codes", _empty(
        db, CodeHistory, (CodeHistory.updated_at < now - SPENT, func.length(CodeHistory.tail) > 0), {"tail": b""},
        dry_run)
    yield "phones known to a trial that stopped", _forget_trial(db, now - SPENT, dry_run)
    yield "sessions that are over", _delete(db, LoginSession, LoginSession.seen_at < now - SPENT, dry_run)


def _forget_trial(db: Database, old: datetime, dry_run: bool) -> int:
    """What it raised stays, to be compared; it begins anew when somebody goes on with it."""
    with db.transaction() as connection:
        stopped = connection.scalars(select(Detector.name).where(
            Detector.name == SHADOW, Detector.updated_at < old, Detector.layout != FORGOTTEN)).all()
        if stopped and not dry_run:
            connection.execute(update(Detector).where(Detector.name.in_(stopped)).values(layout=FORGOTTEN))
    return _delete(db, DetectorState, DetectorState.detector.in_(stopped), dry_run)


def _drop_months(db: Database, old: datetime, dry_run: bool) -> int:
    """Partitions that end before `old`, by their name scan_YYYY_MM. Only PostgreSQL has them."""
    with db.transaction() as connection:
        if connection.dialect.name != "postgresql":
            return 0
        names = connection.scalars(text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'scan'::regclass AND c.relname ~ '^scan_[0-9]{4}_[0-9]{2}$' ORDER BY 1")).all()
    over = [name for name in names if name[5:] < f"{old:%Y_%m}"]
    for name in over if not dry_run else ():
        with db.transaction() as connection:  # one month a lock: scans go on being shipped into the others
            connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
            connection.exec_driver_sql(f"DROP TABLE {name}")
    return len(over)


def _delete(db: Database, table: Any, which: Any, dry_run: bool) -> int:
    if dry_run:
        return _count(db, select(func.count()).select_from(table).where(which))
    return _in_pieces(db, delete(table).where(_next_rows(table, which)))


def _empty(db: Database, table: Any, which: tuple[Any, ...], values: dict[str, Any], dry_run: bool) -> int:
    if dry_run:
        return _count(db, select(func.count()).select_from(table).where(*which))
    return _in_pieces(db, update(table).values(values).where(_next_rows(table, *which)))


def _empty_scans(db: Database, before: datetime, dry_run: bool) -> int:
    """Hour by hour from the oldest; an hour whose last scan names nobody is done and is not read again."""
    done, start = 0, _next_scan(db, None) or before
    while start < before:
        inside = (Scan.at >= start, Scan.at < min(start + HOUR, before))
        last = select(Scan.device, Scan.network).where(*inside).order_by(Scan.at.desc(), Scan.scan_id.desc()).limit(1)
        with db.transaction() as connection:
            newest = connection.execute(last).first()
        if newest is None:  # nobody scanned for a while
            start = _next_scan(db, start) or before
            continue
        if tuple(newest) != (0, ""):
            named = or_(Scan.device != 0, Scan.network != "")
            done += _empty(db, Scan, (*inside, named), NOBODY, dry_run)
        start += HOUR
    return done


def _next_scan(db: Database, since: datetime | None) -> datetime | None:
    oldest = select(func.min(Scan.at))
    with db.transaction() as connection:
        found: datetime | None = connection.scalar(oldest if since is None else oldest.where(Scan.at >= since))
    return found


def _next_rows(table: Any, *which: Any) -> ColumnElement[bool]:
    """The first few thousand rows that match, in the order of their key: what is cut off is cut off at its end."""
    key = table.__table__.primary_key
    return tuple_(*key).in_(select(*key).where(*which).order_by(*key).limit(AT_ONCE))


def _in_pieces(db: Database, statement: Any) -> int:
    done = 0
    while True:
        with db.transaction() as connection:
            rows = connection.execute(statement).rowcount
        done += rows
        if rows < AT_ONCE:
            return done


def _count(db: Database, question: Select[int]) -> int:
    with db.transaction() as connection:
        return connection.scalar(question) or 0
