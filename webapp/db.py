"""Where the database is opened: one pair of engines per process, made on first use."""
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from webapp.settings import Settings


class DatabaseAway(Exception):
    """The database cannot be reached; the text says which one and what to do."""


def open_engine(url: str, pool_size: int = 4) -> Engine:
    """An engine for SQLite (WAL, waits 5 s for a lock) or PostgreSQL (pre-ping, pool bounded, 5 s statements)."""
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
        connect_args={"connect_timeout": 2, "options": "-c statement_timeout=5000 -c timezone=UTC"},
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
    """The primary (`write`) and, where one is set, a replica (`read`); both opened on first use, after any fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def write(self) -> Engine:
        return open_engine(self._settings.database).execution_options(immediate=True)

    @cached_property
    def read(self) -> Engine:
        return open_engine(self._settings.replica_url or self._settings.database)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One write transaction on the primary; commits at the end, rolls back on any error."""
        with self.write.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close what was opened; the object can be used again afterwards."""
        for name in ("write", "read"):
            if name in self.__dict__:
                self.__dict__.pop(name).dispose()
