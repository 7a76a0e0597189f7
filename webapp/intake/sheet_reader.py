"""The child of sheet_rows.py: a spreadsheet on stdin, its first sheet as CSV on stdout. Needs only python-calamine."""
import csv
import io
import resource
import sys
from datetime import date, datetime

MAX_COLUMNS = 200
MAX_MEMORY = 400 << 20
MAX_CPU_SECONDS = 8
MAX_CSV = 60_000_000


def cell_text(value) -> str:
    """A cell as a person would have typed it: 6901234567892.0 is a GTIN, a day at midnight is a day."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value == datetime(value.year, value.month, value.day) else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def bound_oneself() -> None:
    """Whoever asks for more memory or time than an honest sheet of 20 MB needs is ended by the kernel."""
    for what, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
                       (resource.RLIMIT_FSIZE, MAX_CSV), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))


def main() -> None:
    bound_oneself()
    from python_calamine import CalamineWorkbook  # here: importing this module must cost nothing

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    sheet = book.get_sheet_by_index(0)
    if sheet.width > MAX_COLUMNS:
        sys.exit(1)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    writer = csv.writer(out, lineterminator="\n")
    # The sheet starts at its first used cell; the rows above it are counted as a spreadsheet shows them.
    for _ in range(min(sheet.start[0], 1000) if sheet.start else 0):
        writer.writerow([])
    for row in sheet.iter_rows():
        writer.writerow([cell_text(value) for value in row])
    out.flush()


if __name__ == "__main__":
    main()
