"""./saltcheck codes issue | inspect | qr | void-block | vectors"""
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from webapp.codes.block import Block, BlockRefused, refuse_unknown, unfinished, void
from webapp.codes.inspect import inspect_code
from webapp.codes.issue import block_in, issue_block, resume_block
from webapp.codes.out_file import open_out
from webapp.codes.qr import GS1_MINIMUM_MM, make_qr, print_size, save_qr
from webapp.codes.vectors import vectors_json
from webapp.commands.code_ledger import print_ledger
from webapp.commands.stop import PARTLY, REFUSED, WRONG_USAGE, Stop
from webapp.db import Database
from webapp.keys import Keys, KeysError, keys_of
from webapp.migrate import upgrade
from webapp.settings import Settings, load_settings
from webapp.verify.code import BadCode, nearest, read_code
from webapp.verify.digital_link import read_address
from webapp.verify.gtin import BadNumber, read_gtin

app = typer.Typer(no_args_is_help=True)

_AFTER_A_CUT = ("the same command with --resume goes on; without a file to resume, "
                "void the block (saltcheck codes void-block)")

Text = Annotated[str, typer.Argument(metavar="CODE", help="20 characters, or the address of a scan page.")]


@app.command()
def issue(
    gtin: Annotated[str, typer.Option(help="Product, GTIN-8 to GTIN-14.")],
    count: Annotated[int, typer.Option(help="How many codes.", min=1)],
    out: Annotated[Path, typer.Option(help="CSV file to write; - writes to standard output.")],
    lot: Annotated[str | None, typer.Option(help="Lot (批次) they go onto; else upload lots_of_codes later.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a file whose issuing was cut off.")] = False,
) -> None:
    """Issue codes: one block of running numbers in the database, one CSV row a code."""
    settings, db, keys = _open()
    if keys.demo and settings.production:
        _say("these codes are made with demo keys: do not print them (saltcheck keys makes real ones)")
    order = (_gtin(gtin), lot, count)
    try:
        refuse_unknown(db, gtin=order[0], lot=lot)  # before a file is made
        with _open_out(out, resume) as file, _progress(count) as report:
            begun = _begun(db, keys, file, order, out) if resume else None
            if begun is None:
                _name_unfinished(db)
                block = issue_block(db, keys.codes, settings.base_url, *order, file, _started, report)
            elif begun.status == "issued":
                block = begun
            else:
                block = resume_block(db, keys.codes, settings.base_url, begun, file, report)
    except BlockRefused as error:
        raise Stop(REFUSED, str(error)) from None
    except KeyboardInterrupt:
        raise Stop(PARTLY, f"stopped; {_AFTER_A_CUT}") from None
    except OSError as error:
        raise Stop(PARTLY, f"{out} is not complete ({error.strerror}); {_AFTER_A_CUT}") from None
    _say(f"block {block.id}: {block.size:,} codes, serials {block.first_serial}..{block.last_serial}, in {out}")


@app.command()
def inspect(
    code: Text,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    ledger: Annotated[bool, typer.Option("--why", help="Add what each scan was, and what they say together.")] = False,
) -> None:
    """Say what a code is, without recording a scan; exit 4 when it is not a code we issued."""
    _, db, keys = _open()
    facts = inspect_code(code, db, keys.codes)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        table = Table(show_header=False, box=None)
        for name, value in facts.items():
            table.add_row(name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
        Console(soft_wrap=True, highlight=False, markup=False).print(table)
    if facts["state"] in ("malformed", "forged", "not_issued"):
        raise typer.Exit(REFUSED)
    if ledger:
        print_ledger(db, facts["serial"])


@app.command()
def qr(
    code: Text,
    out: Annotated[Path, typer.Option(help="File to write: .svg or .png.")],
    size_mm: Annotated[float, typer.Option(help="Width in mm, quiet zone included.", min=5, max=1000)] = 15.0,
) -> None:
    """Draw the QR of a code and say its version and module size."""
    if out.suffix.lower() not in (".svg", ".png"):
        raise Stop(WRONG_USAGE, f"--out {out}: the name must end in .svg or .png")
    settings = load_settings()
    keys = _keys(settings)
    good = read_code(read_address(code).code, keys.codes)
    if isinstance(good, BadCode):
        hint = " or ".join(nearest(good.text, keys.codes))
        raise Stop(REFUSED, f"{good.text}: not one of our codes ({good.reason}){hint and f'; did you mean {hint}?'}")
    symbol = make_qr(settings.base_url, good.text)
    try:
        save_qr(symbol, out, size_mm)
    except OSError as error:
        raise Stop(REFUSED, f"{out} cannot be written: {error.strerror}") from None
    for width in sorted({15.0, size_mm}):
        size = print_size(symbol, width)
        remark = "" if size.module_mm >= GS1_MINIMUM_MM else f", below GS1's minimum of {GS1_MINIMUM_MM} mm"
        typer.echo(f"version {size.version}-Q, {size.modules} modules with quiet zone; "
                   f"at {width:g} mm one module is {size.module_mm:.3f} mm{remark}")


@app.command("void-block")
def void_block(block_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Declare every code of a block invalid, for example after its issuing was cut off."""
    _, db, _ = _open()
    try:
        block = void(db, block_id, actor=f"operator {getpass.getuser()}")
    except BlockRefused as error:
        raise Stop(REFUSED, str(error)) from None
    _say(f"block {block.id} is void: {block.size:,} codes, serials {block.first_serial}..{block.last_serial}")


@app.command()
def vectors() -> None:
    """Print the 1,000 published test vectors (webapp/verify/code_vectors.json), made with published test keys."""
    typer.echo(vectors_json(), nl=False)


def _open() -> tuple[Settings, Database, Keys]:
    settings = load_settings()
    keys = _keys(settings)
    db = Database(settings)
    upgrade(db)
    return settings, db, keys


def _keys(settings: Settings) -> Keys:
    try:
        return keys_of(settings)
    except KeysError as error:
        raise Stop(REFUSED, str(error)) from None


def _gtin(text: str) -> str:
    try:
        return read_gtin(text)
    except BadNumber as error:
        raise Stop(REFUSED, f"--gtin: {error}") from None


def _open_out(out: Path, resume: bool) -> BinaryIO:
    if resume and (str(out) == "-" or (out.exists() and not out.is_file())):
        raise Stop(WRONG_USAGE, f"--resume needs a file, and {out} is none")
    try:
        return open_out(out, resume)
    except OSError as error:
        raise Stop(REFUSED, f"{out} cannot be written: {error.strerror}") from None


def _begun(db: Database, keys: Keys, file: BinaryIO, order: tuple[str, str | None, int], out: Path) -> Block | None:
    """The block a file was begun for; refused when it is not the one that was ordered."""
    begun = block_in(db, keys.codes, file)
    if begun and (order != (begun.gtin, begun.lot, begun.size) or begun.status == "void"):
        what = f"{begun.size} codes of {begun.gtin}, lot {begun.lot or '-'}, {begun.status}"
        raise BlockRefused(f"{out} holds block {begun.id} ({what}), which is not what was asked for")
    return begun


def _name_unfinished(db: Database) -> None:
    if blocks := ", ".join(str(block.id) for block in unfinished(db)):
        _say(f"being issued right now or cut off: block {blocks}; resume the cut-off ones, "
             "or void them (saltcheck codes void-block)")


def _started(block: Block) -> None:
    _say(f"block {block.id}: {block.size:,} numbers reserved")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, silence anywhere else."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    columns = (TextColumn("codes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("codes", total=total)
        yield lambda done: bar.update(task, completed=done)


def _say(text: str) -> None:
    typer.echo(text, err=True)
