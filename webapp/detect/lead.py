"""Who detects: of all workers on a PostgreSQL database one leads each share of the codes; another takes over.

The locks are the session's and end with it. Whoever leads a share also holds a lock that all may have: codes that were
shared out otherwise are shared out anew only by a session that has it alone, so never while anybody still learns by the
other number. A SQLite file has one worker.
"""
import time
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from webapp.db import Database
from webapp.detect.share import Share, is_of, shares
from webapp.models import Detector as Row
from webapp.models import DetectorState, LateArrival
from webapp.models.detector import FORGOTTEN, LIVE, SHADOW

LIVE_LOCK, TRIAL_LOCK, PRESENT_LOCK = 7353, 7354, 7355
COUNTED_EVERY_S = 2.0


def take_lead(connection: Connection, kind: str, share: Share) -> bool:
    """Whether this session may detect, until it ends. Call it outside a transaction."""
    if connection.dialect.name != "postgresql":
        if kind == LIVE:
            with connection.begin():
                _share_out(connection, share.of)
        return True
    with connection.begin():
        leads = _try(connection, f"lock({TRIAL_LOCK})") if kind == SHADOW else _leads(connection, share)
        # A few rows of many are asked for; PostgreSQL takes a table that has just grown for a small one.
        connection.exec_driver_sql("SET enable_seqscan = off" if leads else "SELECT pg_advisory_unlock_all()")
    return leads


def _leads(connection: Connection, share: Share) -> bool:
    ours, everybodys = f"({LIVE_LOCK}, {share.of * 16 + share.number})", f"({LIVE_LOCK})"
    if not (_try(connection, f"lock{ours}") and _try(connection, f"lock_shared{everybodys}")):
        return False
    if not _shared_out_otherwise(connection, share.of):
        return True
    connection.exec_driver_sql(f"SELECT pg_advisory_unlock_shared{everybodys}")
    if _try(connection, f"xact_lock{everybodys}"):  # until this is committed
        _share_out(connection, share.of)
        return _try(connection, f"lock_shared{everybodys}")
    return False


def _try(connection: Connection, lock: str) -> bool:
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_{lock}").scalar())


def _shared_out_otherwise(connection: Connection, of: int) -> bool:
    ours = [share.named(LIVE) for share in shares(of)]
    return connection.scalar(select(Row.name).where(is_of(LIVE, Row.name), Row.name.not_in(ours)).limit(1)) is not None


def _share_out(connection: Connection, of: int) -> None:
    """Unless somebody has just done it, every share begins anew, and raises nothing that was raised before."""
    if not _shared_out_otherwise(connection, of):
        return
    raised_to = max(max(row) for row in connection.execute(
        select(Row.learned_to, Row.raised_to).where(is_of(LIVE, Row.name))))
    for table, name in ((Row, Row.name), (DetectorState, DetectorState.detector), (LateArrival, LateArrival.detector)):
        connection.execute(delete(table).where(is_of(LIVE, name)))
    connection.execute(insert(Row), [
        {"name": share.named(LIVE), "layout": FORGOTTEN, "learned_to": raised_to, "claimed_to": raised_to,
         "raised_to": raised_to, "updated_at": datetime.now(UTC)} for share in shares(of)])


class Presence:
    """This worker among those that are on the database, each with a session that says so."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Connection | None = None
        self._counted_at, self._workers = -COUNTED_EVERY_S, 1

    def workers(self) -> int:
        """How many there are, this one among them. Raises what the database raises."""
        if self._db.write.dialect.name != "postgresql" or time.monotonic() - self._counted_at < COUNTED_EVERY_S:
            return self._workers
        try:
            self._workers = self._count()
        except BaseException:
            self.close()
            raise
        self._counted_at = time.monotonic()
        return self._workers

    def close(self) -> None:
        """No longer among them."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _count(self) -> int:
        if self._connection is None:
            self._connection = self._db.write.connect()
            with self._connection.begin():
                _try(self._connection, f"lock_shared({PRESENT_LOCK})")
        with self._connection.begin():
            return int(self._connection.exec_driver_sql(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objsubid = 1 "
                f"AND objid = {PRESENT_LOCK} AND database = (SELECT oid FROM pg_database "
                "WHERE datname = current_database())").scalar_one())
