"""A file of any origin becomes a bounded table of text: CSV (UTF-8 or GB18030), XLSX, or a JSON array of rows."""
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from webapp.intake.json_rows import json_rows
from webapp.intake.refusals import Refusal, Why
from webapp.intake.sheet_rows import sheet_as_csv
from webapp.intake.table import MAX_ROWS, BadFile, Table

MAX_BYTES = 20_000_000
MAX_LINE = 20_000  # characters: the longest honest row of any kind has under 2,000
MAX_LINES_A_ROW = 50  # a cell may hold line breaks; a row without end may not
MAX_RAGGED = 100
ZIP, OLD_EXCEL, UTF_16 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", (b"\xff\xfe", b"\xfe\xff")


def read_file(file: BinaryIO) -> bytes:
    """The whole body. Raises BadFile past 20 MB, having read no more than that."""
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise BadFile(Refusal(0, "", Why.TOO_LARGE, {"limit": MAX_BYTES // 1_000_000}))
    return body


def file_rows(body: bytes) -> Table:
    """The rows of a file, told apart by its first bytes and never by its name. Raises BadFile."""
    if body.startswith(ZIP):
        return csv_rows(sheet_as_csv(body), "utf-8")
    if body.startswith(OLD_EXCEL):
        raise BadFile(Refusal(0, "", Why.NOT_A_SPREADSHEET, {}))
    encoding = encoding_of(body)
    if body[:100].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        return json_rows(body if encoding == "utf-8-sig" else body.decode(encoding).encode())
    return csv_rows(body, encoding)


def encoding_of(body: bytes) -> str:
    """UTF-8 with or without BOM, else GB18030; never half of each. Raises BadFile."""
    if body.startswith(UTF_16):
        raise BadFile(Refusal(0, "", Why.ENCODING, {}))
    if (at := body.find(b"\0")) >= 0:
        raise BadFile(Refusal(body.count(b"\n", 0, at) + 1, "", Why.NUL, {}))
    if _reads_as(body, "utf-8"):
        return "utf-8-sig"
    if not _reads_as(body, "gb18030"):
        raise BadFile(Refusal(0, "", Why.ENCODING, {}))
    # Pasted from two sources: a line that is good Chinese in UTF-8 would become other characters in GB18030.
    for number, line in enumerate(io.BytesIO(body), 1):
        if not line.isascii() and _reads_as(line, "utf-8") and any("\u4e00" <= c <= "\u9fff" for c in line.decode()):
            raise BadFile(Refusal(number, "", Why.ENCODING, {}))
    return "gb18030"


def _reads_as(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def csv_rows(body: bytes, encoding: str) -> Table:
    """Header and rows of a CSV; empty lines are skipped but counted. Raises BadFile, at the latest after the last row,
    when any row is out of step with the header: one comma too many shifts every value behind it."""
    records = ((number, cells) for number, cells in enumerate(_records(body, encoding), 1) if any(cells))
    _, first = next(records, (0, []))
    if not first:
        raise BadFile(Refusal(0, "", Why.EMPTY, {}))
    header = _without_empty_end(first)
    return Table(header, _in_step(records, len(header)))


def _in_step(records: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    ragged: list[Refusal] = []
    total = 0
    for number, record in records:
        cells = _without_empty_end(record, width)
        total += 1
        if total > MAX_ROWS:
            raise BadFile(Refusal(number, "", Why.TOO_MANY_ROWS, {"limit": MAX_ROWS}), total=total)
        if len(cells) == width:
            yield number, cells
        elif len(ragged) < MAX_RAGGED:
            ragged.append(Refusal(number, "", Why.RAGGED_ROW, {"found": len(cells), "expected": width}))
    if ragged:
        raise BadFile(*ragged, total=total)


def _without_empty_end(cells: list[str], keep: int = 0) -> list[str]:
    end = len(cells)
    while end > keep and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _records(body: bytes, encoding: str) -> Iterator[list[str]]:
    """The csv module's rows. Each is bounded, so that no row can fill the memory."""
    text = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    row, lines = 1, 0

    def bounded() -> Iterator[str]:
        nonlocal lines
        while line := text.readline(MAX_LINE + 1):
            lines += 1
            if len(line) > MAX_LINE or lines > MAX_LINES_A_ROW:
                raise BadFile(Refusal(row, "", Why.LINE_TOO_LONG, {}))
            yield line

    reader = csv.reader(bounded(), strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadFile(Refusal(row, "", Why.NOT_A_TABLE, {"reason": str(error)})) from None
        if cells is None:
            return
        yield cells
        row, lines = row + 1, 0
