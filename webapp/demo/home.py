"""The demo's folder: marked as its own before anything else is put there, locked while in use, wiped by name only."""
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from webapp.keys import KeysError, load_keys

MARKER = ".saltcheck-demo"
VERSION = 2  # of the demo world: an older one is built again
MADE = (
    "saltcheck.db", "saltcheck.db-wal", "saltcheck.db-shm", "saltcheck.db-journal", "keys.json", "geoip.mmdb",
    "demo.json", "spool", "photos", "metrics", "valkey.sock", "valkey.log", "appendonlydir",
)


class HomeRefused(Exception):
    """The folder cannot be the demo's; the text says which folder, why and what to do."""


class Mark(msgspec.Struct, frozen=True):
    """state: building | ready. A folder left in `building` was cut off and is built again."""

    version: int
    state: str


class Home:
    """A folder that is the demo's and locked by this process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ready(self) -> bool:
        """Whether a whole world of this version stands there."""
        return _read(self.path) == Mark(VERSION, "ready") and (self.path / "demo.json").is_file()

    def begin(self) -> None:
        """Remove what an earlier build made, whole or half, and say that a new one has begun."""
        _write(self.path, Mark(VERSION, "building"))
        for name in (*MADE, *(found.name for found in self.path.glob("appendonlydir.damaged-*"))):
            made = self.path / name
            if made.is_dir() and not made.is_symlink():
                shutil.rmtree(made)
            else:
                made.unlink(missing_ok=True)

    def finish(self) -> None:
        _write(self.path, Mark(VERSION, "ready"))


@contextmanager
def open_home(path: Path) -> Iterator[Home]:
    """Take the folder for the demo: its own, an empty one, or one where commands made files and nobody put data yet.
    Raises HomeRefused for any other, and for one in use by a demo."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if _read(path) is None:
            if strange := _somebodys(path):
                raise HomeRefused(f"{path} holds {strange} and was not made by the demo; "
                                  "choose an empty folder with SALTCHECK_HOME")
            _write(path, Mark(VERSION, "building"))
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise HomeRefused(f"{path} cannot be used ({error.strerror}); choose another with SALTCHECK_HOME") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Home(path)
    except BlockingIOError:
        raise HomeRefused(f"a demo already runs in {path}; stop it first, or choose another SALTCHECK_HOME") from None
    finally:
        os.close(lock)


def _somebodys(path: Path) -> str | None:
    """What in the folder could be somebody's work: a file that none of our commands makes, real keys, or a registry
    with data in it. What commands leave on a bare folder (demo keys, empty tables) is nobody's."""
    names = sorted(one.name for one in path.iterdir() if not one.name.startswith(MARKER))
    if strange := next((name for name in names if name not in MADE), None):
        return repr(strange)
    try:
        if "keys.json" in names and not load_keys(path / "keys.json").demo:
            return "keys of its own"
        if "saltcheck.db" in names and _has_sites(path / "saltcheck.db"):
            return "a registry with data"
    except (KeysError, sqlite3.Error) as error:
        return f"what cannot be read ({error})"
    return None


def _has_sites(database: Path) -> bool:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'site'").fetchone() is None:
            return False
        return connection.execute("SELECT 1 FROM site LIMIT 1").fetchone() is not None


def _read(path: Path) -> Mark | None:
    """The mark of a folder; a damaged one counts as a build that was cut off."""
    try:
        return msgspec.json.decode((path / MARKER).read_bytes(), type=Mark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return Mark(0, "building")


def _write(path: Path, mark: Mark) -> None:
    part = path / f"{MARKER}.part"
    with part.open("wb") as file:
        file.write(msgspec.json.encode(mark) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path / MARKER)
