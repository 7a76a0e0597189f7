"""Where the database is opened: one set of engines per process, made on first use, so never shared across a fork."""
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.settings import Settings

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
        url, pool_size=pool_size, max_overflow=0, pool_timeout=0.2, pool_pre_ping=True, pool_recycle=60,
        connect_args={"connect_timeout": 2, "options": f"-c statement_timeout={statement_ms} -c timezone=UTC"},
    )


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

    @contextmanager
    def reading(self, replayed: str = "") -> Iterator[Connection]:
        """A connection for reads: the replica if it answers and has replayed WAL up to `replayed` (an LSN), else
        the primary. Raises DatabaseAway when neither answers."""
        connection = self._replica(replayed) if self._settings.replica_url else None
        try:
            connection = connection or self._primary_for_reads()
            with connection:
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            if isinstance(error, DBAPIError) and not (error.connection_invalidated or _is_away(error)):
                raise
            raise DatabaseAway(f"the database does not answer: {error}") from error

    def _primary_for_reads(self) -> Connection:
        return (self.write.execution_options(immediate=False) if self._settings.replica_url else self.read).connect()

    def _replica(self, replayed: str) -> Connection | None:
        if time.monotonic() < self._replica_rests_until:
            return None
        try:
            connection = self.read.connect()
        except (DBAPIError, PoolTimeout):
            self._replica_rests_until = time.monotonic() + REPLICA_REST_S
            return None
        if replayed and not connection.scalar(_HAS_REPLAYED, {"lsn": replayed}):
            connection.close()
            return None
        return connection

    def close(self) -> None:
        """Close what was opened; the object can be used again afterwards."""
        for name in ("write", "read"):
            if name in self.__dict__:
                self.__dict__.pop(name).dispose()


# A primary (recovery over, or never a standby) has everything by definition.
_HAS_REPLAYED = text("SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn)")


def _is_away(error: DBAPIError) -> bool:
    """Whether an error means 'nobody there' rather than 'a wrong statement'."""
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout", "AdminShutdown"}
