"""Plans: the staff pages' questions use an index, whatever has been stored; `scan` is never read as a whole."""
import re
from datetime import date

import pytest
from sqlalchemy import event, text

from tests.factories import BRAND_A, CHENGDU, GTIN_A, LOT_A, add_case, add_registry, add_rollup, add_scans
from webapp.analytics.filters import ScanFilter
from webapp.analytics.scans_by_place import scans_by_place
from webapp.auth.permissions import Scope
from webapp.cases.case_file import find, read
from webapp.cases.queue import QueueFilter, open_by_state, queue

WEEK = ScanFilter(date(2026, 11, 17), date(2026, 11, 23))
A, ALL = Scope(brand=BRAND_A), Scope(everything=True)
BIG = r"(scan|rollup)"


@pytest.fixture
def asked(database):
    """A connection and the statements that went through it."""
    ids = add_registry(database)
    add_rollup(database, GTIN_A, CHENGDU, "first", 9)
    add_scans(database, 77, [CHENGDU] * 3, ids[LOT_A])
    statements = []
    with database.read.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))  # a table of three rows tempts the planner
        event.listen(connection, "before_cursor_execute",
                     lambda c, cursor, statement, values, *_: statements.append((statement, values)))
        yield database, connection, statements


def plans(connection, statements) -> str:
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    return "\n".join(str(row[-1]) for statement, values in list(statements)
                     for row in connection.exec_driver_sql(explain + statement, values))


def assert_no_full_read(plan: str) -> None:
    assert not re.search(rf"(?m)^SCAN {BIG}\b(?!.*USING (COVERING )?INDEX)", plan), plan
    assert not re.search(rf"Seq Scan on {BIG}\w*", plan), plan


@pytest.mark.parametrize("scope", [A, ALL], ids=["brand", "everything"])
def test_map_reads_rollups_by_index_and_never_scans(asked, scope):
    _, connection, statements = asked
    scans_by_place(connection, scope, WEEK)
    plan = plans(connection, statements)
    assert_no_full_read(plan)
    assert re.search(r"rollup", plan)
    assert not any(re.search(r"\bFROM scan\b", statement) for statement, _ in statements)


@pytest.mark.parametrize("about", ["code", "lot"])
def test_case_page_finds_its_scans_by_index(asked, about):
    database, connection, statements = asked
    public_id = add_case(database, BRAND_A, serial=77 if about == "code" else None, lot=LOT_A)
    file = read(connection, find(connection, A, public_id))
    assert len(file.scans) == 3
    plan = plans(connection, statements)
    assert_no_full_read(plan)
    assert re.search("scan_.*serial_at_idx|ix_scan_serial_at" if about == "code"
                     else "scan_.*batch_id_at_idx|ix_scan_batch_at", plan), plan


def test_queue_finds_open_cases_by_state(asked):
    database, connection, statements = asked
    add_case(database, BRAND_A, serial=77, lot=LOT_A)
    assert queue(connection, A, QueueFilter()).lines
    assert open_by_state(connection, A) == {"new": 1}
    plan = plans(connection, statements)
    assert not re.search(r"(?m)^SCAN case\b(?!.*USING)", plan), plan
    assert 'Seq Scan on "case"' not in plan
