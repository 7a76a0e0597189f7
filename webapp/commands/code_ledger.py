"""`codes inspect --why`: the scans of one code in words, and the ledger that the detectors keep of it."""
from datetime import datetime
from typing import NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, func, select

from webapp.db import NEWEST, Database
from webapp.detect.bags import facts_of
from webapp.detect.from_scan import event_of
from webapp.detect.kept_state import kept_open
from webapp.detect.ledgers import read_ledgers
from webapp.detect.opinion import Open
from webapp.detect.rules import load_rules
from webapp.detect.share import is_of
from webapp.detect.why import Why, why, why_kept
from webapp.models import Detector
from webapp.models import Scan as ScanRow
from webapp.models.detector import LIVE
from webapp.places import PLACES
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import CHINA, microseconds
from webapp.verify.lookup import Lookup

SHOWN = 200  # a code under a storm has thousands; the ledger weighs them all, the table shows the last
COLUMNS = [getattr(ScanRow, name) for name in Scan.__struct_fields__]


class Kept(NamedTuple):
    """What the database holds of a code. learned_to: µs, None before the worker has ever detected."""

    scans: list[Scan]
    ledger: bytes
    opened: Open
    learned_to: int | None


def print_ledger(db: Database, serial: int) -> None:
    """Every visit with what it was for the ledger and what they say against each innocent explanation, in nats; then
    the ledger that pages believe, which also knows what these phones and lines did elsewhere."""
    kept = db.ask(lambda connection: _read(connection, serial), NEWEST)
    rules, facts = load_rules(), facts_of(Lookup(db).bag(serial))
    told = why(map(event_of, kept.scans), facts, rules)
    out = Console(soft_wrap=True, highlight=False, markup=False)
    if len(told.lines) > SHOWN:
        typer.echo(f"the last {SHOWN} of {len(told.lines):,} visits:")
    out.print(_visits(told))
    _print_sum(told)
    if kept.learned_to is None:
        typer.echo("live ledger: the worker has not detected anything in this database yet")
        return
    moment = datetime.fromtimestamp(kept.learned_to / 1_000_000, CHINA)
    if not kept.ledger:
        typer.echo(f"live ledger: nothing is kept of this code; learned to {moment:%Y-%m-%d %H:%M:%S} (Beijing)")
        return
    typer.echo(f"live ledger, learned to {moment:%Y-%m-%d %H:%M:%S} (Beijing):")
    _print_sum(why_kept(kept.ledger, facts, kept.opened, rules))


def _print_sum(told: Why) -> None:
    for one in told.explanations:
        typer.echo(f"{one.weight:+8.1f}  {one.zh} / {one.en}")
    typer.echo(f"S = {told.score:.1f} nats; caution from {told.caution:g}, suspect from {told.suspect:g}")


def _visits(told: Why) -> Table:
    table = Table(box=None)
    for name in ("time (Beijing)", "place", "what it was"):
        table.add_column(name)
    for event, kind in told.lines[-SHOWN:]:
        moment = datetime.fromtimestamp(event.at, CHINA)
        place = PLACES.get(event.city)
        table.add_row(f"{moment:%Y-%m-%d %H:%M}", place.name_zh if place else "-", str(kind))
    return table


def _read(connection: Connection, serial: int) -> Kept:
    rows = connection.execute(select(*COLUMNS).where(ScanRow.serial == serial).order_by(ScanRow.at)).mappings()
    return Kept(
        [Scan(**{**row, "at": microseconds(row["at"])}) for row in rows],
        read_ledgers(connection, LIVE, [serial]).get(serial, b""), kept_open(connection, LIVE),
        connection.scalar(select(func.min(Detector.learned_to)).where(is_of(LIVE, Detector.name))))
