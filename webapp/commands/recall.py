"""./saltcheck recall open | close | list"""
from typing import Annotated

import typer

from webapp.commands.opened import open_database
from webapp.commands.operator import operator
from webapp.commands.stop import REFUSED, WRONG_USAGE, Stop
from webapp.db import Database
from webapp.intake.checks import BadValue, moment
from webapp.intake.recall import Done, RecallRefused, close_recall, list_recalls, open_recall
from webapp.settings import load_settings
from webapp.verify.gtin import BadNumber, read_gtin

app = typer.Typer(no_args_is_help=True)


@app.command("open")
def open_(
    gtin: Annotated[str, typer.Option(help="Product, GTIN-8 to GTIN-14.")],
    level: Annotated[int, typer.Option(help="1 (gravest) to 3.", min=1, max=3)],
    reason: Annotated[str, typer.Option(help="What shoppers read; may hold Chinese and English.")],
    lot: Annotated[str | None, typer.Option(help="One lot (批次); left out: the whole product.")] = None,
    known_at: Annotated[str | None, typer.Option(help="When the risk became known (ISO 8601); now if left out.")]
    = None,
) -> None:
    """Call back a product or a lot: its pages say so at once. Prints the recall's id."""
    try:
        product = read_gtin(gtin)
        since = moment(known_at) if known_at else None
    except BadNumber as error:
        raise Stop(WRONG_USAGE, f"--gtin: {error}") from None
    except BadValue:
        raise Stop(WRONG_USAGE, f"--known-at {known_at!r} is not a time such as 2025-01-31T08:00:00+08:00") from None
    _tell(lambda db: open_recall(db, product, lot, level, reason, operator(), known_at=since))


@app.command()
def close(recall_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a recall."""
    _tell(lambda db: close_recall(db, recall_id, operator()))


@app.command("list")
def list_(
    closed: Annotated[bool, typer.Option("--all", help="The ended ones too.")] = False,
) -> None:
    """Open recalls, newest first: id, level, product, lot, opened, closed, reason."""
    for one in list_recalls(open_database(load_settings()), closed):
        closed_at = one.closed_at.isoformat(timespec="minutes") if one.closed_at else "open"
        typer.echo("\t".join([one.public_id, str(one.level), one.gtin, one.lot or "*",
                              one.opened_at.isoformat(timespec="minutes"), closed_at, one.reason]))


def _tell(act) -> None:
    db: Database = open_database(load_settings())
    try:
        done: Done = act(db)
    except RecallRefused as error:
        raise Stop(REFUSED, str(error)) from None
    finally:
        db.close()
    typer.echo(done.public_id)
    if not done.announced:
        typer.echo("saltcheck: recorded; Valkey does not answer, so pages show it a second or so later", err=True)
