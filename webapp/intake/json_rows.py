"""A JSON array of rows becomes the same table of text as a CSV. Its first row counts as row 2, as in a sheet."""
import msgspec

from webapp.intake.refusals import Refusal, Why, shown
from webapp.intake.table import MAX_ROWS, BadFile, Table

Plain = str | int | float | bool | None
_array = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(dict[str, Plain])
MAX_NAMES = 200


def json_rows(text: str) -> Table:
    """Columns are the names of all rows together; a name a row lacks is an empty cell. Raises BadFile."""
    try:
        raw = _array.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadFile(Refusal(0, "", Why.NOT_JSON, {"reason": shown(error)})) from None
    if len(raw) > MAX_ROWS:
        raise BadFile(Refusal(0, "", Why.TOO_MANY_ROWS, {"limit": MAX_ROWS}))
    if not raw:
        raise BadFile(Refusal(0, "", Why.EMPTY, {}))
    header: dict[str, None] = {}
    spoilt: list[Refusal] = []
    numbers: list[int] = []
    found: list[dict[str, Plain]] = []
    for number, one in enumerate(raw, 2):
        try:
            row = _row.decode(one)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            spoilt.append(Refusal(number, "", Why.NOT_A_ROW, {}))
            continue
        if len(header) < MAX_NAMES:
            header.update(dict.fromkeys(row))
        numbers.append(number)
        found.append(row)
    rows = [tuple(as_text(row.get(name)) for name in header) for row in found]
    return Table(list(header), numbers, rows, spoilt)


def as_text(value: Plain) -> str:
    """A value as it would stand in a CSV: true is yes, 25.0 is 25."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return str(value)
