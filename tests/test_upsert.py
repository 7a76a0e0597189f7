"""Rows into a table, whether they are there already or not; the same on SQLite and PostgreSQL."""
from datetime import UTC, datetime

from sqlalchemy import select

from webapp.db import Database
from webapp.models import CodeLedger, Rollup
from webapp.upsert import upsert

HOUR = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cell(adcode: int, scans: int) -> dict:
    return {"hour": HOUR, "adcode": adcode, "gtin": "06999000100015", "batch_id": 7, "visitor": "first", "scans": scans}


def test_what_is_there_is_replaced_and_the_rest_comes_in(database: Database):
    with database.transaction() as connection:
        upsert(connection, CodeLedger, [])
        upsert(connection, CodeLedger, [{"serial": n, "detector": "live", "ledger": b"old%d" % n} for n in (1, 2)])
        upsert(connection, CodeLedger, [{"serial": n, "detector": "live", "ledger": b"\x00new"} for n in (2, 3)])
        upsert(connection, CodeLedger, [{"serial": 2, "detector": "shadow", "ledger": b"another's"}])
        rows = connection.execute(select(CodeLedger.serial, CodeLedger.detector, CodeLedger.ledger)
                                  .order_by(CodeLedger.serial, CodeLedger.detector)).all()
    assert list(map(tuple, rows)) == [(1, "live", b"old1"), (2, "live", b"\x00new"), (2, "shadow", b"another's"),
                                      (3, "live", b"\x00new")]


def test_counts_are_added_up(database: Database):
    with database.transaction() as connection:
        for rows in ([cell(510100, 3), cell(510300, 1)], [cell(510300, 4)]):
            upsert(connection, Rollup, rows, add=["scans"])
        told = connection.execute(select(Rollup.hour, Rollup.adcode, Rollup.scans).order_by(Rollup.adcode)).all()
    assert list(map(tuple, told)) == [(HOUR, 510100, 3), (HOUR, 510300, 5)]
