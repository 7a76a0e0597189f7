"""Passwords of people (argon2id): made and checked in one place, slow on purpose, a few at a time."""
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()  # RFC 9106's low-memory profile: 64 MiB, 3 passes, 4 lanes
_room = BoundedSemaphore(2)  # 64 MiB each: sixty-four threads at once would take 4 GiB


def hash_password(password: str) -> str:
    """The text to store; holds its own salt and parameters."""
    with _room:
        return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right. No hash (no such person) is always wrong, and takes the same time."""
    with _room:
        try:
            _hasher.verify(_nobody() if password_hash is None else password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


@cache
def _nobody() -> str:
    return _hasher.hash("no person has this password")
