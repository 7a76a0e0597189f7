"""Looking up a code walks an index range, however many rows there are: the query plan says so."""
import re

import pytest
from sqlalchemy import Connection, Select, text

from tests.verify import world
from webapp.db import Database
from webapp.models import CodeBlock, CodeRun, Packing
from webapp.verify import registry

ROWS = 20_000


SPAN = {"first": 9_000_000, "last": 9_004_095}


def plan_of(connection: Connection, question: Select, **values: object) -> str:
    """What the database would do, asked with SPAN or these values."""
    asked = str(question.params(values or SPAN).compile(
        connection, compile_kwargs={"literal_binds": True, "render_postcompile": True}))
    explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row) for row in connection.execute(text(f"{explain} {asked}")))


@pytest.fixture
def many_rows(db: Database) -> Database:
    block = world.block(db, 0, 9)
    batch = world.lot(db, "A")
    with db.transaction() as c:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        run = f"{numbers} SELECT i * 1000, i * 1000 + 999, {block}, {batch} FROM n"
        c.execute(text(f"INSERT INTO code_run (first_serial, last_serial, block_id, batch_id) {run}"))
        c.execute(text(
            f"INSERT INTO code_block (first_serial, last_serial, gtin, enterprise_gln, status, issued_at) {numbers} "
            f"SELECT i * 1000, i * 1000 + 999, '{world.SEA}', '{world.PRODUCER}', 'issued', CURRENT_TIMESTAMP FROM n"))
        c.execute(text(
            "INSERT INTO packing (owner_gln, parent, level, child_first, child_last, first_serial, last_serial, "
            f"packed_at) {numbers} SELECT '{world.PRODUCER}', CAST(i AS text), 'box', 'C' || CAST(i AS text), '', "
            "i * 1000, i * 1000 + 999, CURRENT_TIMESTAMP FROM n"))
    with db.transaction() as c:
        c.execute(text("ANALYZE"))
    return db


@pytest.mark.parametrize("table", [CodeBlock, CodeRun, Packing])
def test_the_interval_look_up_is_an_index_range_scan(many_rows: Database, table: type) -> None:
    with many_rows.read.connect() as connection:
        plan = plan_of(connection, registry.covering(table))
        rows = connection.execute(registry.covering(table), SPAN).all()
    assert len(rows) == 5
    assert not re.search(rf"Seq Scan on {table.__tablename__}|SCAN {table.__tablename__}(?! USING)", plan), plan
    assert len(re.findall(r"Index (Only )?Scan|SEARCH", plan)) >= 2, plan


def test_all_of_a_page_in_one_question_is_found_by_index_too(many_rows: Database) -> None:
    with many_rows.read.connect() as connection:
        plan = plan_of(connection, registry.everything())
        found = registry.spans(connection, **SPAN)
    assert [len(rows) for rows in found] == [5, 5, 5, 0]
    assert found.blocks[0].gtin == world.SEA
    assert found.packed[0].parent == "9000"
    assert not re.search(r"(Seq Scan on|SCAN) (code_block|code_run|packing)(?! USING)", plan), plan
    assert len(re.findall(r"Index (?:Only )?Scan|SEARCH", plan)) >= 6, plan


def test_voids_are_found_by_index(many_rows: Database) -> None:
    with many_rows.transaction() as c:
        c.execute(text(
            f"INSERT INTO code_void (first_serial, last_serial, reason, voided_at, voided_by) WITH RECURSIVE n(i) AS "
            f"(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT 1000000000 + i * 10, "
            "1000000000 + i * 10, 'r', CURRENT_TIMESTAMP, 't' FROM n"))
    with many_rows.transaction() as c:
        c.execute(text("ANALYZE"))
    with many_rows.read.connect() as connection:
        plan = plan_of(connection, registry.voids())
    assert re.search(r"Index Scan|Bitmap Index|SEARCH code_void USING INDEX", plan), plan


def test_the_pallet_of_a_box_is_found_by_the_boxs_name(many_rows: Database) -> None:
    with many_rows.transaction() as c:
        c.execute(text(
            "INSERT INTO packing (owner_gln, parent, level, child_first, child_last, packed_at) "
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
            f"SELECT '{world.PRODUCER}', 'P' || CAST(i / 40 AS text), 'pallet', CAST(i AS text), CAST(i AS text), "
            "CURRENT_TIMESTAMP FROM n"))
    boxes = {(world.PRODUCER, "77"), (world.WHOLESALER, "78")}
    with many_rows.read.connect() as connection:
        plan = plan_of(connection, registry.pallets(), wanted=["77", "78"])
        assert registry.pallets_of(connection, boxes) == {(world.PRODUCER, "77"): "P1"}
    assert "ix_packing_child_first" in plan, plan
