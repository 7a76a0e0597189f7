"""E-mail and password become a session, or one refusal that tells a stranger nothing."""
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, select, update

from webapp.auth.login_limits import LoginLimits
from webapp.auth.passwords import hash_password, verify_password
from webapp.auth.sessions import open_session
from webapp.db import Database
from webapp.models import LoginSession, User


class Refusal(StrEnum):
    WRONG = "wrong"  # no such person, wrong password or switched off: deliberately one word
    TOO_MANY = "too_many"


class SignedIn(NamedTuple):
    token: str
    role: str


def sign_in(db: Database, limits: LoginLimits, email: str, password: str, network: str) -> SignedIn | Refusal:
    """Check the limits first (a locked account never says whether the password was right), then the password."""
    email = email.strip().lower()[:200]
    if not limits.take_try(email, network):
        return Refusal.TOO_MANY
    with db.write.execution_options(immediate=False).connect() as connection:
        user = connection.execute(
            select(User.id, User.password_hash, User.role).where(User.email == email, User.active)).one_or_none()
    if not verify_password(user.password_hash if user else None, password) or user is None:
        return Refusal.WRONG
    limits.forgive(email)
    return SignedIn(open_session(db, user.id), user.role)


def set_password(db: Database, user_id: int, password: str) -> None:
    """A new password; whoever was signed in with the old one is signed out everywhere."""
    password_hash = hash_password(password)
    with db.transaction() as connection:
        connection.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
        connection.execute(delete(LoginSession).where(LoginSession.user_id == user_id))
