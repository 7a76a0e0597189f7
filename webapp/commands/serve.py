"""./saltcheck serve: hands this process over to the web server."""
import os
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

import webapp
from webapp.app import keys_for
from webapp.commands.stop import REFUSED, Stop
from webapp.db import Database
from webapp.keys import KeysError
from webapp.migrate import is_current, upgrade
from webapp.settings import Settings, load_settings
from webapp.tally import forget_ended

ROOT = Path(webapp.__file__).parent.parent
MEMORY = {"MALLOC_ARENA_MAX": "2"}  # of the C library: an arena for each thread would be 3 MB that are never used


def main(
    bind: Annotated[str, typer.Option(help="HOST:PORT or unix:PATH; default: SALTCHECK_BASE_URL's port on loopback.")]
    = "",
    workers: Annotated[int, typer.Option(help="Web processes; default: one a core.", min=1, max=256)]
    = os.cpu_count() or 1,
    threads: Annotated[int, typer.Option(help="Threads of each web process.", min=1, max=64)] = 16,
) -> None:
    """Serve the web pages until SIGTERM; SIGHUP restarts the processes one after another, without an error."""
    settings = load_settings()
    prepare(settings)
    forget_ended(settings.home / "metrics")
    bind = bind or f"127.0.0.1:{urlsplit(settings.base_url).port or 8000}"
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-P", "-m", *gunicorn(bind, workers, threads)],
              {**MEMORY, **os.environ, "PYTHONUNBUFFERED": "1"})


def prepare(settings: Settings) -> None:
    """What must be true before the first request: usable keys, a database with our tables. Raises Stop."""
    try:
        keys_for(settings)
    except KeysError as error:
        raise Stop(REFUSED, str(error)) from None
    db = Database(settings)
    if not settings.production:
        upgrade(db)
    elif not is_current(db):
        raise Stop(REFUSED, "the database is not at the newest migration; run: ./saltcheck db upgrade")
    db.close()


def gunicorn(bind: str, workers: int, threads: int) -> list[str]:
    return ["gunicorn", "-c", str(ROOT / "webapp/gunicorn_conf.py"), "--bind", bind, "--workers", str(workers),
            "--threads", str(threads), "webapp.wsgi:app"]
