"""The commands behind ./saltcheck. Only the one that was asked for is imported: a start costs what it needs."""
import sys
from importlib import import_module

import typer
from sqlalchemy.exc import OperationalError

from webapp.commands.stop import REFUSED, SERVICE_AWAY, WRONG_USAGE, Stop
from webapp.db import DatabaseAway
from webapp.settings import BadSetting

COMMANDS = {
    "demo": "a whole demo world on this machine: web, worker, Valkey, codes to scan",
    "serve": "the web processes",
    "worker": "ships scans to the database, judges them, opens cases",
    "db": "migrations",
    "codes": "issue codes, look into one, draw its QR",
    "upload": "hand in a file of sites, products, batches, shipments …",
    "recall": "open or close a recall",
    "backtest": "replay a file of scans through the detectors",
    "trial": "compare rules on trial with the live ones",
    "calibrate": "measure what genuine scans look like, beside what the rules assume",
    "users": "people who may sign in",
    "clients": "programs that may call the API",
    "rebuild-cache": "refill Valkey from the database",
    "doctor": "check every dependency and setting",
    "forget": "apply retention",
    "keys": "make the keys of a new installation",
}


def build(wanted: str | None) -> typer.Typer:
    """The command line with `wanted` loaded, or with every command when it is not one of ours (help)."""
    cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True,
                      help="Saltcheck (盐证): one scan of a salt bag, one honest verdict.")
    cli.callback()(lambda: None)  # else Typer drops the word "upload" when upload is the only command loaded
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        module = import_module("webapp.commands." + name.replace("-", "_"))
        if hasattr(module, "app"):
            cli.add_typer(module.app, name=name, help=COMMANDS[name])
        else:
            cli.command(name, help=COMMANDS[name])(module.main)
    return cli


def main(words: list[str] | None = None) -> None:
    """Run one command; every foreseen failure ends in one line on stderr and its exit code."""
    words = sys.argv[1:] if words is None else words
    wanted = next((word for word in words if not word.startswith("-")), None)
    if wanted is not None and wanted not in COMMANDS:
        leave(WRONG_USAGE, f"there is no command {wanted!r}; known: {', '.join(COMMANDS)}")
    try:
        build(wanted)(words, prog_name="saltcheck")
    except Stop as stop:
        leave(stop.code, stop.text)
    except BadSetting as error:
        leave(WRONG_USAGE, str(error))
    except DatabaseAway as error:
        leave(SERVICE_AWAY, str(error))
    except OperationalError as error:
        leave(SERVICE_AWAY, f"the database does not answer: {error.orig}; check SALTCHECK_DATABASE_URL")
    except PermissionError as error:
        leave(REFUSED, f"{error.filename}: no permission; choose a folder you may write to with SALTCHECK_HOME")
    except KeyboardInterrupt:
        leave(130, "stopped")


def leave(code: int, text: str) -> None:
    print(f"saltcheck: {' '.join(text.split())}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
