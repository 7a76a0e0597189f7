"""./saltcheck calibrate [--since DATE] [--rules F.toml] [--write F.toml]"""
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, func, or_, select

from webapp.cases.work import ClosingReason
from webapp.commands.opened import open_database
from webapp.commands.stop import REFUSED, WRONG_USAGE, Stop
from webapp.db import Database
from webapp.detect.bags import facts_of
from webapp.detect.calibrate import ERRS, Calibration, Figure
from webapp.detect.drifted_rules import drifted_rules, toml_of
from webapp.detect.from_scan import event_of
from webapp.detect.rules import BadRules, Rules, load_rules
from webapp.models import Alert, Batch, Case, Rollup, Shipment
from webapp.models import Scan as ScanRow
from webapp.scanlog.scan import Scan
from webapp.settings import load_settings
from webapp.verify.china_day import CHINA, microseconds
from webapp.verify.lookup import Lookup

COLUMNS = [getattr(ScanRow, name) for name in Scan.__struct_fields__]
AT_ONCE = 5_000
SOLD_OUT = timedelta(days=90)
FIRST = "first"  # the roll-ups' word for a code's first visit

Scanned = dict[str, dict[int, tuple[int, int]]]


def main(
    since: Annotated[str | None, typer.Option(help="Only scans from this day on (YYYY-MM-DD, Beijing).")] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules to compare with, instead of the product's.")] = None,
    write: Annotated[Path | None, typer.Option(help="Where the rules with the measured numbers go (TOML).")] = None,
) -> None:
    """Measure what genuine scans look like, on codes and lots without an alert, beside what the rules assume. Changes
    nothing but the file of --write, which `backtest --rules` and shadow rules take."""
    start = _start(since)
    try:
        numbers = load_rules(rules)
    except BadRules as error:
        raise Stop(REFUSED, str(error)) from None
    figures = measure(open_database(load_settings()), numbers, start)
    _print(figures)
    if write is not None:
        _write(write, toml_of(drifted_rules(figures, numbers)))


def measure(db: Database, rules: Rules, start: datetime) -> list[Figure]:
    """Every figure, from what the database holds since `start`."""
    calibration, lookup = Calibration(rules, {}), Lookup(db)
    with db.read.connect() as connection:
        serials, lots = doubted(connection)
        for scan in _scans(connection, start):
            facts = facts_of(lookup.bag(scan.serial))
            if facts.issued and facts.lot not in lots and scan.serial not in serials:
                calibration.learn(event_of(scan), facts)
        return calibration.figures(_scanned(connection, start, lots))


def doubted(connection: Connection) -> tuple[set[int], set[int]]:
    """Serials and lots with an alert that nobody has called a mistake. An alert on a lot in one province doubts the
    whole lot."""
    serials: set[int] = set()
    lots: set[int] = set()
    alerts = select(Alert.serial, Alert.serials, Alert.batch_id).outerjoin(Case, Alert.case_id == Case.id).where(
        Alert.shadow.is_(False), Alert.severity == "case",
        or_(Case.closed_at.is_(None), Case.closing_reason == ClosingReason.CONFIRMED_FAKE))
    for serial, several, lot in connection.execute(alerts):
        serials.update(several or ())
        if serial:
            serials.add(serial)
        elif lot:
            lots.add(lot)
    return serials, lots


def _scans(connection: Connection, start: datetime) -> Iterator[Scan]:
    rows = connection.execution_options(yield_per=AT_ONCE).execute(
        select(*COLUMNS).where(ScanRow.at >= start).order_by(ScanRow.at, ScanRow.serial, ScanRow.device)).mappings()
    for row in rows:
        yield Scan(**{**row, "at": microseconds(row["at"])})


def _scanned(connection: Connection, start: datetime, lots: set[int]) -> Scanned:
    """Codes scanned and bags shipped of lots without an alert that left at least 90 days before the last count, by
    product. From the roll-ups: they reach back farther than the scans themselves."""
    last = connection.execute(select(func.max(Rollup.hour))).scalar() or datetime.now(UTC)
    left = select(Shipment.batch_id, func.min(Shipment.shipped_at).label("at")).group_by(Shipment.batch_id).subquery()
    rows = connection.execute(
        select(Batch.id, Batch.gtin, Batch.quantity, Batch.produced_on, left.c.at, func.sum(Rollup.scans))
        .join(Rollup, Rollup.batch_id == Batch.id).outerjoin(left, left.c.batch_id == Batch.id)
        .where(Rollup.visitor == FIRST).group_by(Batch.id, Batch.gtin, Batch.quantity, Batch.produced_on, left.c.at))
    out: Scanned = defaultdict(dict)
    for lot, gtin, quantity, produced_on, shipped_at, scans in rows:
        began = _utc(shipped_at) if shipped_at else datetime.combine(produced_on, time(), CHINA)
        if lot not in lots and quantity and start <= began <= _utc(last) - SOLD_OUT:
            out[gtin][lot] = (min(int(scans), quantity), quantity)
    return out


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _start(since: str | None) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(since), time(), CHINA) if since else datetime(2000, 1, 1, tzinfo=UTC)
    except ValueError:
        raise Stop(WRONG_USAGE, f"--since {since}: not a day; write YYYY-MM-DD") from None


def _print(figures: list[Figure]) -> None:
    table = Table(box=None)
    for name in ("figure", "measured", "95 %", "of", "rules", ""):
        table.add_column(name, justify="left" if name in ("figure", "") else "right")
    drifted = 0
    for figure in figures:
        low, high = figure.interval()
        moved = figure.drifted(len(figures))
        drifted += moved
        table.add_row(figure.name, f"{figure.share:.4f}" if figure.of else "-", f"{low:.4f}-{high:.4f}",
                      f"{figure.of:,}", "-" if figure.assumed is None else f"{figure.assumed:.4f}",
                      "drifted" if moved else "")
    Console(soft_wrap=True, highlight=False, markup=False, width=120).print(table)
    typer.echo(f"{drifted} of {len(figures)} drifted: the rules' share lies outside the interval that errs once in "
               f"{1 / ERRS:.0f} calibrations, and more than a tenth away")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
        load_rules(path)
    except OSError as error:
        raise Stop(REFUSED, f"{path}: {error.strerror}; name a file that can be written") from None
    typer.echo(f"rules written to {path}; try them: ./saltcheck backtest --rules {path} ...")
