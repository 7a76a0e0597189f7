"""./saltcheck forget: retention. Run it once a day; a run that is cut off is taken up by the next one."""
from typing import Annotated

import typer

from webapp.commands.opened import open_database
from webapp.commands.stop import WRONG_USAGE, Stop
from webapp.scanlog.retention import LEAST_DAYS, PERSON_DAYS, SCAN_DAYS, Retention, forget
from webapp.settings import load_settings


def main(
    scan_days: Annotated[int, typer.Option(help="Scans and summaries of wrong codes are kept this long.")] = SCAN_DAYS,
    person_days: Annotated[int, typer.Option(help="Device pseudonyms and networks are kept this long.")] = PERSON_DAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, change nothing.")] = False,
) -> None:
    """Forget what is past its time: persons first, then whole scans. Registry, recalls, cases and audit stay."""
    if min(scan_days, person_days) < LEAST_DAYS:
        raise Stop(WRONG_USAGE, f"network logs must be kept six months: at least {LEAST_DAYS} days")
    if person_days > scan_days:
        raise Stop(WRONG_USAGE, "--person-days cannot be more than --scan-days: they are part of the scan")
    db = open_database(load_settings())
    for what, count in forget(db, Retention(scan_days, person_days), dry_run=dry_run):
        typer.echo(f"{what}: {count:,}{' would go' if dry_run else ' gone'}")
