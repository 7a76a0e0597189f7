"""New scans into the history of their codes, in the database: the copy of record behind Valkey."""
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from webapp.models import CodeHistory
from webapp.scanlog.insert import Located
from webapp.scanlog.scan import Scan, sighting_of
from webapp.upsert import upsert
from webapp.verify.facts import Bag
from webapp.verify.history import NOTHING, History, observe, pack, unpack
from webapp.verify.sighting import RELOAD_S, Sighting, folded_tail, last_visits

ASKED_AT_ONCE = 500


class Shipped(NamedTuple):
    """A scan that has just come into the database, with what was known of its code before it."""

    scan: Scan
    bag: Bag
    before: History


class Kept(NamedTuple):
    """A code's row of `code_history`."""

    packed: bytes
    tail: bytes


class _Code:
    """One code while a batch is folded."""

    __slots__ = ("history", "tail", "fresh", "last")

    def __init__(self, history: History, tail: bytes) -> None:
        self.history, self.tail = history, tail
        self.fresh: list[Sighting] = []
        self.last = last_visits(tail)

    def is_reload(self, seen: Sighting) -> bool:
        """Whether this device looked at the code within half an hour of now; the window slides with every look."""
        before = self.last.get(seen.device)
        self.last[seen.device] = seen.at
        return before is not None and abs(seen.at - before) < RELOAD_S * 1_000_000


def fold(connection: Connection, new: Sequence[Located],
         others: Iterable[int]) -> tuple[list[Shipped], dict[int, Kept]]:
    """Fold `new`, which must be in order of time, and write `code_history`.

    -> (the scans that count, what is kept now of every code of `new` and `others`). Two pages that did not see each
    other (Valkey was away) may both have kept a scan of one visit: here the second is found to be a reload and does
    not count.
    """
    serials = {one.scan.serial for one in new}
    codes = _read(connection, sorted(serials.union(others)))
    shipped = []
    for scan, bag in new:
        code, seen = codes.setdefault(scan.serial, _Code(NOTHING, b"")), sighting_of(scan)
        if code.is_reload(seen):
            continue
        shipped.append(Shipped(scan, bag, code.history))
        code.history = observe(code.history, seen)
        code.fresh.append(seen)
    for code in codes.values():
        if code.fresh:
            code.tail = folded_tail(code.tail, code.fresh)
    _write(connection, {serial: code for serial, code in codes.items() if code.fresh})
    return shipped, {serial: Kept(pack(code.history), code.tail) for serial, code in codes.items()}


def _read(connection: Connection, serials: list[int]) -> dict[int, _Code]:
    codes = {}
    for start in range(0, len(serials), ASKED_AT_ONCE):
        for row in connection.execute(
                select(CodeHistory.serial, CodeHistory.state, CodeHistory.tail)
                .where(CodeHistory.serial.in_(serials[start:start + ASKED_AT_ONCE]))):
            codes[row.serial] = _Code(unpack(row.state), row.tail)
    return codes


def _write(connection: Connection, codes: dict[int, _Code]) -> None:
    now = datetime.now(UTC)
    upsert(connection, CodeHistory, [
        {"serial": serial, "scans": code.history.scans, "state": pack(code.history),
         "tail": code.tail, "updated_at": now}
        for serial, code in sorted(codes.items())
    ])
