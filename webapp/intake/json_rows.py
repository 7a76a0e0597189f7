"""A JSON array of rows becomes the same table of text as a CSV. Its first row counts as row 2, as in a sheet."""
from codecs import BOM_UTF8
from collections.abc import Iterator

import msgspec

from webapp.intake.refusals import Refusal, Why, shown
from webapp.intake.table import MAX_ROWS, BadFile, Table

Plain = str | int | float | bool | None
_array = msgspec.json.Decoder(list[msgspec.Raw])
_row = msgspec.json.Decoder(dict[str, Plain])
MAX_NAMES = 200
MAX_SPOILT = 100


def json_rows(body: bytes) -> Table:
    """Columns are the names of all rows together; a name a row lacks is an empty cell. Raises BadFile."""
    try:
        raw = _array.decode(body.removeprefix(BOM_UTF8))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadFile(Refusal(0, "", Why.NOT_JSON, {"reason": shown(error)})) from None
    if len(raw) > MAX_ROWS:
        raise BadFile(Refusal(0, "", Why.TOO_MANY_ROWS, {"limit": MAX_ROWS}), total=len(raw))
    header: dict[str, None] = {}
    spoilt: list[Refusal] = []
    for number, one in enumerate(raw, 2):
        row = _plain_row(one)
        if row is None:
            spoilt.append(Refusal(number, "", Why.NOT_A_ROW, {}))
        elif len(header) < MAX_NAMES:
            header.update(dict.fromkeys(row))
    if not header and len(spoilt) == len(raw):
        raise BadFile(*spoilt[:MAX_SPOILT] or [Refusal(0, "", Why.EMPTY, {})], total=len(raw))
    return Table(list(header), _cells(raw, list(header)), spoilt)


def _cells(raw: list[msgspec.Raw], header: list[str]) -> Iterator[tuple[int, list[str]]]:
    for number, one in enumerate(raw, 2):
        row = _plain_row(one)
        if row is not None:
            yield number, [as_text(row.get(name)) for name in header]


def _plain_row(one: msgspec.Raw) -> dict[str, Plain] | None:
    try:
        return _row.decode(one)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


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
