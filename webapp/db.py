"""Where the database is opened: one set of engines per process, made on first use, so never shared across a fork."""
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.settings import Settings

T = TypeVar("T")
OLDEST_ANSWER_S = 5  # of a replica, where nobody knows how far it must have come
HUNG_AFTER_S = 0.5  # longer than a statement may take
NEWEST = 1 << 63  # a position no replica ever has: only the primary will do
REPLICA_REST_S = 2.0  # a replica that failed is left alone this long before it is asked again
AWAY = (OperationalError, InterfaceError, PoolTimeout)


class DatabaseAway(Exception):
    """The database cannot be reached; the text says which one and what to do."""


class _Late(Exception):
    """The replica has not replayed what the answer depends on."""


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
    engine = create_engine(
        many_hosts(url), pool_size=pool_size, max_overflow=0, pool_timeout=0.2, pool_pre_ping=True, pool_recycle=60,
        connect_args={"connect_timeout": 2, "options": f"-c statement_timeout={statement_ms} -c timezone=UTC"},
    )

    class Bounded(_Bounded):
        longest_s = statement_ms / 1000 + HUNG_AFTER_S

    event.listen(engine, "do_connect", lambda _dialect, _record, words, named: Bounded.connect(*words, **named))
    return engine


class _Bounded(psycopg.Connection[Any]):
    """The server keeps `statement_timeout`, but a server that hangs keeps nothing: so we do, a little later."""

    longest_s: float

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.longest_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may still come, and would be taken for that to the next question
            raise


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
        self._replica_failed = False
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

    def position(self) -> int:
        """WAL position (bytes) of the primary: a replica that has replayed it shows everything committed before this
        call. 0 on SQLite, which has no replica. Raises DatabaseAway."""
        if self.write.dialect.name != "postgresql":
            return 0
        return self._ask_primary(lambda connection: int(connection.scalar(_POSITION)))

    def ask(self, question: Callable[[Connection], T], replayed: int | None = None) -> T:
        """`question(connection)` answered by the replica if it is there and has replayed up to the WAL position
        `replayed` (None: lags at most five seconds), else by the primary. A question may therefore run twice: it must
        only read. Raises DatabaseAway."""
        has_replica = bool(self._settings.replica_url)
        asked = has_replica and self._may_ask_replica()
        if asked:
            with suppress(_Late, *AWAY):  # or it cancelled the query for recovery (40001)
                return self._ask_replica(question, replayed)
        try:
            return self._ask_primary(question)
        except DatabaseAway:
            if asked or not has_replica:
                raise
        try:
            return self._ask_replica(question, replayed)  # it was to rest, but there is nobody else
        except (_Late, *AWAY) as error:
            raise DatabaseAway(f"neither primary nor replica answers: {error}") from error

    def _ask_replica(self, question: Callable[[Connection], T], replayed: int | None) -> T:
        try:
            with _plainly(self.read) as connection:
                near = _is_near(connection, replayed)
                self._replica_failed = False
                if not near:
                    raise _Late("the replica is behind")
                return question(connection)
        except AWAY:
            self._replica_failed = True
            self._replica_rests_until = time.monotonic() + REPLICA_REST_S
            raise

    def _may_ask_replica(self) -> bool:
        """After a failure, once it has rested, one asker tries; the others go on without until it knows."""
        now = time.monotonic()
        if self._replica_failed:
            if now < self._replica_rests_until:
                return False
            self._replica_rests_until = now + REPLICA_REST_S
        return True

    def _ask_primary(self, question: Callable[[Connection], T]) -> T:
        try:
            with _plainly(self._primary_for_reads) as connection:
                return question(connection)
        except AWAY as error:
            raise DatabaseAway(f"the database does not answer: {error}") from error

    @cached_property
    def _primary_for_reads(self) -> Engine:
        return self.write.execution_options(immediate=False) if self._settings.replica_url else self.read

    def close(self) -> None:
        """Close what was opened; the object can be used again afterwards."""
        for name in ("write", "read", "_primary_for_reads"):
            if name in self.__dict__:
                self.__dict__.pop(name).dispose()


def _plainly(engine: Engine) -> Connection:
    """A connection for questions: without BEGIN and ROLLBACK, two round trips that give a reader nothing."""
    connection = engine.connect()
    return connection.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" \
        else connection


def _is_near(connection: Connection, replayed: int | None) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    if replayed is None:
        return bool(connection.scalar(_IS_YOUNG, {"oldest": OLDEST_ANSWER_S}))
    return replayed == 0 or bool(connection.scalar(_HAS_REPLAYED, {"position": replayed}))


# Flushed, not written: only what is flushed is sent to replicas, and whatever was committed is.
_POSITION = text("SELECT pg_current_wal_flush_lsn() - '0/0'")
# A primary (recovery over, or never a standby) has everything by definition.
_HAS_REPLAYED = text("SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() - '0/0' >= :position")
# Without anything to replay the last replayed transaction grows old, though nothing is missing.
_IS_YOUNG = text("SELECT NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() "
                 "OR now() - pg_last_xact_replay_timestamp() < make_interval(secs => :oldest)")

