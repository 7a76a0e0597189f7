"""How far a database replica must have replayed before its answer is worth something.

Whoever commits what other processes rely on (a change of the registry, shipped scans) notes the primary's WAL position
after it. A position is a plain number of bytes; the larger one wins, so two notes may cross on their way.
"""
from cache import keys
from cache.connection import Cache, Script
from cache.fail_open import fail_open

NOTE = Script("""
if tonumber(ARGV[1]) > (tonumber(redis.call('GET', KEYS[1]) or 0) or 0) then redis.call('SET', KEYS[1], ARGV[1]) end
""")


class ReplayPosition:
    """Shared by all processes."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def note(self, position: int) -> None:
        """Raises CacheAway."""
        self._cache.run(NOTE, [keys.REPLAY], [position])

    @fail_open(returns=None)
    def read(self) -> int | None:
        """None: nobody knows (Valkey is away, or was emptied and nobody has noted a position since)."""
        held = self._cache.call("GET", keys.REPLAY)
        return int(held) if held is not None and held.isdigit() else None
