"""How often a password may be tried (per account and per network), in bounded memory.

Each web process counts for itself: with n processes an attacker gets up to n times the tries.
"""
from hashlib import blake2b

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

ACCOUNT = RateLimitItemPerMinute(10, 15, namespace="login-account")
NETWORK = RateLimitItemPerMinute(100, 15, namespace="login-network")
WAIT_S = 15 * 60
SLOTS = 1 << 14  # names are put into this many slots, so a million made-up names take no more memory than a thousand


class LoginLimits:
    """Names of unknown accounts are counted like real ones: the limit tells nobody who exists."""

    def __init__(self) -> None:
        self._tries = MovingWindowRateLimiter(MemoryStorage())

    def take_try(self, account: str, network: str) -> bool:
        """Count one try before it is made, so that a hundred at once are a hundred; False = has to wait."""
        return self._tries.hit(NETWORK, _slot(network)) and self._tries.hit(ACCOUNT, _slot(account))

    def forgive(self, account: str) -> None:
        """The right password came: earlier slips of this account no longer count."""
        self._tries.clear(ACCOUNT, _slot(account))


def _slot(name: str) -> str:
    return str(int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=8).digest()) % SLOTS)
