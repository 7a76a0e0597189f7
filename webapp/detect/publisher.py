"""After a checkpoint pages are told: changed ledgers, open clusters, and up to when the ledgers are learned.

Valkey may be away, emptied, or back with an old file: what it could not be told is told later. The time is raised only
after the ledgers of that time are there, so whatever lies between what Valkey says and what we know is told again.
"""
from collections.abc import Callable
from hashlib import blake2b

from cache.history import HistoryCache
from cache.keys import LATE
from webapp.db import NEWEST, Database
from webapp.detect.arrivals import scanned_between
from webapp.detect.ledgers import read_short
from webapp.detect.live import Saved
from webapp.detect.opinion import pack_open
from webapp.detect.share import WHOLE, Share
from webapp.models.detector import LIVE

REMEMBERED = 100_000  # ledgers that wait for Valkey; more, and it forgets everything and learns from the database
AT_ONCE = 1_000


class Publisher:
    """What this worker owes Valkey of one share of the codes."""

    def __init__(self, db: Database, memory: HistoryCache, share: Share = WHOLE) -> None:
        self._db, self._memory, self._share = db, memory, share
        self._waiting: dict[int, bytes] = {}
        self._forget_all = False
        self._packed, self._late = b"", False
        self._learned_to: int | None = None  # None: another worker detects
        self._told: tuple[int, bytes] | None = None

    def saved(self, saved: Saved) -> None:
        """A checkpoint was committed."""
        self._waiting.update(saved.ledgers)
        if len(self._waiting) > REMEMBERED:
            self._waiting.clear()
            self._forget_all = True
        self._packed, self._learned_to, self._late = pack_open(saved.open), saved.learned_to, saved.late

    def forget(self) -> None:
        """Somebody else may detect now, and sees from what Valkey says what it was not told."""
        self._waiting.clear()
        self._learned_to = self._told = None
        self._forget_all = False

    def catch_up(self, note_position: Callable[[], bool]) -> None:
        """Tell what is not told yet. Raises CacheAway."""
        if self._learned_to is None:
            return
        if self._forget_all:
            self._memory.start_anew()
            self._forget_all = False
        here = self._memory.detection(self._share.number)
        wanted = (self._learned_to, LATE * self._late + _name(self._packed))
        if not self._waiting and (here.learned, here.opened) == wanted == self._told:
            return
        if here.learned is not None and (self._told is None or here.learned < self._told[0]):
            self._owed_since(here.learned)
        serials = list(self._waiting)
        for start in range(0, len(serials), AT_ONCE):
            part = serials[start:start + AT_ONCE]
            self._memory.put_ledgers({serial: self._waiting[serial] for serial in part})
            for serial in part:
                del self._waiting[serial]
        if note_position():
            self._memory.publish(*wanted, self._packed, *self._share)
            self._told = wanted

    def _owed_since(self, learned: int) -> None:
        """Valkey lacks ledgers that were kept: somebody died before telling, or it came back with an old file."""
        assert self._learned_to is not None
        if learned >= self._learned_to:
            return
        to = self._learned_to
        serials = self._db.ask(lambda connection: scanned_between(
            connection, learned, to, REMEMBERED, self._share), NEWEST)
        if len(serials) >= REMEMBERED:
            self._memory.start_anew()
            return
        kept = self._db.ask(lambda connection: read_short(connection, LIVE, serials), NEWEST)
        self._waiting = {serial: kept.get(serial, b"") for serial in serials} | self._waiting


def _name(packed: bytes) -> bytes:
    return blake2b(packed, digest_size=8).hexdigest().encode()
