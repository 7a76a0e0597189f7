"""Scans into the table, each exactly once however often it is shipped."""
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from webapp.models import Scan as Row
from webapp.scanlog.instant import utc
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag

COLUMNS = ("at", "scan_id", "serial", "batch_id", "device", "network", "adcode", "place_source", "radius_km", "agent",
           "wifi", "hosting", "shared", "role", "verdict")
ASKED_AT_ONCE = 500
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


class Located(NamedTuple):
    """A scan with what the registry knows of its bag."""

    scan: Scan
    bag: Bag


def insert_new(connection: Connection, scans: Sequence[Located]) -> list[Located]:
    """-> those that were not in the table yet, each once, in order of time."""
    once = list({one.scan.scan_id: one for one in reversed(scans)}.values())
    once.sort(key=lambda one: (one.scan.at, one.scan.scan_id))
    if connection.dialect.name == "postgresql":
        new = _copy(connection, once)
        return [one for one in once if one.scan.scan_id in new]
    known = _known(connection, once)
    fresh = [one for one in once if one.scan.scan_id not in known]
    if fresh:
        connection.execute(insert(Row), [dict(zip(COLUMNS, _row(one), strict=True)) for one in fresh])
    return fresh


def _copy(connection: Connection, scans: Sequence[Located]) -> set[str]:
    # COPY knows no ON CONFLICT: into a staging table first, from there what is new.
    connection.exec_driver_sql(
        "CREATE TEMP TABLE IF NOT EXISTS scan_staging (LIKE scan) ON COMMIT DELETE ROWS")
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY scan_staging ({_NAMES}) FROM STDIN") as copy:
            for one in scans:
                copy.write_row(_row(one))
    except psycopg.Error as error:  # past SQLAlchemy, so give it the kind that SQLAlchemy would have
        raise DBAPIError.instance("COPY scan_staging", None, error, psycopg.Error) from error
    told = connection.exec_driver_sql(
        f"INSERT INTO scan ({_NAMES}) SELECT {_NAMES} FROM scan_staging "
        "ON CONFLICT (at, scan_id) DO NOTHING RETURNING scan_id")
    return set(told.scalars())


def _known(connection: Connection, scans: Sequence[Located]) -> set[str]:
    """Nobody else writes meanwhile: on SQLite the transaction took the write lock at its start."""
    known: set[str] = set()
    for start in range(0, len(scans), ASKED_AT_ONCE):
        part = [one.scan for one in scans[start:start + ASKED_AT_ONCE]]
        known.update(connection.scalars(
            select(Row.scan_id).where(Row.at.in_([utc(scan.at) for scan in part]),
                                      Row.scan_id.in_([scan.scan_id for scan in part]))))
    return known


def _row(one: Located) -> tuple[object, ...]:
    scan = one.scan
    return (
        utc(scan.at), scan.scan_id, scan.serial, one.bag.lot.batch_id if one.bag.lot else None, scan.device,
        scan.network, scan.adcode, scan.place_source, scan.radius_km, scan.agent, scan.wifi, scan.hosting, scan.shared,
        scan.role, scan.verdict)
