"""`codes inspect --why`: the ledger of one code in words, from the scans the database holds."""
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from webapp.db import Database
from webapp.detect.bags import facts_of
from webapp.detect.from_scan import event_of
from webapp.detect.rules import load_rules
from webapp.detect.why import Why, why
from webapp.models import Scan as ScanRow
from webapp.places import PLACES
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import CHINA, microseconds
from webapp.verify.lookup import Lookup

SHOWN = 200  # a code under a storm has thousands; the ledger weighs them all, the table shows the last
COLUMNS = [getattr(ScanRow, name) for name in Scan.__struct_fields__]


def print_ledger(db: Database, serial: int) -> None:
    """Every visit with what it was for the ledger, then what they say against each innocent explanation, in nats."""
    scans = db.ask(lambda connection: _scans(connection, serial))
    told = why(map(event_of, scans), facts_of(Lookup(db).bag(serial)), load_rules())
    out = Console(soft_wrap=True, highlight=False, markup=False)
    if len(told.lines) > SHOWN:
        typer.echo(f"the last {SHOWN} of {len(told.lines):,} visits:")
    out.print(_visits(told))
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


def _scans(connection: Connection, serial: int) -> list[Scan]:
    rows = connection.execute(select(*COLUMNS).where(ScanRow.serial == serial).order_by(ScanRow.at)).mappings()
    return [Scan(**{**row, "at": microseconds(row["at"])}) for row in rows]
