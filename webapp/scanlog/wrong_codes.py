"""Wrong codes, counted in bounded memory and kept as one small record every few seconds: never anything per hit."""
import atexit
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from webapp.keys import CodeKeys
from webapp.models import WrongCode
from webapp.places import province_of
from webapp.scanlog.instant import utc
from webapp.scanlog.scan import BadRecord
from webapp.scanlog.spool import Spool
from webapp.verify.code import nearest

KIND = b"W"  # first byte of a spool record that holds a summary
FLUSH_SECONDS = 5.0
CELLS = 128  # networks told apart between two flushes; the others count together, by province
DEVICES, TEXTS = 64, 4  # remembered in a cell
TRIES = 16  # who tried what, remembered in a cell: what the detectors learn from
CHECKED = 16  # texts looked at for a near miss in one flush: each costs a few ms, in the background
TEXT_LIMIT, NETWORK_LIMIT = 64, 50


class Where(Protocol):
    """What of a visit is counted here."""

    @property
    def device(self) -> int: ...
    @property
    def network(self) -> str: ...
    @property
    def counted(self) -> bool: ...
    @property
    def located(self) -> "Located": ...


class Located(Protocol):
    @property
    def adcode(self) -> int: ...
    @property
    def hosting(self) -> bool: ...


class Try(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One phone's wrong code. `device`: 32 bits of its pseudonym. `misread`: one character away from one of ours."""

    device: int
    text: str
    misread: bool


class Summary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hits of one network and place (network "" = of many) since the flush before, by one process. `at` µs, UTC.

    devices: distinct, outside data centres, up to 64. near_misses: hits one character away from a code of ours.
    tries: some of the hits, each phone and text once; records kept before there were any have none.
    """

    summary_id: str
    at: int
    adcode: int
    network: str
    hits: int
    devices: int
    near_misses: int
    example: str
    tries: tuple[Try, ...] = ()


@dataclass
class _Cell:
    hits: int = 0
    devices: set[int] = field(default_factory=set)
    texts: dict[str, int] = field(default_factory=dict)
    tries: dict[tuple[int, str], None] = field(default_factory=dict)


class WrongCodes:
    """The counters of this process. The first wrong code starts the thread that keeps them."""

    def __init__(self, spool: Spool, keys: CodeKeys) -> None:
        self._spool, self._keys = spool, keys
        self._lock = threading.Lock()
        self._cells: dict[tuple[int, str], _Cell] = {}
        self._pid = -1

    def count(self, visit: Where, text: str) -> None:
        """One wrong code: a microsecond, no I/O. Known bots and previews do not count."""
        if not visit.counted:
            return
        name = (visit.located.adcode, visit.network)
        with self._lock:
            cell = self._cells.get(name)
            if cell is None:
                if len(self._cells) >= CELLS:
                    name = (province_of(name[0]), "")
                cell = self._cells.setdefault(name, _Cell())
            cell.hits += 1
            if len(cell.devices) < DEVICES and not visit.located.hosting:
                cell.devices.add(visit.device)
            text = text[:TEXT_LIMIT]
            if text in cell.texts or len(cell.texts) < TEXTS:
                cell.texts[text] = cell.texts.get(text, 0) + 1
                if len(cell.tries) < TRIES and not visit.located.hosting:
                    cell.tries[visit.device & 0xFFFFFFFF, text] = None
        if self._pid != os.getpid():
            self._start()

    def flush(self) -> bool:
        """Keep what was counted as one record. True when nothing is left to keep."""
        with self._lock:
            cells, self._cells = self._cells, {}
        if not cells:
            return True
        at = time.time_ns() // 1000
        batch = os.urandom(12).hex()
        checks = iter(range(CHECKED))
        summaries = []
        for number, ((adcode, network), cell) in enumerate(cells.items()):
            misread = {text for text in cell.texts if next(checks, None) is not None and nearest(text, self._keys)}
            summaries.append(Summary(
                f"{batch}{number:08x}", at, adcode, network[:NETWORK_LIMIT], cell.hits, len(cell.devices),
                sum(cell.texts[text] for text in misread), next(iter(cell.texts), ""),
                tuple(Try(device, text, text in misread) for device, text in cell.tries)))
        return self._spool.append(encode(summaries))

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
        threading.Thread(target=self._flush_at_times, name="wrong-codes", daemon=True).start()
        atexit.register(self.flush)

    def _flush_at_times(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()


def encode(summaries: list[Summary]) -> bytes:
    return KIND + _ENCODER.encode(summaries)


def decode(payload: bytes) -> list[Summary]:
    """The summaries of a spool record. Raises BadRecord."""
    try:
        return _DECODER.decode(memoryview(payload)[1:])
    except msgspec.MsgspecError as error:
        raise BadRecord(str(error)) from None


def insert(connection: Connection, summaries: list[Summary]) -> list[Summary]:
    """Write them to `wrong_code`; -> those that were not there yet."""
    insert_into = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    new = []
    for one in summaries:
        row = msgspec.structs.asdict(one) | {"at": utc(one.at), "tries": msgspec.to_builtins(one.tries)}
        statement = insert_into(WrongCode).values(row).on_conflict_do_nothing()
        if connection.execute(statement).rowcount:
            new.append(one)
    return new


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Summary])
