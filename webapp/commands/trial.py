"""./saltcheck trial [--json]"""
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from webapp.auth.permissions import Scope
from webapp.cases.trial import Comparison, Raised, compare
from webapp.commands.opened import open_database
from webapp.commands.stop import REFUSED, Stop
from webapp.keys import KeysError, keys_of
from webapp.places import PLACES
from webapp.settings import load_settings
from webapp.verify.china_day import CHINA
from webapp.verify.code import code_of

NONE = ("no trial runs: name a file of rules in SALTCHECK_SHADOW_RULES and restart the worker; what it finds shows "
        "here a minute later")
Code = Callable[[int | None], str | None]


def main(json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False) -> None:
    """Compare the rules on trial (SALTCHECK_SHADOW_RULES of the worker) with the live ones: what differs, what both
    raised, what only one of them did, and what became of the cases."""
    settings = load_settings()
    try:
        keys = keys_of(settings).codes
    except KeysError as error:
        raise Stop(REFUSED, str(error)) from None
    found = open_database(settings).ask(lambda connection: compare(connection, Scope(everything=True)))
    if found is None:
        raise Stop(REFUSED, NONE)

    def code(serial: int | None) -> str | None:
        return code_of(serial, keys) if serial else None

    if json:
        typer.echo(msgspec.json.format(msgspec.json.encode(_for_programs(found, code)), indent=2).decode())
        return
    _print(found, code)


def _print(found: Comparison, code: Code) -> None:
    period, (sooner, later) = found.period, found.sooner()
    state = "runs" if period.running else "STOPPED: no worker has been at it for some minutes"
    typer.echo(f"the trial {state}; it began {_time(period.began_at)} and has learned to {_time(period.trial_to)}, "
               f"live to {_time(period.live_to)} (Asia/Shanghai)")
    typer.echo(f"compared: scans from {_time(period.since)} to {_time(period.to)}; the trial learned "
               "those from before it began afterwards")
    _table("what differs", ("rule", "live", "trial"), [(one.name, _short(one.live), _short(one.trial))
                                                       for one in found.changed])
    lines = found.kinds()
    _table("subjects raised", ("kind", "live", "trial", "both", "only live", "only trial"), [
        (one.kind, one.both + one.only_live, one.both + one.only_trial, one.both, one.only_live, one.only_trial)
        for one in lines])
    typer.echo(f"of what both raised, the trial raised {sooner} sooner and {later} later")
    _table("cases closed by people", ("closed as", "cases", "the trial raised them too"), [
        ("confirmed fake", *found.confirmed), ("a mistake", *found.mistakes)])
    for title, ones in (("only the trial raised", found.only_trial), ("only live raised", found.only_live)):
        _table(title, ("first raised", "kind", "about", "place", "score"), [
            (_time(one.at), one.kind, _about(one, code), _place(one.area), f"{one.score:.1f}") for one in ones])


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    table, empty = Table(box=None), True
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*map(str, row))
        empty = False
    typer.echo(f"\n{title}{': nothing' if empty else ''}")
    if not empty:
        Console(soft_wrap=True, highlight=False, markup=False, width=140).print(table)


def _for_programs(found: Comparison, code: Code) -> dict[str, Any]:
    period, (sooner, later) = found.period, found.sooner()
    return {
        "running": period.running, "since": _iso(period.since), "began_at": _iso(period.began_at),
        "to": _iso(period.to), "learned_to": {"live": _iso(period.live_to), "trial": _iso(period.trial_to)},
        "changed": [one._asdict() for one in found.changed],
        "kinds": [one._asdict() for one in found.kinds()],
        "sooner": sooner, "later": later,
        "confirmed_fake": found.confirmed._asdict(), "mistakes": found.mistakes._asdict(),
        "only_trial": [_subject(one, code) for one in found.only_trial],
        "only_live": [_subject(one, code) for one in found.only_live],
        "both": [_subject(one.trial, code) | {"live_at": _iso(one.live.at) if one.live else None}
                 for one in found.both],
    }


def _subject(one: Raised, code: Code) -> dict[str, Any]:
    return {**one._asdict(), "at": _iso(one.at), "code": code(one.serial), "place": _place(one.area)}


def _about(one: Raised, code: Code) -> str:
    bag = " ".join(filter(None, (one.brand, one.lot)))
    return f"{code(one.serial) or one.name} {bag}".strip() if one.serial else bag or one.name


def _place(adcode: int) -> str:
    return PLACES[adcode].name_en if adcode in PLACES else "-"


def _short(value: object) -> str:
    return "-" if value is None else str(value)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat(timespec="seconds")
