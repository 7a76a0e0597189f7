"""The files of the spool: one append-only segment per process at a time, records of length + CRC32C + payload."""
import fcntl
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import google_crc32c

HEADER = struct.Struct("<II")
MAX_PAYLOAD = 65_536
SUFFIX = ".spool"
READ_BYTES = 1 << 20


def frame(payload: bytes) -> bytes:
    """A payload as it stands in the file."""
    return HEADER.pack(len(payload), google_crc32c.value(payload)) + payload


def create_segment(folder: Path, sequence: int) -> tuple[int, Path]:
    """A new file, locked by us as long as we live. -> (descriptor, path). Raises OSError.

    It gets its name only once the lock is held: a reader takes a segment without a lock for a finished one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40]
    path = folder / f"{host}-{os.getpid()}-{time.time_ns()}-{sequence}{SUFFIX}"
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.rename(path)
        sync_folder(folder)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, path


def sync_folder(folder: Path) -> None:
    """A file's name is on disk only after its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def segments(folder: Path) -> list[Path]:
    """All segments, in order of name: a process's own in the order it wrote them."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def is_finished(path: Path) -> bool:
    """Whether nobody will write to it any more: its process closed it or died."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_records(path: Path, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """-> (payload, offset after it) of every whole record from `offset` on. Stops quietly at the first that is cut or
    damaged: in a living segment it is still being written, in a dead one it was never acknowledged."""
    with path.open("rb") as file:
        file.seek(offset)
        held = b""
        while more := file.read(READ_BYTES):
            held += more
            position = 0
            while (payload := _record(held, position)) is not None:
                position += HEADER.size + len(payload)
                yield payload, offset + position
            held, offset = held[position:], offset + position
            if len(held) >= HEADER.size + MAX_PAYLOAD:  # not cut but damaged: more bytes do not heal it
                return


def next_record(path: Path, offset: int) -> int | None:
    """Where whole records go on after damage at `offset`; None when none follow. For dead segments only."""
    held = path.read_bytes()
    for position in range(offset + 1, len(held) - HEADER.size):
        if _record(held, position) is not None:
            return position
    return None


def _record(held: bytes, position: int) -> bytes | None:
    """The payload of the record at `position`, if it is all there and whole."""
    start = position + HEADER.size
    if start > len(held):
        return None
    length, crc = HEADER.unpack_from(held, position)
    payload = held[start:start + length]
    # No record is empty, so that a run of zeros (a hole after a crash) reads as damage, not as records.
    if not 0 < length <= MAX_PAYLOAD or len(payload) != length or google_crc32c.value(payload) != crc:
        return None
    return payload


def pending(folder: Path) -> bool:
    """Whether any segment holds records (perhaps shipped already, but not yet deleted)."""
    return any(path.stat().st_size for path in segments(folder)) if folder.is_dir() else False
