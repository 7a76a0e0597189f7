"""What a person does with a case: take, note, move on, close, void the code. Every step is written into `case_event`.

A change of state is one conditional UPDATE, and the row count says who won: two people who press a button at once
cannot both take a case, and a closed case stays closed.
"""
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, case, exists, insert, select, update

from webapp.models import Case, CaseEvent, CodeVoid

NOTE_LIMIT = 500


class State(StrEnum):
    """In the order of work."""

    NEW = "new"
    ACTIVE = "active"
    INVESTIGATING = "investigating"
    ESCALATED = "escalated"
    CLOSED = "closed"


OPEN = (State.NEW, State.ACTIVE, State.INVESTIGATING, State.ESCALATED)


class Move(StrEnum):
    """A button that changes the state."""

    INVESTIGATE = "investigate"
    ESCALATE = "escalate"
    CLOSE = "close"


class Transition(NamedTuple):
    sources: tuple[State, ...]
    target: State


TRANSITIONS: Mapping[Move, Transition] = {
    Move.INVESTIGATE: Transition((State.NEW, State.ACTIVE), State.INVESTIGATING),
    Move.ESCALATE: Transition((State.ACTIVE, State.INVESTIGATING), State.ESCALATED),
    Move.CLOSE: Transition(OPEN, State.CLOSED),
}


class ClosingReason(StrEnum):
    """Why a case is over; the precision of every rule is counted from these."""

    CONFIRMED_FAKE = "confirmed_fake"
    UPLOAD_ERROR_FIXED = "upload_error_fixed"
    UPLOAD_ERROR_NOT_FIXED = "upload_error_not_fixed"
    ASSOCIATION_ERROR = "association_error"
    OWN_STAFF = "own_staff"
    SHOPPER_REPEAT = "shopper_repeat"
    LOCATION_ERROR = "location_error"
    TEST = "test"
    OTHER = "other"


class ForbiddenTransition(Exception):
    """The case is no longer in a state that allows this: somebody was first, or it is closed."""


class RefusedWork(Exception):
    """The form cannot be taken; `field` says which part is missing or wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def moves_from(state: str) -> tuple[Move, ...]:
    """The buttons that make sense now."""
    return tuple(move for move, step in TRANSITIONS.items() if state in step.sources)


def take(connection: Connection, case_id: int, user_id: int, actor: str, holder: int | None) -> None:
    """Make `user_id` the assignee, if it is still `holder` (None: nobody) as the page showed. A new case gets active.
    Raises ForbiddenTransition."""
    _claim(connection, update(Case).where(
        Case.id == case_id, Case.state != State.CLOSED,
        Case.assignee_id.is_(None) if holder is None else Case.assignee_id == holder,
    ).values(assignee_id=user_id, updated_at=_now(),
             state=case((Case.state == State.NEW, State.ACTIVE.value), else_=Case.state)))
    _write_down(connection, case_id, actor, "take", None)


def note(connection: Connection, case_id: int, actor: str, text: str) -> None:
    """Add a remark, also to a closed case. Raises RefusedWork when it is empty or over 500 characters."""
    if not (text := _checked(text)):
        raise RefusedWork("note")
    connection.execute(update(Case).where(Case.id == case_id).values(updated_at=_now()))
    _write_down(connection, case_id, actor, "note", text)


def move(connection: Connection, case_id: int, move: Move, actor: str, text: str = "",
         reason: ClosingReason | None = None) -> None:
    """Change the state; closing needs a reason, and the reason `other` needs words. Raises RefusedWork,
    ForbiddenTransition."""
    text = _checked(text)
    if move is Move.CLOSE and reason is None:
        raise RefusedWork("reason")
    if reason is ClosingReason.OTHER and not text:
        raise RefusedWork("note")
    step = TRANSITIONS[move]
    changes: dict[str, object] = {"state": step.target.value, "updated_at": _now()}
    if move is Move.CLOSE:
        changes |= {"closed_at": _now(), "closing_reason": reason}
    _claim(connection, update(Case).where(Case.id == case_id, Case.state.in_(step.sources)).values(**changes))
    _write_down(connection, case_id, actor, move, text or None)


def void_code(connection: Connection, case_id: int, serial: int, actor: str, text: str) -> None:
    """Declare the case's code no longer valid, with a reason. A second time is refused: ForbiddenTransition."""
    if not (text := _checked(text)):
        raise RefusedWork("note")
    # Lock the case's row first, so that two investigators cannot both find the code still valid.
    _claim(connection, update(Case).where(Case.id == case_id, Case.serial == serial, Case.state != State.CLOSED)
           .values(updated_at=_now()))
    if is_void(connection, serial):
        raise ForbiddenTransition
    connection.execute(insert(CodeVoid).values(
        first_serial=serial, last_serial=serial, reason=text, voided_at=_now(), voided_by=actor))
    _write_down(connection, case_id, actor, "void", text)


def is_void(connection: Connection, serial: int) -> bool:
    """Whether the code is already declared void, alone or within a run."""
    return bool(connection.scalar(
        select(exists().where(CodeVoid.first_serial <= serial, CodeVoid.last_serial >= serial))))


def _claim(connection: Connection, statement) -> None:
    if connection.execute(statement).rowcount != 1:
        raise ForbiddenTransition


def _write_down(connection: Connection, case_id: int, actor: str, action: str, text: str | None) -> None:
    connection.execute(insert(CaseEvent).values(
        case_id=case_id, at=_now(), actor=actor, action=str(action), note=text))


def _checked(text: str) -> str:
    text = text.strip()
    if len(text) > NOTE_LIMIT:
        raise RefusedWork("note")
    return text


def _now() -> datetime:
    return datetime.now(UTC)
