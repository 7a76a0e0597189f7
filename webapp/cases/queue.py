"""The list an investigator starts the day with: cases by severity, newest first, a page at a time."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from webapp.auth.permissions import Scope
from webapp.cases.work import OPEN, State
from webapp.models import Batch, Case, Product, User

PAGE = 50
KINDS = ("clone", "reuse", "multiuse", "forged", "prerelease", "diversion", "old_batch", "counterfeit", "record_gap",
         "share_storm", "void", "recalled", "expired", "quality")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadQueue(Exception):
    """The address of the list cannot be read."""


@dataclass(frozen=True)
class QueueFilter:
    """state None = every open one; mine = only cases assigned to this user."""

    state: State | None = None
    kind: str | None = None
    mine: int | None = None
    after: tuple[str, datetime, int] | None = None

    def address(self, **changes: object) -> dict[str, str]:
        """As query parameters, from the first page on."""
        parts = {"state": self.state, "kind": self.kind, "mine": "1" if self.mine else None} | changes
        return {name: str(value) for name, value in parts.items() if value}


class QueueLine(NamedTuple):
    """One case as the list shows it."""

    public_id: str
    kind: str
    severity: str
    score: float
    state: str
    brand: str | None
    product_zh: str | None
    product_en: str | None
    lot: str | None
    area: int
    opened_at: datetime
    assignee: str | None
    closing_reason: str | None
    id: int


class QueuePage(NamedTuple):
    """`next` is the cursor of the following page, None on the last."""

    lines: list[QueueLine]
    next: str | None


def read_queue(parts: Mapping[str, str], user_id: int) -> QueueFilter:
    """The list an address means. Raises BadQueue."""
    state, kind = parts.get("state") or None, parts.get("kind") or None
    if state and state not in tuple(State) or kind and kind not in KINDS:
        raise BadQueue
    return QueueFilter(State(state) if state else None, kind, user_id if parts.get("mine") else None,
                       _read_cursor(parts["after"]) if parts.get("after") else None)


def queue(connection: Connection, scope: Scope, wanted: QueueFilter) -> QueuePage:
    """One page of cases inside the scope."""
    question = (
        select(Case.public_id, Case.kind, Case.severity, Case.score, Case.state, Case.brand, Product.name_zh,
               Product.name_en, Batch.lot, Case.area, Case.opened_at, User.email, Case.closing_reason, Case.id)
        .outerjoin(Product, Product.gtin == Case.gtin).outerjoin(Batch, Batch.id == Case.batch_id)
        .outerjoin(User, User.id == Case.assignee_id)
        .where(*_conditions(scope, wanted))
        .order_by(Case.severity, Case.opened_at.desc(), Case.id.desc()).limit(PAGE + 1))
    lines = [QueueLine._make(row) for row in connection.execute(question)]
    return QueuePage(lines[:PAGE], _cursor(lines[PAGE - 1]) if len(lines) > PAGE else None)


def open_by_state(connection: Connection, scope: Scope) -> dict[str, int]:
    """How many open cases of each state the scope holds."""
    question = (select(Case.state, func.count()).where(scope.cases(), Case.state.in_(OPEN)).group_by(Case.state))
    return dict(connection.execute(question).all())


def _conditions(scope: Scope, wanted: QueueFilter) -> list[ColumnElement[bool]]:
    states = (wanted.state,) if wanted.state else OPEN
    conditions = [scope.cases(), Case.state.in_(states)]
    if wanted.kind:
        conditions.append(Case.kind == wanted.kind)
    if wanted.mine:
        conditions.append(Case.assignee_id == wanted.mine)
    if wanted.after:
        severity, opened_at, row_id = wanted.after  # "case" comes before "info" in the alphabet, as it should
        conditions.append(or_(
            Case.severity > severity,
            and_(Case.severity == severity, or_(
                Case.opened_at < opened_at, and_(Case.opened_at == opened_at, Case.id < row_id)))))
    return conditions


def _cursor(line: QueueLine) -> str:
    return f"{line.severity}.{(line.opened_at - _EPOCH) // timedelta(microseconds=1)}.{line.id}"


def _read_cursor(text: str) -> tuple[str, datetime, int]:
    try:
        severity, micros, row_id = text.split(".")
        if severity not in ("case", "info") or not 0 < int(row_id) < 1 << 62:
            raise BadQueue
        return severity, _EPOCH + timedelta(microseconds=int(micros)), int(row_id)
    except (ValueError, OverflowError):
        raise BadQueue from None
