"""What of the spool is not in the database yet: read on from where the last batch ended, delete what is done."""
import os
from pathlib import Path
from typing import NamedTuple

import structlog

from webapp.scanlog.segment import frame, is_finished, next_record, read_records, segments

BAD_FILE = "undecodable.bad"

log = structlog.get_logger()


class Batch(NamedTuple):
    """Payloads in the order they were kept, and how far each segment is read with them."""

    payloads: list[bytes]
    read_to: dict[Path, int]


class Backlog:
    """The spool folder of this machine as its one shipper sees it. Offsets live in memory only: after a restart
    everything still there is read again, which the scan id makes harmless."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: dict[Path, int] = {}
        self.bad = 0

    def ends(self) -> dict[Path, int]:
        """How far each segment is written by now, in bytes."""
        return {path: path.stat().st_size for path in segments(self._folder)}

    def next_batch(self, limit: int, ends: dict[Path, int]) -> Batch:
        """At most `limit` records of those written before `ends`; no payloads = none of them waits."""
        batch = Batch([], {})
        for path in segments(self._folder):
            if path not in ends:
                continue
            start = batch.read_to[path] = self._done.get(path, 0)
            if ends[path] <= start:
                continue
            for payload, offset in read_records(path, start):
                batch.payloads.append(payload)
                batch.read_to[path] = offset
                if len(batch.payloads) >= limit:
                    return batch
                if offset >= ends[path]:
                    break
        return batch

    def done(self, batch: Batch) -> None:
        """The batch is committed: remember it, and delete segments that nobody writes and that hold nothing more."""
        self._done.update(batch.read_to)
        for path, offset in batch.read_to.items():
            # Finished first, then its size: the other way round a record could come in between.
            if is_finished(path) and not self._has_more(path, offset):
                path.unlink()
                del self._done[path]

    def waiting_bytes(self) -> int:
        """Of all segments, what lies behind the last committed batch."""
        return sum(max(0, path.stat().st_size - self._done.get(path, 0)) for path in segments(self._folder))

    def set_aside(self, payload: bytes, reason: str) -> None:
        """Keep what cannot be shipped in a file of its own, so that it neither blocks the others nor is lost."""
        self.bad += 1
        log.error("record_set_aside", file=str(self._folder / BAD_FILE), reason=reason)
        with (self._folder / BAD_FILE).open("ab") as file:
            file.write(frame(payload))
            file.flush()
            os.fsync(file.fileno())

    def _has_more(self, path: Path, offset: int) -> bool:
        """Whether records follow in a segment whose process is gone. A cut last record was never acknowledged."""
        if next(read_records(path, offset), None) is not None:
            return True
        if path.stat().st_size == offset:
            return False
        resume = next_record(path, offset)
        if resume is None:
            log.warning("torn_record_dropped", segment=path.name, at=offset)
            return False
        with path.open("rb") as file:
            file.seek(offset)
            self.set_aside(file.read(min(resume - offset, 65_536)), f"damage in {path.name} at {offset}")
        self._done[path] = resume
        return True
