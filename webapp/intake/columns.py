"""From a table of text to rows of typed values, by the columns of a kind."""
import unicodedata
from typing import Any, NamedTuple

from webapp.intake.checks import BadValue, Read
from webapp.intake.refusals import Refusal, Refusals, Why, shown
from webapp.intake.table import BadFile, Table

MAX_REMEMBERED = 10_000
MAX_COLUMNS = 60


class Column(NamedTuple):
    """`read` turns a cell that is not empty into its value; an empty cell of an optional column is None."""

    name: str
    read: Read
    required: bool = True


def read_rows(table: Table, columns: tuple[Column, ...], shape: type, refusals: Refusals) -> tuple[list[Any], int]:
    """The good rows as `shape(row number, *values)`, and how many rows there are; each bad value adds a refusal.

    Raises BadFile for a header or a file that cannot be used.
    """
    try:
        places = _places(table.header, columns)
    except BadFile as error:
        error.total = _count(table)
        raise
    readers = [(column, places.get(column.name), {}) for column in columns]  # type: ignore[var-annotated]
    good: list[Any] = []
    total = len(table.spoilt)
    for refusal in table.spoilt:
        refusals.add(refusal)
    for number, cells in table.rows:
        total += 1
        values: list[Any] = [number]
        bad = False
        for column, place, known in readers:
            cell = "" if place is None else cells[place]
            # Most columns repeat a few values: what was read once is not read again.
            value = known.get(cell, known)
            if value is known:
                value = _read(column, cell)
                if len(known) < MAX_REMEMBERED:
                    known[cell] = value
            if isinstance(value, BadValue):
                refusals.add(Refusal(number, column.name, value.why, value.values))
                bad = True
            values.append(value)
        if not bad:
            good.append(shape(*values))
    if not total:
        raise BadFile(Refusal(0, "", Why.EMPTY, {}))
    return good, total


def _count(table: Table) -> int:
    """The rows of a table nobody will read, however its end looks."""
    try:
        return len(table.spoilt) + sum(1 for _ in table.rows)
    except BadFile as error:
        return error.total


def _read(column: Column, cell: str) -> Any:
    try:
        value = cell if cell.isprintable() else _tidy(cell)
        value = value.strip()
        if value:
            return column.read(value)
        return BadValue(Why.REQUIRED) if column.required else None
    except BadValue as error:
        return error


def _tidy(cell: str) -> str:
    """Line breaks, tabs and wide blanks become plain blanks; a character nobody can see is refused."""
    text = " ".join(part for part in cell.replace("\u3000", " ").split() if part)
    for character in cell:
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Co") and character not in "\t\r\n":
            raise BadValue(Why.CONTROL_CHARACTER, value=f"U+{ord(character):04X}")
    return text


def _places(header: list[str], columns: tuple[Column, ...]) -> dict[str, int]:
    """Where each column stands. Everything wrong with the header is told at once."""
    if len(header) > MAX_COLUMNS:
        raise BadFile(Refusal(1, "", Why.TOO_MANY_COLUMNS, {"limit": MAX_COLUMNS}))
    known = ", ".join(column.name for column in columns)
    names = {column.name for column in columns}
    wrong: list[Refusal] = []
    places: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = cell.strip()
        if name not in names:
            wrong.append(Refusal(1, shown(name), Why.UNKNOWN_COLUMN, {"value": shown(name), "known": known}))
        elif name in places:
            wrong.append(Refusal(1, name, Why.REPEATED_COLUMN, {"value": name}))
        places.setdefault(name, place)
    wrong += [Refusal(1, column.name, Why.MISSING_COLUMN, {"value": column.name})
              for column in columns if column.required and column.name not in places]
    if wrong:
        raise BadFile(*wrong)
    return places
