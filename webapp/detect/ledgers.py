"""The ledgers of codes as the engine sees them: a mapping over the table, which is written only at checkpoints."""
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping

from sqlalchemy import Connection, delete, func, select

from webapp.detect.share import WHOLE, Share
from webapp.detect.short_ledger import lengthen, shorten
from webapp.models import CodeLedger
from webapp.upsert import upsert

HELD = 200_000  # ledgers in memory beside those that changed: 64 bytes and Python's overhead each
ASKED_AT_ONCE = 500
FORGOTTEN_AT_ONCE = 20_000  # looked through: some hundredths of a second


class Ledgers(MutableMapping[int, bytes]):
    """Serial -> packed ledger. `ask` reads serials that are not in memory."""

    def __init__(self, ask: Callable[[list[int]], Mapping[int, bytes]]) -> None:
        self._ask = ask
        self._held: dict[int, bytes] = {}  # b"" = the table holds none
        self._changed: dict[int, bytes] = {}

    def fetch(self, serials: Iterable[int]) -> None:
        """Read the ledgers of a batch together, before the engine asks one by one."""
        missing = sorted(set(serials) - self._held.keys())
        if not missing:
            return
        if len(self._held) + len(missing) > HELD:
            self._held = dict(self._changed)
        found = self._ask(missing)
        for serial in missing:
            self._held[serial] = found.get(serial, b"")

    def changes(self) -> dict[int, bytes]:
        """Short forms of what changed since they were taken last, by serial; b"" = there is none any more."""
        changed, self._changed = self._changed, {}
        return {serial: shorten(ledger) for serial, ledger in sorted(changed.items())}

    def __getitem__(self, serial: int) -> bytes:
        ledger = self._held.get(serial)
        if ledger is None:
            self.fetch([serial])
            ledger = self._held[serial]
        if not ledger:
            raise KeyError(serial)
        return ledger

    def get(self, serial: int, default: bytes = b"") -> bytes:  # type: ignore[override]
        held = self._held.get(serial)
        if held is None:
            self.fetch([serial])
            held = self._held[serial]
        return held or default

    def __setitem__(self, serial: int, ledger: bytes) -> None:
        self._held[serial] = self._changed[serial] = ledger

    def __delitem__(self, serial: int) -> None:
        self._held[serial] = self._changed[serial] = b""

    def __iter__(self) -> Iterator[int]:
        return (serial for serial, ledger in self._held.items() if ledger)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_ledgers(connection: Connection, detector: str, serials: list[int]) -> dict[int, bytes]:
    """The whole ledgers of codes."""
    return {serial: lengthen(short) for serial, short in read_short(connection, detector, serials).items()}


def read_short(connection: Connection, detector: str, serials: list[int]) -> dict[int, bytes]:
    """The same as they are kept."""
    found: dict[int, bytes] = {}
    for start in range(0, len(serials), ASKED_AT_ONCE):
        found.update((row.serial, row.ledger) for row in connection.execute(
            select(CodeLedger.serial, CodeLedger.ledger).where(
                CodeLedger.detector == detector, CodeLedger.serial.in_(serials[start:start + ASKED_AT_ONCE]))))
    return found


def write_ledgers(connection: Connection, detector: str, changes: Mapping[int, bytes]) -> None:
    """`changes` as `Ledgers.changes` gives them, in order of serials: two writers never wait in a ring."""
    upsert(connection, CodeLedger, [{"serial": serial, "detector": detector, "ledger": short}
                                    for serial, short in changes.items() if short])
    gone = [serial for serial, short in changes.items() if not short]
    for start in range(0, len(gone), ASKED_AT_ONCE):
        connection.execute(delete(CodeLedger).where(
            CodeLedger.detector == detector, CodeLedger.serial.in_(gone[start:start + ASKED_AT_ONCE])))


def forget_ledgers(connection: Connection, detector: str, after: int, share: Share = WHOLE) -> int | None:
    """Forget a detector's (of a share) among the next so many ledgers of whichever detectors: in a table of many
    millions its own may be rare. -> the serial to go on after, None at the end of the table."""
    next_ones = (select(CodeLedger.serial).where(CodeLedger.serial > after)
                 .order_by(CodeLedger.serial).limit(FORGOTTEN_AT_ONCE).subquery())
    seen, last = connection.execute(select(func.count(), func.max(next_ones.c.serial)).select_from(next_ones)).one()
    if last is None:
        return None
    connection.execute(delete(CodeLedger).where(
        CodeLedger.detector == detector, CodeLedger.serial > after, CodeLedger.serial <= last,
        share.among(CodeLedger.serial)))
    return last if seen == FORGOTTEN_AT_ONCE else None
