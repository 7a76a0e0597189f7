"""Random tokens that stand for a signed-in browser; the database keeps only their hash."""
import secrets
from hashlib import sha256

TOKEN_BYTES = 32


def new_token() -> str:
    """256 random bits, safe in a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """What is stored and looked up. SHA-256 is enough: 256 random bits cannot be guessed, so need no slow hash."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
