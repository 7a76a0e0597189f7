"""After a commit: tell Valkey what is folded. A failure costs nothing but the work to tell it later.

And until the commit: see that Valkey does not claim to know what it had to forget."""
import time
from itertools import islice
from pathlib import Path

import structlog

from cache.connection import CacheAway, Evictions
from cache.history import Folded, HistoryCache
from webapp.scanlog.fold import Kept
from webapp.scanlog.segment import sync_folder

MARKER = "unsettled"
REMEMBERED = 100_000
AT_ONCE = 500
PHANTOM_AFTER_US = 60_000_000  # as scanlog/observer.py: a visit noted and not kept within a minute never will be
FORGETS = 8  # a Valkey that is full forgets what was not asked for longest: the oldest eighth is never what waits
MARGIN_US = 1_000_000  # a scan's time is taken up to so long before it stands in the spool

log = structlog.get_logger()


class Settler:
    """Brings folded histories into Valkey; remembers what it could not bring while Valkey was away.

    Too much to remember, or a restart while something was open (the marker file tells): then Valkey forgets every
    history and learns from the database again.
    """

    def __init__(self, memory: HistoryCache, folder: Path) -> None:
        self._memory = memory
        self._marker = folder / MARKER
        self._open: dict[int, Folded] = {}  # by serial
        self._forget_all = self._marker.exists()
        self._shipped_to = 0
        self._at_mark: dict[str, Evictions] = {}  # what Valkey had evicted when all was shipped

    def settle(self, histories: dict[int, Kept], keys: dict[int, bytes]) -> None:
        """`keys`: of the records that were shipped, by serial."""
        for serial, kept in histories.items():
            before = self._open[serial].done if serial in self._open else b""
            self._open[serial] = Folded(serial, kept.packed, kept.tail, before + keys.get(serial, b""))
        if len(self._open) > REMEMBERED:
            self._open.clear()
            self._forget_all = True
        self.catch_up()

    def catch_up(self) -> bool:
        """Bring what is open. True when nothing is."""
        now = time.time_ns() // 1000
        try:
            if self._forget_all:
                self._memory.start_anew()
                self._forget_all = False
            while self._open:
                part = list(islice(self._open.values(), AT_ONCE))
                self._memory.settle(part, now, self._shipped_to - PHANTOM_AFTER_US)
                for one in part:
                    del self._open[one.serial]
        except CacheAway:
            self._mark()
            return False
        if self._marker.exists():
            self._marker.unlink()
        return True

    def mark_shipped(self, machine: str, up_to_us: int) -> int | None:
        """Everything of this machine kept before then (by Valkey's clock) is in the database and settled. -> the time
        up to which that is true of every machine; None while nobody knows."""
        if not self.catch_up():
            return None
        try:
            self._shipped_to = self._memory.mark_shipped(machine, up_to_us - MARGIN_US)
            self._at_mark = self._memory.evictions()
        except CacheAway:
            log.warning("valkey_away", what="the shipped mark")
            return None
        return self._shipped_to

    def watch(self) -> None:
        """While scans wait for the database, a full Valkey may evict visits that are nowhere else but in the spool; a
        code without its visits would be called unseen. Then nothing it holds counts until all that waits is shipped."""
        try:
            now = self._memory.evictions()
            if any(one.evicted - then.evicted > then.held // FORGETS
                   for name, one in now.items() if (then := self._at_mark.get(name)) is not None):
                log.warning("valkey_too_small", what="it evicts visits that are not shipped yet: no history counts")
                self._memory.begin_anew()
                self._at_mark = now
        except CacheAway:
            return
        self._at_mark = now | self._at_mark

    def _mark(self) -> None:
        if not self._marker.exists():
            log.warning("valkey_away", what="histories wait to be settled")
            self._marker.touch()
            sync_folder(self._marker.parent)
