"""Issuing codes (发码): reserve a block, stream its codes into a CSV file, declare it issued.

What a file holds is a pure function of its block and the base address. That is all a resume needs: it compares what
is there, writes over a torn end and goes on.
"""
import csv
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from webapp.codes.block import Block, BlockRefused, block_of, finish, reserve
from webapp.codes.vectorised import make_codes
from webapp.db import Database
from webapp.keys import CodeKeys
from webapp.verify.code import LENGTH, Code, read_code

HEADER = b"code,code_url,gtin,lot\n"
LONGEST_ROW = 2000  # bytes
CHUNK = 1 << 16  # codes held in memory at once (about 6 MB of rows)

Report = Callable[[int], object]


def issue_block(db: Database, keys: CodeKeys, base_url: str, gtin: str, lot: str | None, count: int,
                out: BinaryIO, started: Callable[[Block], object], report: Report) -> Block:
    """Issue into a new file or a stream. `started` gets the block before the first code, `report` the codes done."""
    block = reserve(db, gtin, lot, count, keys.current)
    started(block)
    for done, rows in csv_chunks(block, keys, base_url):
        out.write(rows)
        report(done)
    return _complete(db, block, out)


def resume_block(db: Database, keys: CodeKeys, base_url: str, block: Block, out: BinaryIO, report: Report) -> Block:
    """Go on with the unfinished file of `block`; what it holds already is compared, byte for byte."""
    out.seek(0)
    for done, rows in csv_chunks(block, keys, base_url):
        present = out.read(len(rows))
        if present != rows:
            if rows[:len(present)] != present:
                raise BlockRefused(f"the file differs from block {block.id} before its code {done:,}: another "
                                   f"SALTCHECK_BASE_URL, or edited; restore it, or void the block")
            out.seek(-len(present), os.SEEK_CUR)
            out.write(rows)
        report(done)
    if out.read(1):
        raise BlockRefused(f"the file goes on after the last code of block {block.id}; it is not our file")
    return _complete(db, block, out)


def csv_chunks(block: Block, keys: CodeKeys, base_url: str, chunk: int = CHUNK) -> Iterator[tuple[int, bytes]]:
    """(codes made so far, CSV bytes) piece by piece, the header with the first; memory does not grow with the block."""
    code, url = b"?" * LENGTH, f"{base_url}/".encode()
    line = code + b"," + url + code + _csv_row("", block.gtin, block.lot or "")
    template = np.frombuffer(line, np.uint8)
    url_at = LENGTH + 1 + len(url)
    for start in range(0, block.size, chunk):
        size = min(chunk, block.size - start)
        rows = np.empty((size, len(line)), np.uint8)
        rows[:] = template
        rows[:, :LENGTH] = make_codes(block.version, block.first_number + start, size, keys)
        rows[:, url_at:url_at + LENGTH] = rows[:, :LENGTH]
        yield start + size, (HEADER if start == 0 else b"") + rows.tobytes()


def block_in(db: Database, keys: CodeKeys, file: BinaryIO) -> Block | None:
    """The block the first code of a file belongs to; None, and an empty file, when it holds no whole code yet.

    Raises BlockRefused for a file that is not ours.
    """
    file.seek(0)
    header, row = file.readline(len(HEADER)), file.readline(LONGEST_ROW)
    if HEADER[:len(header)] != header or len(row) == LONGEST_ROW:
        raise BlockRefused("the file does not start as a file of codes does; take another name")
    if not row.endswith(b"\n"):
        file.seek(0)
        file.truncate()
        return None
    code = read_code(row[:LENGTH].decode("ascii", "replace"), keys)
    if isinstance(code, Code):
        with db.write.connect() as connection:
            block = block_of(connection, code.serial)
        if block is not None and block.first_serial == code.serial:
            return block
    raise BlockRefused("the file does not start with the first code of one of our blocks; take another name")


def _complete(db: Database, block: Block, out: BinaryIO) -> Block:
    out.flush()
    if stat.S_ISREG(os.fstat(out.fileno()).st_mode):  # a pipe or terminal has nothing to sync
        os.fsync(out.fileno())
    finish(db, block)
    return block._replace(status="issued")


def _csv_row(*fields: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()
