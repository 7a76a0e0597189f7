"""Keeps scans like money: what `append` says yes to is on the disk before the page leaves."""
import os
import threading
import time
import weakref
from contextlib import suppress
from enum import Enum
from pathlib import Path

import structlog

from webapp.scanlog.segment import MAX_PAYLOAD, create_segment, frame

ROLL_BYTES = 8 << 20
ROLL_SECONDS = 60.0  # at the next record; a busy process's segments become deletable, an idle one's stay readable
FLOOR_BYTES = 32 << 20  # the last of the disk is left to the database and the logs
INTERVAL_SECONDS = 0.05

log = structlog.get_logger()


class Sync(Enum):
    """What a yes promises. GROUP: survives a power cut; threads that wait at the same time share one fdatasync.
    INTERVAL: survives a killed process at once, a power cut after at most 50 ms. WRITE: a killed process only."""

    GROUP = "group"
    INTERVAL = "interval"
    WRITE = "write"


class _Batch:
    """Records that reach the disk together. The caller who brings the first ones commits them for all; `done` is a
    lock, made only when somebody waits for them to be kept."""

    __slots__ = ("records", "kept", "done")

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.kept = False
        self.done: threading.Lock | None = None


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


class Spool:
    """The spool of this process in `folder`; made before a fork it starts afresh in the child. Safe for threads.

    `kept`, `refused`, `syncs` count since the start of the process.
    """

    def __init__(self, folder: Path, sync: Sync = Sync.GROUP, roll_bytes: int = ROLL_BYTES,
                 roll_seconds: float = ROLL_SECONDS, floor_bytes: int = FLOOR_BYTES) -> None:
        self._folder = folder
        self._sync = sync
        self._roll_bytes, self._roll_seconds, self._floor_bytes = roll_bytes, roll_seconds, floor_bytes
        self._file = -1
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        if self._file >= 0:  # in a child: the segment and its lock belong to the parent
            os.close(self._file)
        self._joining = threading.Lock()  # guards _next: held for microseconds
        self._disk = threading.Lock()  # guards the file: held while it is written and synced
        self._next = _Batch()
        self._file = -1
        self._size = 0
        self._sequence = 0
        self._opened_at = self._room_checked_at = 0.0
        self._dirty = threading.Event()
        self._syncer: threading.Thread | None = None
        self._complained = False
        self.kept = self.refused = self.syncs = 0

    def append(self, *payloads: bytes) -> bool:
        """Keep records, all or none. True once they are as safe as `sync` promises, False when they cannot be kept.
        Never raises."""
        if not all(0 < len(payload) <= MAX_PAYLOAD for payload in payloads):
            self.refused += len(payloads)
            return False
        records = list(map(frame, payloads))
        if self._sync is not Sync.GROUP:  # nobody waits for the disk, so nobody gains from company
            with self._disk:
                return self._commit(records)
        with self._joining:
            batch = self._next
            first = not batch.records
            batch.records += records
            if not first and batch.done is None:
                batch.done = _held()
        if not first:
            with batch.done:  # type: ignore[union-attr]
                return batch.kept
        with self._disk:  # while the batch before is being synced, others join this one
            with self._joining:
                self._next = _Batch()
            batch.kept = self._commit(batch.records)
        if batch.done is not None:
            batch.done.release()
        return batch.kept

    def close(self) -> None:
        """Finish the segment, so that the worker may delete it once it is shipped. `append` begins a new one."""
        with self._disk:
            self._finish()

    def _commit(self, records: list[bytes]) -> bool:
        try:
            self._make_room()
            data = b"".join(records)
            if _write_all(self._file, data) and self._sync is Sync.GROUP:
                os.fdatasync(self._file)
                self.syncs += 1
        except OSError as error:
            self.refused += len(records)
            self._give_up(error)
            return False
        self._size += len(data)
        self.kept += len(records)
        self._complained = False
        if self._sync is Sync.INTERVAL:
            self._sync_soon()
        return True

    def _make_room(self) -> None:
        now = time.monotonic()
        if self._file >= 0 and (self._size >= self._roll_bytes or now - self._opened_at >= self._roll_seconds):
            self._finish()
        if now - self._room_checked_at >= 1.0:
            self._folder.mkdir(parents=True, exist_ok=True)
            disk = os.statvfs(self._folder)
            if disk.f_bavail * disk.f_frsize < self._floor_bytes:
                raise OSError(28, "the disk of the spool is nearly full")
            self._room_checked_at = now
        if self._file < 0:
            self._sequence += 1
            self._file, _ = create_segment(self._folder, self._sequence)
            self._size, self._opened_at = 0, now

    def _give_up(self, error: OSError) -> None:
        """Nothing of a refused batch may stay, and after a failed sync the kernel's word for this file is worth
        nothing: cut it back to what was acknowledged and never write to it again."""
        if not self._complained:
            _complain("spool_refuses", folder=str(self._folder), reason=str(error))
            self._complained = True
        if self._file >= 0:
            try:
                os.ftruncate(self._file, self._size)
            except OSError as also:
                _complain("spool_not_cut_back", folder=str(self._folder), reason=str(also))
            self._finish()

    def _finish(self) -> None:
        if self._file < 0:
            return
        file, self._file = self._file, -1
        try:
            if self._sync is not Sync.WRITE:
                os.fdatasync(file)
        except OSError as error:
            _complain("spool_not_synced", folder=str(self._folder), reason=str(error))
        os.close(file)

    def _sync_soon(self) -> None:
        if self._syncer is None:
            self._syncer = threading.Thread(target=self._sync_at_intervals, name="spool-sync", daemon=True)
            self._syncer.start()
        self._dirty.set()

    def _sync_at_intervals(self) -> None:
        while self._dirty.wait():
            self._dirty.clear()
            time.sleep(INTERVAL_SECONDS / 2)  # half, so that a slow sync still ends within the promise
            with self._disk:
                if self._file < 0:
                    continue
                file = os.dup(self._file)
            try:
                os.fdatasync(file)
                self.syncs += 1
            except OSError as error:
                _complain("spool_not_synced", folder=str(self._folder), reason=str(error))
            finally:
                os.close(file)


def _complain(event: str, **facts: str) -> None:
    with suppress(OSError):  # the log may lie on the same full disk
        log.error(event, **facts)


def _write_all(file: int, data: bytes) -> bool:
    written = os.write(file, data)
    while written < len(data):  # a nearly full disk takes a part first and refuses the rest
        written += os.write(file, data[written:])
    return True
