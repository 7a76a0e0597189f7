"""Opens cases (立案): alerts that belong together, at most one open case a subject however many workers look."""
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp.models import Case, CaseEvent

QUIET_AFTER_CLOSING = timedelta(days=7)  # who closed a case need not close it again for the next scan of the same
MUCH_GRAVER = 1.5  # times the score: worth saying again
SAID_AGAIN_AFTER = timedelta(days=1)
ACTOR = "saltcheck"


class Subject(NamedTuple):
    """What a case is about. `name`: code:SERIAL, lot:ID:AREA or forged:AREA, as in models/case.py."""

    name: str
    kind: str
    serial: int | None
    batch_id: int | None
    gtin: str | None
    brand: str | None
    area: int


class Opened(NamedTuple):
    """`news`: the case is new, much graver than before, or silent for a day: worth an alert of its own."""

    case_id: int
    news: bool


def open_case(connection: Connection, subject: Subject, score: float, at: datetime) -> Opened | None:
    """The open case about `subject`, made if there is none. None where somebody closed one lately and this is not
    much graver.

    1. An open one: note the higher score and the time. 2. Closed lately: leave it. 3. Insert; the partial unique index
    on open subjects decides who was first, and whoever was not takes the other's case.
    """
    if (found := _join(connection, subject, score, at)) is not None:
        return found
    lately = connection.scalar(
        select(Case.score).where(Case.subject == subject.name, Case.closed_at > at - QUIET_AFTER_CLOSING)
        .order_by(Case.closed_at.desc()).limit(1))
    if lately is not None and score < MUCH_GRAVER * lately + 1:
        return None
    insert_into = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    case_id = connection.scalar(
        insert_into(Case).values(
            public_id=secrets.token_hex(5).upper(), subject=subject.name, kind=subject.kind, severity="case",
            score=score, state="new", serial=subject.serial, batch_id=subject.batch_id, gtin=subject.gtin,
            brand=subject.brand, area=subject.area, opened_at=at, updated_at=at)
        .on_conflict_do_nothing(index_elements=["subject"], index_where=Case.closed_at.is_(None)).returning(Case.id))
    if case_id is None:
        return _join(connection, subject, score, at)
    connection.execute(insert(CaseEvent).values(case_id=case_id, at=at, actor=ACTOR, action="open", note=None))
    return Opened(case_id, True)


def _join(connection: Connection, subject: Subject, score: float, at: datetime) -> Opened | None:
    row = connection.execute(
        select(Case.id, Case.score, Case.updated_at)
        .where(Case.subject == subject.name, Case.closed_at.is_(None))).one_or_none()
    if row is None:
        return None
    graver = score >= MUCH_GRAVER * row.score and score > row.score
    news = graver or at - row.updated_at >= SAID_AGAIN_AFTER
    if news:
        connection.execute(update(Case).where(Case.id == row.id)
                           .values(score=max(score, row.score), updated_at=max(at, row.updated_at)))
    return Opened(row.id, news)
