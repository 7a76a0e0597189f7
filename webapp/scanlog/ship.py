"""Brings kept scans into the database, each exactly once, and folds what follows from them in the same transaction.

read a batch -> look up the bags -> insert what is new -> fold histories -> roll up -> note what the detectors have
passed already -> commit -> settle Valkey -> delete finished segments
"""
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from webapp.db import Database
from webapp.scanlog import scan as scans
from webapp.scanlog import wrong_codes
from webapp.scanlog.backlog import Backlog
from webapp.scanlog.fold import Kept, fold
from webapp.scanlog.insert import Located, insert_new
from webapp.scanlog.instant import utc
from webapp.scanlog.late import note_late
from webapp.scanlog.one_at_a_time import one_at_a_time
from webapp.scanlog.partitions import ensure_months, month_of, next_month
from webapp.scanlog.rollup import roll_up
from webapp.scanlog.scan import BadRecord, Scan, sighting_of
from webapp.scanlog.wrong_codes import Summary
from webapp.verify.facts import Bag
from webapp.verify.sighting import KEY, pack

BATCH = 5_000
MOST_POISON = 100  # in one batch; more is not bad data but a bad database, and nothing is set aside for that


class TooMuchPoison(Exception):
    """The database refuses record after record: something is wrong with it, not with them."""


class Bags(Protocol):
    def bags(self, serials: Sequence[int]) -> Iterator[Bag]: ...


class Settles(Protocol):
    """Who is told what a commit folded (scanlog/settle.py)."""

    def settle(self, histories: dict[int, Kept], keys: dict[int, bytes]) -> None: ...


class Records(NamedTuple):
    """Decoded records, each beside its payload; `bad` with why they cannot be."""

    scans: list[tuple[Scan, bytes]]
    wrong: list[tuple[list[Summary], bytes]]
    bad: list[tuple[bytes, str]]

    def __len__(self) -> int:
        return len(self.scans) + len(self.wrong)

    def halves(self) -> "tuple[Records, Records]":
        s, w = (len(self.scans) + 1) // 2, len(self.wrong) // 2
        return Records(self.scans[:s], self.wrong[:w], []), Records(self.scans[s:], self.wrong[w:], [])


class Shipper:
    """One per spool folder. `shipped` counts scans that were new to the database."""

    def __init__(self, db: Database, folder: Path, settler: Settles, bags: Bags) -> None:
        self._db, self._settler, self._bags = db, settler, bags
        self.backlog = Backlog(folder)
        self._months: set[tuple[int, int]] = set()
        self.shipped = 0

    def ship_all(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Ship what is kept by now; -> records handled. What comes meanwhile is left to the next call: while scans come
        as fast as they can be shipped, the caller must have its turn. Raises what the database raises; then nothing is
        lost and the next call goes on."""
        handled, ends = 0, self.backlog.ends()
        while not stop() and (part := self._ship_batch(ends)):
            handled += part
        return handled

    def _ship_batch(self, ends: dict[Path, int]) -> int:
        """-> records handled."""
        batch = self.backlog.next_batch(BATCH, ends)
        if batch.payloads:
            records = _decode(batch.payloads)
            self._ship(records)
            for payload, reason in records.bad:  # now, not before: a database that is away would have us do it twice
                self.backlog.set_aside(payload, reason)
        self.backlog.done(batch)
        return len(batch.payloads)

    def _ship(self, records: Records) -> int:
        """-> how many were set aside because the database does not take them: found by halving."""
        try:
            self._commit(records)
        except (DataError, IntegrityError) as error:
            if len(records) == 1:
                payload = (records.scans or records.wrong)[0][1]
                self.backlog.set_aside(payload, str(error.orig))
                return 1
            bad = 0
            for half in records.halves():
                bad += self._ship(half)
                if bad > MOST_POISON:
                    raise TooMuchPoison(str(error.orig)) from error
            return bad
        return 0

    def _commit(self, records: Records) -> None:
        if not len(records):
            return
        kept = [scan for scan, _ in records.scans]
        located = list(map(Located, kept, self._bags.bags([scan.serial for scan in kept])))
        summaries = [one for many, _ in records.wrong for one in many]
        with self._db.transaction() as connection:
            one_at_a_time(connection)
            months = self._make_months(connection, located)
            new = insert_new(connection, located)
            shipped, histories = fold(connection, new, (one.scan.serial for one in located))
            roll_up(connection, shipped)
            tried = wrong_codes.insert(connection, summaries)
            note_late(connection, [(one.scan.at, one.scan.scan_id) for one in new]
                      + [(one.at, one.summary_id) for one in tried])
        self._months |= months
        self.shipped += len(new)
        keys: defaultdict[int, bytes] = defaultdict(bytes)
        for one in located:
            keys[one.scan.serial] += pack(sighting_of(one.scan))[KEY]
        self._settler.settle(histories, keys)

    def _make_months(self, connection: Connection, located: list[Located]) -> set[tuple[int, int]]:
        coming = next_month(month_of(datetime.now(UTC)))
        wanted = {month_of(utc(one.scan.at)) for one in located} | {coming}
        ensure_months(connection, wanted - self._months)
        return wanted


def _decode(payloads: Iterable[bytes]) -> Records:
    found = Records([], [], [])
    for payload in payloads:
        try:
            if payload[:1] == scans.KIND:
                found.scans.append((scans.decode(payload), payload))
            elif payload[:1] == wrong_codes.KIND:
                found.wrong.append((wrong_codes.decode(payload), payload))
            else:
                raise BadRecord(f"of unknown kind {payload[:1]!r}")
        except BadRecord as error:
            found.bad.append((payload, str(error)))
    return found
