"""What every kind of file becomes before its values are looked at."""
from typing import NamedTuple

from webapp.intake.refusals import Refusal

MAX_ROWS = 200_000


class BadFile(Exception):
    """The file as a whole cannot be used; nothing of it goes in."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(refusals[0].why)
        self.refusals = refusals


class Table(NamedTuple):
    """Column names, and rows of as many texts. `numbers` are the rows' numbers as a spreadsheet shows them.

    `spoilt` are rows that could be told from their neighbours but not read.
    """

    header: list[str]
    numbers: list[int]
    rows: list[tuple[str, ...]]
    spoilt: list[Refusal] = []
