"""What every kind of file becomes before its values are looked at."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from webapp.intake.refusals import Refusal

MAX_ROWS = 200_000


class BadFile(Exception):
    """The file as a whole cannot be used; nothing of it goes in. `total`: its rows, as far as one can say."""

    def __init__(self, *refusals: Refusal, total: int = 0) -> None:
        super().__init__(refusals[0].why)
        self.refusals, self.total = refusals, total


class Table(NamedTuple):
    """Column names, and rows as (number as a spreadsheet shows it, cells). Rows are read once, while they are parsed:
    a large file is never in memory as text and as values at the same time. Reading them may raise BadFile.

    `spoilt` are rows that could be told from their neighbours but not read.
    """

    header: list[str]
    rows: Iterator[tuple[int, Sequence[str]]]
    spoilt: list[Refusal] = []
