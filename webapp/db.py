"""Where the database is opened: one set of engines per process, made on first use, so never shared across a fork."""
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.settings import Settings

T = TypeVar("T")
REPLICA_REST_S = 2.0  # a replica that failed is left alone this long before it is asked again


class DatabaseAway(Exception):
    """The database cannot be reached; the text says which one and what to do."""


def open_engine(url: str, pool_size: int = 4, statement_ms: int = 5000) -> Engine:
    """An engine for SQLite (WAL, waits 5 s for a lock) or PostgreSQL (pre-ping, bounded pool, bounded statements)."""
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": 5})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        many_hosts(url), pool_size=pool_size, max_overflow=0, pool_timeout=0.2, pool_pre_ping=True, pool_recycle=60,
        connect_args={"connect_timeout": 2, "options": f"-c statement_timeout={statement_ms} -c timezone=UTC"},
    )


def many_hosts(url: str) -> URL:
    """A libpq address with several hosts (postgresql://u@a:1,b:2/db?…) as SQLAlchemy spells it (?host=a:1&host=b:2)."""
    parts = urlsplit(url)
    people, _, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return make_url(url)
    plain = make_url(urlunsplit(parts._replace(netloc=f"{people}@one" if people else "one"))).set(host=None)
    named = tuple(host if ":" in host else f"{host}:5432" for host in hosts.split(","))
    return plain.update_query_dict({"host": named})


def _prepare_sqlite(connection, _record) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A read that turns into a write cannot wait for the lock; a writer therefore takes it at once.
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


class Database:
    """The primary and, where one is set, a replica.

    `pool_size` and `statement_ms` bound what this user of the database may take: the scan path and the consoles
    each have a Database of their own, so that a slow report never holds the connection a shopper needs.
    """

    def __init__(self, settings: Settings, pool_size: int = 4, statement_ms: int = 5000) -> None:
        self._settings = settings
        self._bounds = {"pool_size": pool_size, "statement_ms": statement_ms}
        self._replica_rests_until = 0.0

    @property
    def settings(self) -> Settings:
        """What it was opened with; whoever writes also tells the caches, which are named there."""
        return self._settings

    @cached_property
    def write(self) -> Engine:
        return open_engine(self._settings.database, **self._bounds).execution_options(immediate=True)

    @cached_property
    def read(self) -> Engine:
        """The replica where one is set, else the primary without its write lock."""
        return open_engine(self._settings.replica_url or self._settings.database, **self._bounds)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One write transaction on the primary; commits at the end, rolls back on any error."""
        with self.write.begin() as connection:
            yield connection

    def ask(self, question: Callable[[Connection], T], replayed: str = "") -> T:
        """`question(connection)` answered by the replica if it is there and has replayed WAL up to `replayed` (an LSN),
        else by the primary. A question may therefore run twice: it must only read. Raises DatabaseAway."""
        if self._settings.replica_url and time.monotonic() >= self._replica_rests_until:
            try:
                with self.read.connect() as connection:
                    if not replayed or connection.scalar(_HAS_REPLAYED, {"lsn": replayed}):
                        return question(connection)
            except (OperationalError, InterfaceError, PoolTimeout):
                # Away, or it cancelled the query for recovery (40001): the primary can answer either way.
                self._replica_rests_until = time.monotonic() + REPLICA_REST_S
        try:
            with self._primary_for_reads.connect() as connection:
                return question(connection)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise DatabaseAway(f"the database does not answer: {error}") from error

    @cached_property
    def _primary_for_reads(self) -> Engine:
        return self.write.execution_options(immediate=False) if self._settings.replica_url else self.read

    def close(self) -> None:
        """Close what was opened; the object can be used again afterwards."""
        for name in ("write", "read", "_primary_for_reads"):
            if name in self.__dict__:
                self.__dict__.pop(name).dispose()


# A primary (recovery over, or never a standby) has everything by definition.
_HAS_REPLAYED = text("SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn)")

