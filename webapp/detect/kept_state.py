"""The engine's state in the database: of each part only the pieces that changed are written."""
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import Connection, delete, select

from webapp.detect.engine import Engine
from webapp.detect.opinion import Open, together
from webapp.detect.share import is_of
from webapp.detect.snapshot import BadSnapshot, open_of, parts, restore
from webapp.models import DetectorState
from webapp.upsert import upsert

PIECE = 16_384  # bytes: a witness touches one piece of the table of networks, not all of it


class KeptState:
    """What the database holds of one detector's state, by digests. Forget it when a transaction fails."""

    def __init__(self, detector: str) -> None:
        self._detector = detector
        self._digests: dict[tuple[str, int], bytes] = {}
        self._lengths: dict[str, int] = {}

    def load(self, connection: Connection, engine: Engine) -> None:
        """Put what is kept into an engine just made. Raises BadSnapshot."""
        pieces: defaultdict[str, list[bytes]] = defaultdict(list)
        for row in connection.execute(
                select(DetectorState.part, DetectorState.piece, DetectorState.state)
                .where(DetectorState.detector == self._detector).order_by(DetectorState.part, DetectorState.piece)):
            pieces[row.part].append(row.state)
            self._digests[row.part, row.piece] = _digest(row.state)
        self._lengths = {part: len(held) for part, held in pieces.items()}
        restore(engine, {part: b"".join(held) for part, held in pieces.items()})

    def save(self, connection: Connection, engine: Engine) -> int:
        """Write what changed; -> bytes written."""
        rows: list[dict[str, object]] = []
        shorter: list[tuple[str, int]] = []
        written = 0
        for part, packed in parts(engine, sorted(engine.touched), sorted(engine.people.touched)):
            pieces = [packed[start:start + PIECE] for start in range(0, len(packed), PIECE)]
            for number, piece in enumerate(pieces):
                digest = _digest(piece)
                if self._digests.get((part, number)) != digest:
                    self._digests[part, number] = digest
                    written += len(piece)
                    rows.append({"detector": self._detector, "part": part, "piece": number, "state": piece})
            if len(pieces) < self._lengths.get(part, 0):
                shorter.append((part, len(pieces)))
            self._lengths[part] = len(pieces)
        upsert(connection, DetectorState, rows)
        self._cut(connection, shorter)
        engine.touched.clear()
        engine.people.touched.clear()
        return written

    def _cut(self, connection: Connection, shorter: Iterable[tuple[str, int]]) -> None:
        for part, length in shorter:
            connection.execute(delete(DetectorState).where(
                DetectorState.detector == self._detector, DetectorState.part == part, DetectorState.piece >= length))
            for key in [key for key in self._digests if key[0] == part and key[1] >= length]:
                del self._digests[key]


def kept_open(connection: Connection, kind: str) -> Open:
    """The open clusters as all detectors of a kind kept them last; none of one that has no state that can be read."""
    pieces: defaultdict[str, bytes] = defaultdict(bytes)
    for row in connection.execute(
            select(DetectorState.detector, DetectorState.state)
            .where(is_of(kind, DetectorState.detector), DetectorState.part == "open")
            .order_by(DetectorState.detector, DetectorState.piece)):
        pieces[row.detector] += row.state
    return together(filter(None, map(_open_of, pieces.values())))


def _open_of(packed: bytes) -> Open | None:
    try:
        return open_of(packed)
    except BadSnapshot:
        return None


def _digest(piece: bytes) -> bytes:
    return blake2b(piece, digest_size=12).digest()
