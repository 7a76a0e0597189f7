"""How often somebody may do something: counted in Valkey for all processes, in this process while Valkey is away.

Fixed windows: at most twice the limit can pass around a window's edge. The fallback neither opens the door nor grows:
a table of 65,536 slots, in which two sources may share one and then share its limit.
"""
import threading
import time
import zlib
from array import array

from cache import keys
from cache.connection import Cache, CacheAway, Script

SLOTS = 65_536
SOURCE_LIMIT = 64


class Limits:
    """One per process. Safe for threads."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._windows = array("Q", bytes(8 * SLOTS))
        self._counts = array("I", bytes(4 * SLOTS))

    def allow(self, limit: str, source: str, most: int, seconds: int) -> bool:
        """Count one try of `source` under the name `limit`; False once there were more than `most` in this window of
        `seconds`."""
        return self._count(limit, source[:SOURCE_LIMIT], seconds) <= most

    def _count(self, limit: str, source: str, seconds: int) -> int:
        window = int(time.time()) // seconds
        try:
            return int(self._cache.run(COUNT, [keys.rate(limit, source, window)], [seconds * 2]))
        except CacheAway:
            return self._count_here(f"{limit}:{source}", window)

    def _count_here(self, name: str, window: int) -> int:
        slot = zlib.crc32(name.encode("utf-8", "replace")) % SLOTS
        with self._lock:
            if self._windows[slot] != window:
                self._windows[slot], self._counts[slot] = window, 0
            self._counts[slot] = min(self._counts[slot] + 1, 1 << 31)
            return self._counts[slot]


COUNT = Script("""
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
""")
