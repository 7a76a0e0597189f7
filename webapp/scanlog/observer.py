"""Observe a scan: what was known of its code before, and the visit noted, in one round trip to Valkey."""
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, select

from cache.connection import Cache, CacheAway
from cache.history import Folded, HistoryCache, Seen
from cache.keys import neighbours
from cache.replay import ReplayPosition
from webapp.db import NEWEST, Database, DatabaseAway
from webapp.models import CodeHistory, CodeLedger
from webapp.scanlog.scan import Scan, retimed, sighting_of
from webapp.scanlog.segment import pending
from webapp.settings import Settings
from webapp.verify.history import NOTHING, History, is_packed, observe, unpack
from webapp.verify.lru import Lru
from webapp.verify.sighting import RELOAD_S, SHARED, Sighting, is_folded, newer, pack, waiting
from webapp.verify.sighting import unpack as sighting

REMEMBERED_LOCALLY = 20_000
LIVE = "live"  # the detectors whose ledgers pages believe
DAMAGED = b"?"  # in Valkey: the database's row cannot be read, which is not "no scan yet"
PHANTOM_AFTER_US = 60_000_000  # no request takes a minute from noting a visit to keeping it


class Observation(NamedTuple):
    """What the page needs to know before it judges.

    scan: the scan to judge and to keep. On a reload it bears the time, and so the id, of the visit's first page, so
    that keeping it once more is harmless; a share marker is taken off where this very phone scanned the bag before.
    history: before this visit (on a reload with it); None = not available right now, which is never the same as "no
    scan yet" (scans == 0).
    reload: this device looked at this code less than 30 minutes ago. kept: the scan is in the database already, there
    is nothing to append. registry_version: for `Lookup.agrees`; None = unknown.
    ledger: what the detectors have kept of the code, in its short form (b"" = nothing); None = not available.
    unlearned: visits that are not in it yet, in order of time, without this one. opened: the open clusters, packed.
    """

    scan: Scan
    history: History | None
    reload: bool
    kept: bool
    registry_version: int | None
    ledger: bytes | None = None
    unlearned: list[Sighting] = []
    opened: bytes = b""


class Observer:
    """One per process; opens nothing before the first scan. Safe for threads."""

    def __init__(self, db: Database, cache: Cache, settings: Settings) -> None:
        self._db = db
        self._memory = HistoryCache(cache)
        self._replay = ReplayPosition(cache) if settings.replica_url else None
        self._spool = settings.spool
        self._opened: tuple[bytes | None, bytes] = (None, b"")  # name, content
        self._recent: Lru[tuple[int, int], int] = Lru(REMEMBERED_LOCALLY)  # (device, serial) -> at; only in an outage

    def observe(self, scan: Scan, note: bool = True) -> Observation:
        """`note` False (previews, bots, HEAD): read only, the visit leaves no trace. Never raises."""
        record = pack(sighting_of(scan))
        try:
            seen = self._memory.observe(scan.serial, record, scan.at, note=note)
            newborn = seen.newborn
            if seen.base is not None and not is_packed(seen.base):
                self._memory.forget(scan.serial)
                seen = seen._replace(base=None)
            if seen.base is None:
                seen = self._filled(scan, record, note)
            if newborn and not pending(self._spool):
                # An empty memory beside an empty spool: everything there ever was is in the database.
                self._memory.mark_shipped(machine(), seen.born)
                seen = seen._replace(shipped=max(seen.shipped, seen.born))
            if seen.opened is not None and seen.opened != self._opened[0]:
                self._opened = seen.opened, self._memory.open_now() or b""
        except CacheAway:
            return self._without_memory(scan, note)
        return _observation(scan, seen, self._opened[1])

    def _filled(self, scan: Scan, record: bytes, note: bool) -> Seen:
        """After a miss: what the database knows of this code and its neighbours goes into Valkey."""
        try:
            rows = self._db.ask(lambda connection: _read(connection, neighbours(scan.serial)), self._replayed())
        except DatabaseAway:
            return self._memory.observe(scan.serial, record, scan.at, note=note, blind=True)
        known = [Folded(row.serial, row.state if row.state and is_packed(row.state) else DAMAGED, row.tail)
                 for row in rows]
        self._memory.fill(scan.serial, known, {row.serial: row.ledger or b"" for row in rows}, scan.at)
        seen = self._memory.observe(scan.serial, record, scan.at, note=note)
        if seen.base is None or is_packed(seen.base):
            return seen
        self._memory.forget(scan.serial)  # damaged in the database, or garbage here that calls itself newer
        return seen._replace(base=None)

    def _replayed(self) -> int:
        """A history is filled in once and then believed, so a replica must have everything that was shipped."""
        if self._replay is None:
            return 0
        position = self._replay.read()
        return NEWEST if position is None else position

    def _without_memory(self, scan: Scan, note: bool) -> Observation:
        """Valkey is away: nothing is known, but this process can still tell a reload of what it saw itself."""
        name = (scan.device, scan.serial)
        first = self._recent.get(name)
        if first is not None and 0 <= scan.at - first < RELOAD_S * 1_000_000:
            return Observation(retimed(scan, first), None, True, False, None, opened=self._opened[1])
        if note:
            self._recent.put(name, scan.at)
        return Observation(scan, None, False, False, None, opened=self._opened[1])


def machine() -> str:
    """Who answers for a spool folder: a name per machine."""
    return socket.gethostname()


def _read(connection: Connection, serials: range) -> Sequence[Any]:
    return connection.execute(_HISTORIES, {"first": serials[0], "last": serials[-1], "live": LIVE}).all()


_HISTORIES = (
    select(CodeHistory.serial, CodeHistory.state, CodeHistory.tail, CodeLedger.ledger)
    .outerjoin(CodeLedger, (CodeLedger.serial == CodeHistory.serial) & (CodeLedger.detector == bindparam("live")))
    .where(CodeHistory.serial.between(bindparam("first"), bindparam("last"))))


def _observation(scan: Scan, seen: Seen, opened: bytes) -> Observation:
    if seen.own is not None:
        own = sighting(seen.own)
        scan = msgspec.structs.replace(retimed(scan, own.at), shared=bool(own.flags & SHARED))
    if seen.base is None or not seen.complete:
        return Observation(scan, None, seen.own is not None, _is_kept(seen), seen.registry, opened=opened)
    history = _fold(seen)
    if scan.shared and history.knows(scan.device):
        scan = msgspec.structs.replace(scan, shared=False)
    unlearned = newer(seen.tail, seen.learned, seen.shipped - PHANTOM_AFTER_US) if seen.tail else []
    if unlearned and seen.own is not None:
        unlearned = [one for one in unlearned if one.at != scan.at or one.device != scan.device]
    return Observation(scan, history, seen.own is not None, _is_kept(seen), seen.registry, seen.ledger, unlearned,
                       opened)


def _is_kept(seen: Seen) -> bool:
    return seen.own is not None and is_folded(seen.own)


def _fold(seen: Seen) -> History:
    """Base and waiting visits together. A reload sees its own visit among them, folded or not, but for one thing:
    whoever reloads a first check still sees a first check."""
    history = unpack(seen.base or b"")
    for one in waiting(seen.tail, seen.shipped - PHANTOM_AFTER_US):
        history = observe(history, one)
    if seen.own is not None and history.scans == 1 and sighting(seen.own).is_witness:
        return NOTHING
    return history
