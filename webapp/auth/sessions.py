"""Who is signed in (会话): opening, finding and ending sessions. Read on the primary: a lagging replica would show a
session that was revoked a second ago."""
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from webapp.auth.tokens import hash_token, new_token
from webapp.db import Database
from webapp.models import LoginSession, User

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)  # seen_at is written this often, not at every click


@dataclass(frozen=True)
class Person:
    """The signed-in user, as plain values. brand, province (adcode), enterprise_gln bound what is seen."""

    id: int
    email: str
    role: str
    brand: str | None
    province: int | None
    enterprise_gln: str | None


def open_session(db: Database, user_id: int, now: datetime | None = None) -> str:
    """A new session; the answer is the cookie's value, never to be seen again. Sweeps this user's dead sessions."""
    now = now or datetime.now(UTC)
    token = new_token()
    with db.transaction() as connection:
        connection.execute(delete(LoginSession).where(LoginSession.user_id == user_id, _dead(now)))
        connection.execute(insert(LoginSession).values(
            token_hash=hash_token(token), user_id=user_id, created_at=now, seen_at=now))
    return token


def person_of(db: Database, token: str, now: datetime | None = None) -> Person | None:
    """Whose session this is; None when it never was, was ended, is idle or too old, or its user is switched off."""
    now = now or datetime.now(UTC)
    key = hash_token(token)
    question = (
        select(User.id, User.email, User.role, User.brand, User.province, User.enterprise_gln, LoginSession.seen_at)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(LoginSession.token_hash == key, User.active, ~_dead(now))
    )
    with db.write.execution_options(immediate=False).connect() as connection:
        row = connection.execute(question).one_or_none()
    if row is None:
        return None
    if now - row.seen_at >= NOTED_EVERY:
        with db.transaction() as connection:
            connection.execute(update(LoginSession).where(LoginSession.token_hash == key).values(seen_at=now))
    return Person(row.id, row.email, row.role, row.brand, row.province, row.enterprise_gln)


def end_session(db: Database, token: str) -> None:
    """Sign out: the cookie is worthless from now on, wherever it was copied to."""
    with db.transaction() as connection:
        connection.execute(delete(LoginSession).where(LoginSession.token_hash == hash_token(token)))


def end_all_sessions(db: Database, user_id: int) -> None:
    """Sign out everywhere: after a password change, or when somebody leaves."""
    with db.transaction() as connection:
        connection.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def _dead(now: datetime):
    return or_(LoginSession.seen_at <= now - IDLE, LoginSession.created_at <= now - ABSOLUTE)
