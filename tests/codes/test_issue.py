"""codes/issue.py: the file of a block, cut anywhere, is completed to the very same bytes."""
import csv

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.codes.conftest import GTIN, LOT, fill
from webapp.codes.block import Block, BlockRefused, block_of, reserve, unfinished, void
from webapp.codes.issue import block_in, csv_chunks, issue_block, resume_block
from webapp.codes.out_file import open_out
from webapp.codes.vectors import published_keys
from webapp.verify.code import read_code

URL = "https://yan.cn"


def ignore(_):
    return None


@pytest.fixture
def filled(sqlite_database):
    fill(sqlite_database)
    return sqlite_database


def whole(block: Block, keys, chunk: int = 7) -> bytes:
    return b"".join(rows for _, rows in csv_chunks(block, keys, URL, chunk))


@given(st.integers(1, 60), st.integers(1, 70))
def test_bytes_do_not_depend_on_the_chunk(count, chunk):
    keys = published_keys()
    block = Block(1, (1 << 45) + 5, (1 << 45) + 4 + count, GTIN, "L,1\"x", "issuing")
    assert whole(block, keys, chunk) == whole(block, keys, 1000)
    assert max(len(rows) for _, rows in csv_chunks(block, keys, URL, chunk)) <= 23 + chunk * 90


def test_file_is_plain_csv_with_one_good_code_a_row(db, keys, tmp_path):
    done = []
    with open_out(tmp_path / "codes.csv", resume=False) as out:
        block = issue_block(db, keys, URL, GTIN, LOT, 50, out, ignore, done.append)
    with (tmp_path / "codes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    serials = [read_code(row["code"], keys).serial for row in rows]
    assert serials == list(range(block.first_serial, block.last_serial + 1))
    assert list(rows[0]) == ["code", "code_url", "gtin", "lot"]
    assert {(row["code_url"], row["gtin"], row["lot"]) for row in rows} == {
        (f"{URL}/{row['code']}", GTIN, LOT) for row in rows}
    assert done == [50]
    assert (tmp_path / "codes.csv").stat().st_mode & 0o077 == 0
    with db.write.connect() as connection:
        assert block_of(connection, serials[0]).status == "issued"


@given(cut=st.integers(0, 10_000))
@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_file_cut_at_any_byte_is_completed_exactly(filled, tmp_path, cut):
    keys = published_keys()
    block = reserve(filled, GTIN, LOT, 100, version=1)
    expected = whole(block, keys)
    path = tmp_path / "cut.csv"
    path.write_bytes(expected[:cut])
    with open_out(path, resume=True) as out:
        found = block_in(filled, keys, out)
        if found is None:  # cut before the end of the first row: nothing anybody could have used
            assert cut < len(expected) // 50
            assert path.read_bytes() == b""
            return
        assert found == block
        assert resume_block(filled, keys, URL, found, out, ignore).status == "issued"
    assert path.read_bytes() == expected


def test_refuses_to_resume_a_file_that_is_not_the_blocks(db, keys, tmp_path):
    block = reserve(db, GTIN, LOT, 100, version=1)
    good = whole(block, keys)
    for number, body in enumerate((good[:3000].replace(b"yan.cn", b"bad.cn"), good[:-5] + b"00000", good + b"more\n")):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(body)
        with open_out(path, resume=True) as out, pytest.raises(BlockRefused, match="the file"):
            resume_block(db, keys, URL, block_in(db, keys, out), out, ignore)
        assert path.read_bytes() == body
    assert unfinished(db) == [block]


def test_refuses_a_file_that_does_not_start_with_a_block(db, keys, tmp_path):
    block = reserve(db, GTIN, LOT, 100, version=1)
    rows = whole(block, keys).splitlines(keepends=True)
    for number, body in enumerate((b"diary\n", rows[0] + b"x" * 5000, rows[0] + b"?" * 20 + b",\n", rows[0] + rows[2])):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(body)
        with open_out(path, resume=True) as out, pytest.raises(BlockRefused, match="does not start"):
            block_in(db, keys, out)
        assert path.read_bytes() == body


def test_an_existing_or_busy_file_is_left_alone(tmp_path):
    path = tmp_path / "codes.csv"
    with open_out(path, resume=False):
        with pytest.raises(BlockRefused, match="right now"):
            open_out(path, resume=True)
        with pytest.raises(BlockRefused, match="not overwritten"):
            open_out(path, resume=False)


def test_a_block_voided_while_its_codes_are_written_is_not_issued(db, keys, tmp_path):
    with open_out(tmp_path / "codes.csv", resume=False) as out, pytest.raises(BlockRefused, match="do not print"):
        issue_block(db, keys, URL, GTIN, LOT, 5, out, lambda block: void(db, block.id, "other"), ignore)
