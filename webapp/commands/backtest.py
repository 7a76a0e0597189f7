"""./saltcheck backtest --events F.jsonl --alerts OUT.jsonl --verdicts OUT.jsonl"""
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from webapp.commands.opened import open_database
from webapp.commands.stop import REFUSED, Stop
from webapp.detect.backtest import BadLine, backtest
from webapp.detect.bags import BagTable
from webapp.detect.requests import Reader
from webapp.detect.rules import BadRules, load_rules
from webapp.geolocate import Geolocator
from webapp.keys import KeysError, keys_of
from webapp.settings import load_settings
from webapp.verify.code import code_of
from webapp.views.user_agent import agent_of


def main(
    events: Annotated[Path, typer.Option(help="Scans, one JSON object a line, sorted by time.")],
    alerts: Annotated[Path, typer.Option(help="Where the alerts go.")],
    verdicts: Annotated[Path, typer.Option(help="Where the verdicts go.")],
    geoip: Annotated[Path | None, typer.Option(help="GeoIP2-City .mmdb; without it every scan is unlocated.")] = None,
    staff: Annotated[Path | None, typer.Option(help="JSON list of the brand's own device pseudonyms.")] = None,
    rules: Annotated[Path | None, typer.Option(help="TOML with other numbers than the product's rules.")] = None,
) -> None:
    """Replay a file of scans through the detectors. Needs the registry; touches no live state."""
    settings = load_settings()
    started = time.monotonic()
    try:
        numbers = load_rules(rules)
        keys = keys_of(settings).codes
        reader = Reader(keys, _places(geoip), _staff(staff), agent_of)
        db = open_database(settings)
        with events.open("rb") as lines, _whole(alerts) as alerts_out, _whole(verdicts) as verdicts_out, \
                db.read.connect() as connection, _progress(events) as progress:
            totals = backtest(lines, reader, BagTable(connection), numbers,
                              lambda serial: f"{settings.base_url}/{code_of(serial, keys)}",
                              alerts_out, verdicts_out, progress)
    except BadLine as error:
        raise Stop(REFUSED, f"{events} {error}") from None
    except (BadRules, KeysError) as error:
        raise Stop(REFUSED, str(error)) from None
    except OSError as error:
        raise Stop(REFUSED, f"{error.filename}: {error.strerror}; name a file that can be used") from None
    seconds = time.monotonic() - started
    typer.echo(f"{totals.events:,} scans in {seconds:.1f} s ({totals.events / max(seconds, 1e-9):,.0f}/s): "
               f"{totals.alerts:,} alerts -> {alerts}, {totals.infos:,} notices among them, verdicts -> {verdicts}")


def _places(path: Path | None) -> Geolocator:
    places = Geolocator(path)
    if path is not None and places.reason:
        raise Stop(REFUSED, places.reason)
    return places


def _staff(path: Path | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    try:
        return frozenset(msgspec.json.decode(path.read_bytes(), type=list[str]))
    except msgspec.MsgspecError as error:
        raise Stop(REFUSED, f"{path}: {error}; it must be a JSON list of device pseudonyms") from None


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is complete."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _progress(events: Path) -> Iterator:
    console = Console(stderr=True)
    with Progress(TextColumn("replaying"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console,
                  disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("replaying", total=events.stat().st_size)
        yield lambda done: bar.update(task, completed=done)
