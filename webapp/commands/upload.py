"""./saltcheck upload KIND FILE --as GLN"""
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from webapp.analytics.csv_export import csv_text
from webapp.commands.opened import open_database
from webapp.commands.operator import operator
from webapp.commands.stop import PARTLY, REFUSED, WRONG_USAGE, Stop
from webapp.intake.answer import RowError, UploadResult
from webapp.intake.upload import KINDS, accept
from webapp.keys import KeysError, keys_of
from webapp.settings import load_settings
from webapp.verify.gtin import BadNumber, read_gln

SHOWN = 50
WIDTH_OF_A_PIPE = 200
EXIT_CODES = {"partially_accepted": PARTLY, "rejected": REFUSED}


def main(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=" | ".join(KINDS))],
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8 or GB18030), XLSX, or a JSON array of rows.")],
    gln: Annotated[str, typer.Option("--as", metavar="GLN", help="The enterprise whose data this is.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
    errors_csv: Annotated[Path | None, typer.Option(help="Write every row error into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as the API gives it.")] = False,
    language: Annotated[str, typer.Option(help="Language of the row errors: zh or en.")] = "en",
) -> None:
    """Hand in a file. Good rows go in, bad rows are named; exit 0 accepted, 3 partly, 4 rejected."""
    if language not in ("zh", "en"):
        raise Stop(WRONG_USAGE, f"--language {language}: zh or en")
    try:
        enterprise = read_gln(gln)
    except BadNumber as error:
        raise Stop(WRONG_USAGE, f"--as: {error}") from None
    if kind not in KINDS:
        raise Stop(WRONG_USAGE, f"there is no upload kind {kind!r}; known: {', '.join(KINDS)}")
    result = _hand_in(kind, file, enterprise, dry_run, language)
    if errors_csv is not None:
        _write_errors(result, errors_csv)
    if as_json:
        typer.echo(json.dumps(_plain(result), ensure_ascii=False))
    else:
        _print(result, file, dry_run)
    if result.status != "accepted":
        raise Stop(EXIT_CODES[result.status], f"{file.name}: {result.rejected:,} of {result.rows:,} rows were refused, "
                   f"{len(result.errors):,} errors named; correct them and send the whole file again")


def _hand_in(kind: str, file: Path, enterprise: str, dry_run: bool, language: str) -> UploadResult:
    settings = load_settings()
    try:
        with file.open("rb") as body:
            keys = keys_of(settings)
            db = open_database(settings)
            return accept(db, kind, body, file.name, enterprise, keys=keys, actor=operator(), dry_run=dry_run,
                          trusted=True, language=language)
    except KeysError as error:
        raise Stop(REFUSED, str(error)) from None
    except OSError as error:
        if error.filename != str(file):
            raise
        raise Stop(REFUSED, f"{file} cannot be read: {error.strerror}") from None


def _write_errors(result: UploadResult, path: Path) -> None:
    try:
        path.write_text(csv_text(RowError._fields, result.errors), encoding="utf-8", newline="")
    except OSError as error:
        raise Stop(REFUSED, f"{path} cannot be written: {error.strerror}") from None


def _print(result: UploadResult, file: Path, dry_run: bool) -> None:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_A_PIPE
    done = "would be " if dry_run else ""
    console.print(f"{file.name}: {result.status} ({result.kind}, {result.rows:,} rows: {done}{result.accepted:,} "
                  f"accepted, {result.duplicates:,} there already, {result.rejected:,} rejected)", soft_wrap=True)
    if result.errors:
        table = Table("row", "column", "code", "why", box=None, pad_edge=False)
        for error in result.errors[:SHOWN]:
            table.add_row(str(error.row or ""), error.column, error.code, error.message)
        console.print(table)
    if len(result.errors) > SHOWN:
        console.print(f"… and {len(result.errors) - SHOWN:,} more; --errors-csv FILE writes all")


def _plain(result: UploadResult) -> dict:
    return {name: value for name, value in result._asdict().items() if name != "kind"} | {
        "errors": [error._asdict() for error in result.errors]}
