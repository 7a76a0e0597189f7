"""codes/block.py: numbers are given out once, whatever happens."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from tests.codes.conftest import GTIN, LOT
from webapp.codes.block import BlockRefused, block_of, finish, reserve, unfinished, void
from webapp.models import Change, CodeBlock, CodeRun
from webapp.verify.code import NUMBER_BITS


def test_blocks_follow_each_other_without_overlap(db):
    blocks = [reserve(db, GTIN, None, count, version=1) for count in (10, 1, 1000)]
    assert blocks[0].first_number == 1
    assert blocks[1].first_serial == blocks[0].last_serial + 1
    assert blocks[2].first_serial == blocks[1].last_serial + 1
    assert [block.size for block in blocks] == [10, 1, 1000]


def test_key_versions_have_numbers_of_their_own(db):
    old, new = reserve(db, GTIN, None, 10, version=1), reserve(db, GTIN, None, 10, version=2)
    assert (old.first_number, new.first_number) == (1, 1)
    assert reserve(db, GTIN, None, 10, version=1).first_number == 11


def test_issuers_at_the_same_time_never_share_a_number(db):
    with ThreadPoolExecutor(4) as pool:
        blocks = sorted(pool.map(lambda _: reserve(db, GTIN, None, 7, version=1), range(24)), key=lambda b: b.id)
    serials = [serial for block in blocks for serial in range(block.first_serial, block.last_serial + 1)]
    assert len(set(serials)) == 24 * 7


def test_a_void_or_cut_off_block_keeps_its_numbers(db):
    first = reserve(db, GTIN, None, 10, version=1)
    void(db, first.id, "operator")
    assert reserve(db, GTIN, None, 10, version=1).first_serial == first.last_serial + 1


def test_refuses_more_numbers_than_a_key_version_has(db):
    block = reserve(db, GTIN, None, 10, version=1)
    with db.transaction() as connection:
        connection.execute(update(CodeBlock).where(CodeBlock.id == block.id).values(last_serial=(2 << NUMBER_BITS) - 3))
    assert reserve(db, GTIN, None, 2, version=1).last_serial == (2 << NUMBER_BITS) - 1
    with pytest.raises(BlockRefused, match="only 0 numbers left"):
        reserve(db, GTIN, None, 1, version=1)


def test_refuses_an_unknown_product_or_lot(db):
    with pytest.raises(BlockRefused, match="product 06901234567891"):
        reserve(db, "06901234567891", None, 1, version=1)
    with pytest.raises(BlockRefused, match="lot 'L9'"):
        reserve(db, GTIN, "L9", 1, version=1)
    assert unfinished(db) == []


def test_the_lot_gets_its_run_when_the_block_is_finished(db):
    block = reserve(db, GTIN, LOT, 10, version=1)
    assert runs(db) == []
    finish(db, block)
    assert runs(db) == [(block.first_serial, block.last_serial, block.id)]
    assert unfinished(db) == []


def test_a_block_voided_meanwhile_is_not_finished(db):
    block = reserve(db, GTIN, LOT, 10, version=1)
    void(db, block.id, "operator")
    with pytest.raises(BlockRefused, match="no longer"):
        finish(db, block)
    assert runs(db) == []


def test_voiding_is_written_down_once(db):
    block = reserve(db, GTIN, None, 10, version=1)
    assert void(db, block.id, "operator").status == void(db, block.id, "other").status == "void"
    with db.write.connect() as connection:
        changes = connection.execute(select(Change.actor, Change.before, Change.after)).all()
    assert changes == [("operator", {"status": "issuing"}, {"status": "void"})]
    with pytest.raises(BlockRefused, match="no block 99"):
        void(db, 99, "operator")


def test_a_serial_finds_its_block(db):
    first, second = reserve(db, GTIN, None, 10, version=1), reserve(db, GTIN, None, 5, version=2)
    with db.write.connect() as connection:
        assert block_of(connection, first.first_serial) == first
        assert block_of(connection, first.last_serial) == first
        assert block_of(connection, first.last_serial + 1) is None
        assert block_of(connection, first.first_serial - 1) is None
        assert block_of(connection, second.last_serial) == second


def runs(db):
    with db.write.connect() as connection:
        return connection.execute(select(CodeRun.first_serial, CodeRun.last_serial, CodeRun.block_id)).all()
