"""Codes named in a file: read, checked, and found in one of the blocks that were issued to the enterprise."""
from bisect import bisect_right
from typing import NamedTuple

from sqlalchemy import select

from webapp.intake import known
from webapp.intake.desk import Desk
from webapp.intake.refusals import Why, shown
from webapp.models import CodeBlock
from webapp.verify.code import BadCode, Code, read_code


class Block(NamedTuple):
    first: int
    last: int
    id: int
    gtin: str
    lot: str | None
    status: str


class Run(NamedTuple):
    """Serials first..last of one block, and the two codes as they are written."""

    first: int
    last: int
    block: Block
    first_code: str
    last_code: str


class Blocks:
    """The blocks of one enterprise, looked up by serial without further queries."""

    def __init__(self, desk: Desk) -> None:
        columns = (CodeBlock.first_serial, CodeBlock.last_serial, CodeBlock.id, CodeBlock.gtin, CodeBlock.lot,
                   CodeBlock.status)
        found = desk.fetch(select(*columns), CodeBlock.enterprise_gln, known.own_sites(desk))
        self._blocks = sorted(Block(*row) for row in found)
        self._firsts = [block.first for block in self._blocks]

    def of(self, serial: int) -> Block | None:
        """The block that holds this serial."""
        at = bisect_right(self._firsts, serial) - 1
        return self._blocks[at] if at >= 0 and serial <= self._blocks[at].last else None


def read_run(desk: Desk, row: int, first: tuple[str, str], last: tuple[str, str], blocks: Blocks) -> Run | None:
    """The run between two (column, code); refuses the row when there is none. A scan address counts as its code."""
    one = _read(desk, row, *first)
    two = one if first[1] == last[1] else _read(desk, row, *last)
    if one is None or two is None:
        return None
    block = blocks.of(one.serial)
    if block is None or block.status == "issuing":
        desk.refuse(row, first[0], Why.CODE_NOT_ISSUED, value=one.text)
    elif block.status == "void":
        desk.refuse(row, first[0], Why.BLOCK_VOID)
    elif two.serial < one.serial:
        desk.refuse(row, last[0], Why.CODE_ORDER)
    elif blocks.of(two.serial) is None:
        desk.refuse(row, last[0], Why.CODE_NOT_ISSUED, value=two.text)
    elif two.serial > block.last:
        desk.refuse(row, last[0], Why.BLOCK_CROSSED)
    else:
        return Run(one.serial, two.serial, block, one.text, two.text)
    return None


def _read(desk: Desk, row: int, column: str, text: str) -> Code | None:
    code = read_code(text.rpartition("/")[2], desk.keys)
    if isinstance(code, BadCode):
        why = Why.CODE_MALFORMED if code.kind == "malformed" else Why.CODE_FORGED
        desk.refuse(row, column, why, value=shown(text))
        return None
    return code
