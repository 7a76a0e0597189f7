"""What became of a file, for the one who handed it in."""
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Row

from webapp.intake.refusals import Language, Refusal, Refusals, Why


class RowError(NamedTuple):
    """`row` counts as a spreadsheet shows it (header = 1; 0 = the file); `code` is stable, `message` for people."""

    row: int
    column: str
    code: str
    message: str


class UploadResult(NamedTuple):
    """status: accepted | partially_accepted | rejected. rows = accepted + rejected + duplicates.

    `id` is empty for a dry run, which leaves nothing behind to ask about later.
    """

    id: str
    kind: str
    status: str
    rows: int
    accepted: int
    rejected: int
    duplicates: int
    errors: list[RowError]


def status_of(accepted: int, rejected: int, duplicates: int) -> str:
    """Rows that were there already count as accepted: re-sending a file is no mistake."""
    if not rejected:
        return "accepted"
    return "partially_accepted" if accepted or duplicates else "rejected"


def kept_errors(refusals: Refusals) -> list[dict[str, Any]]:
    """As the upload table keeps them: without words, so that they can be read in either language later."""
    kept = [{"row": one.row, "column": one.column, "code": str(one.why), "values": one.values}
            for one in sorted(refusals.kept, key=lambda one: one.row)]
    if refusals.more:
        kept.append({"row": 0, "column": "", "code": str(Why.MORE_ERRORS), "values": {"count": refusals.more}})
    return kept


def errors_in(language: Language, kept: Iterable[dict[str, Any]]) -> list[RowError]:
    """The kept errors with their sentences in "zh" or "en"."""
    return [RowError(one["row"], one["column"], one["code"],
                     Refusal(one["row"], one["column"], Why(one["code"]), one["values"]).message(language))
            for one in kept]


def answer_of(row: Row[Any], language: Language) -> UploadResult:
    """A row of the upload table as the answer that was given."""
    return UploadResult(row.public_id, row.kind, row.status, row.rows, row.accepted, row.rejected, row.duplicates,
                        errors_in(language, row.errors))
