"""Observe scans: what was known of their codes before, and the visits noted, in one round trip to Valkey."""
import socket
import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, bindparam, or_, select

from cache import keys
from cache.connection import Cache, CacheAway
from cache.history import Folded, HistoryCache, Look, Seen
from cache.replay import ReplayPosition
from webapp.db import NEWEST, Database, DatabaseAway
from webapp.models import CodeHistory, CodeLedger
from webapp.models.detector import LIVE
from webapp.scanlog.scan import Scan, retimed, sighting_of
from webapp.scanlog.segment import pending
from webapp.settings import Settings
from webapp.verify.history import NOTHING, History, is_packed, observe, unpack
from webapp.verify.lru import Lru
from webapp.verify.sighting import RELOAD_S, SHARED, Sighting, is_folded, newer, pack, waiting
from webapp.verify.sighting import unpack as sighting

REMEMBERED_LOCALLY = 20_000
DAMAGED = b"?"  # in Valkey: the database's row cannot be read, which is not "no scan yet"
REST_S = 1.0
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
    unlearned: visits that are not in it yet, in order of time, without this one. opened: the open clusters, packed, for
    each share of the codes. late: the detectors are so far behind that earlier visits may be in neither.
    """

    scan: Scan
    history: History | None
    reload: bool
    kept: bool
    registry_version: int | None
    ledger: bytes | None = None
    unlearned: list[Sighting] = []
    opened: tuple[bytes, ...] = ()
    late: bool = False


class Observer:
    """One per process; opens nothing before the first scan. Safe for threads."""

    def __init__(self, db: Database, cache: Cache, settings: Settings) -> None:
        self._db = db
        self._memory = HistoryCache(cache)
        self._replay = ReplayPosition(cache) if settings.replica_url else None
        self._spool = settings.spool
        self._opened: tuple[bytes | None, tuple[bytes, ...]] = (None, ())  # name, content
        self._filling = threading.Lock()
        self._rests_until = 0.0
        self._recent: Lru[tuple[int, int], int] = Lru(REMEMBERED_LOCALLY)  # (device, serial) -> at; only in an outage

    def observe(self, scan: Scan, note: bool = True) -> Observation:
        """One visit, as below."""
        return self.observe_all([(scan, note)])[0]

    def observe_all(self, visits: Sequence[tuple[Scan, bool]]) -> list[Observation]:
        """Visits in order, each with whether to note it: previews, bots and HEAD are read only and leave no trace.
        Never raises."""
        looks = [Look(scan.serial, pack(sighting_of(scan)), scan.at, note) for scan, note in visits]
        try:
            seen = self._seen(looks)
        except CacheAway:
            return [self._without_memory(scan, note) for scan, note in visits]
        return [_observation(scan, one, self._opened[1]) for (scan, _), one in zip(visits, seen, strict=True)]

    def _seen(self, looks: list[Look]) -> list[Seen]:
        seen: dict[int, Seen] = {}
        missed = self._look(looks, range(len(looks)), seen)
        newborn = any(one.newborn for one in seen.values())
        if missed:
            self._look_behind(looks, missed, seen)
        if newborn and not pending(self._spool):
            # An empty memory beside an empty spool: everything there ever was is in the database.
            self._memory.mark_shipped(machine(), seen[0].born)
            seen = {number: one._replace(shipped=max(one.shipped, one.born)) for number, one in seen.items()}
        opened = seen[len(looks) - 1].opened
        if opened is not None and opened != self._opened[0]:
            self._opened = opened, self._memory.open_now()
        return [seen[number] for number in range(len(looks))]

    def _look(self, looks: list[Look], numbers: Sequence[int], seen: dict[int, Seen], blind: bool = False) -> list[int]:
        """Look at these; -> which were misses. Damage, or garbage that calls itself a history, is a miss."""
        for number, one in zip(numbers, self._memory.observe_all([looks[number] for number in numbers], blind=blind),
                               strict=True):
            if one.base is not None and not is_packed(one.base):
                self._memory.forget(looks[number].serial)
                one = one._replace(base=None)
            seen[number] = one
        return [number for number in numbers if seen[number].base is None]

    def _look_behind(self, looks: list[Look], missed: list[int], seen: dict[int, Seen]) -> None:
        """After misses: what the database knows of these codes and their neighbours goes into Valkey. One thread at a
        time asks; what it brought, those who waited for it need not ask for again."""
        waited = self._filling.locked()
        with self._filling:
            if waited:
                missed = self._look(looks, missed, seen)
            if missed:
                filled = self._fill({keys.history_bucket(looks[number].serial): looks[number] for number in missed})
                self._look(looks, missed, seen, blind=not filled)

    def _fill(self, buckets: dict[str, Look]) -> bool:
        """False when the database does not answer, or did not a moment ago: that costs one time-out a second."""
        if time.monotonic() < self._rests_until:
            return False
        try:
            of = [keys.neighbours(look.serial) for look in buckets.values()]
            rows = self._db.ask(lambda connection: _read(connection, of), self._replayed())
        except DatabaseAway:
            self._rests_until = time.monotonic() + REST_S
            return False
        known = [Folded(row.serial, row.state if row.state and is_packed(row.state) else DAMAGED, row.tail)
                 for row in rows]
        ledgers = {row.serial: row.ledger or b"" for row in rows}
        self._memory.fill([look.serial for look in buckets.values()], known, ledgers,
                          max(look.at_us for look in buckets.values()))
        return True

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


def _read(connection: Connection, buckets: Sequence[range]) -> Sequence[Any]:
    ends = {name: serial for number, serials in enumerate(buckets)
            for name, serial in ((f"first{number}", serials[0]), (f"last{number}", serials[-1]))}
    return connection.execute(_histories(len(buckets)), {"live": LIVE, **ends}).all()


@cache
def _histories(buckets: int) -> Select[*tuple[Any, ...]]:
    """The histories and ledgers of so many runs of serials, first0..last0 and so on."""
    return (
        select(CodeHistory.serial, CodeHistory.state, CodeHistory.tail, CodeLedger.ledger)
        .outerjoin(CodeLedger, (CodeLedger.serial == CodeHistory.serial) & (CodeLedger.detector == bindparam("live")))
        .where(or_(*(CodeHistory.serial.between(bindparam(f"first{number}"), bindparam(f"last{number}"))
                     for number in range(buckets)))))


def _observation(scan: Scan, seen: Seen, opened: tuple[bytes, ...]) -> Observation:
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
    late = seen.opened is not None and keys.LATE in seen.opened and history.scans > 0
    return Observation(scan, history, seen.own is not None, _is_kept(seen), seen.registry, seen.ledger, unlearned,
                       opened, late)


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
