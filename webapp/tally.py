"""Numbers of one process that the others can read: a file mapped into memory, so that counting is a memory access.

A file holds SLOTS entries of a name (48 bytes, padded) and a double. Who writes it holds its lock as long as it lives:
the numbers of a process that ended stay and are part of the sums, until `forget_ended`.
"""
import fcntl
import mmap
import os
import re
import socket
import struct
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

SLOTS = 320
SLOT = struct.Struct("<48sd")
SUFFIX = ".tally"
WORDS = SLOT.size // 8  # a slot as doubles; the last of them is its value


class Tally:
    """One per process; the file is made at the first number. Without a folder to write to it counts for itself alone.

    Threads may now and then miss one of each other's counts (no lock is worth it here): a rate is not a ledger.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._begin()
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        """Also in a child after a fork: its parent's numbers are its parent's."""
        self._places: dict[str, int] = {}
        self._held: mmap.mmap | bytearray | None = None
        self._cells = memoryview(bytearray(8)).cast("d")

    def add(self, name: str, more: float = 1.0) -> None:
        place = self._places.get(name)
        if place is None:
            place = self._place(name)
        self._cells[place] += more

    def set(self, name: str, value: float) -> None:
        place = self._place(name)  # before _cells is looked at: the first name makes it
        self._cells[place] = value

    def _place(self, name: str) -> int:
        with self._lock:
            if self._held is None:
                self._held = _open(self._folder)
                self._cells = memoryview(self._held).cast("d")
            place = self._places.get(name)
            if place is None:
                number = len(self._places)
                if number == SLOTS:
                    raise ValueError(f"no room for {name!r}: a tally has {SLOTS} names")
                SLOT.pack_into(self._held, number * SLOT.size, name.encode(), 0.0)
                place = self._places[name] = number * WORDS + WORDS - 1
            return place

    def own(self) -> dict[str, float]:
        """What this process counted."""
        return {} if self._held is None else dict(_read(self._held))


def read_all(folder: Path) -> list[tuple[bool, dict[str, float]]]:
    """(is its process alive, its numbers) of every process that ever counted here."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            with path.open("rb") as file:
                found.append((not _is_free(file.fileno()), dict(_read(file.read()))))
        except FileNotFoundError:
            continue  # forgotten meanwhile
    return found


def forget_ended(folder: Path) -> None:
    """Delete the numbers of processes that are gone."""
    for path in folder.glob(f"*{SUFFIX}"):
        with path.open("rb") as file:
            if _is_free(file.fileno()):
                path.unlink(missing_ok=True)


def _open(folder: Path) -> mmap.mmap | bytearray:
    size = SLOTS * SLOT.size
    try:
        folder.mkdir(parents=True, exist_ok=True)
        host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:40]
        file, name = tempfile.mkstemp(SUFFIX, f"{host}-{os.getpid()}-", folder)
    except OSError:
        return bytearray(size)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.posix_fallocate(file, 0, size)  # else the first number on a full disk would kill this process (SIGBUS)
        return mmap.mmap(file, size)  # keeps a descriptor, and with it the lock, of its own
    except OSError:
        os.unlink(name)
        return bytearray(size)
    finally:
        os.close(file)


def _read(held: mmap.mmap | bytearray | bytes) -> Iterator[tuple[str, float]]:
    for place in range(0, len(held) - SLOT.size + 1, SLOT.size):
        name, value = SLOT.unpack_from(held, place)
        if not name[0]:
            return
        yield name.rstrip(b"\0").decode("ascii", "replace"), value


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
