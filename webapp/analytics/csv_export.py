"""Rows as a CSV file that a spreadsheet opens without running anything in it."""
import csv
import io
from collections.abc import Iterable

BOM = "\ufeff"  # without it Excel reads Chinese as Latin-1
STARTS_A_FORMULA = frozenset("=+-@＝＋－＠")
SPLITS_A_CELL = ("\t", "\r", "\n")


def csv_text(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """The whole file. Numbers stay numbers; text that a spreadsheet would run gets a leading apostrophe."""
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\r\n").writerow
    write([safe_cell(name) for name in header])
    for row in rows:
        write([safe_cell(value) for value in row])
    return BOM + file.getvalue()


def safe_cell(value: object) -> object:
    """`value` as it may stand in a cell."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    # Blanks and invisible marks before the sign do not stop every spreadsheet: the first visible character decides.
    first = next((sign for sign in text if sign.isprintable() and not sign.isspace()), "")
    return "'" + text if first in STARTS_A_FORMULA or text.startswith(SPLITS_A_CELL) else text
