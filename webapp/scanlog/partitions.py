"""The months of `scan` in PostgreSQL: made before they are needed, dropped when retention is over."""
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection


def month_of(at: datetime) -> tuple[int, int]:
    at = at.astimezone(UTC)
    return at.year, at.month


def next_month(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def ensure_months(connection: Connection, months: Iterable[tuple[int, int]]) -> None:
    """Make the partitions `scan_YYYY_MM` that are missing. Nothing to do on SQLite. One worker at a time."""
    if connection.dialect.name != "postgresql":
        return
    for month in sorted(set(months)):
        after = next_month(month)
        connection.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS scan_{month[0]}_{month[1]:02} PARTITION OF scan "
            f"FOR VALUES FROM ('{month[0]}-{month[1]:02}-01 00:00+00') TO ('{after[0]}-{after[1]:02}-01 00:00+00')")
