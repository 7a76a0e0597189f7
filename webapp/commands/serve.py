"""./saltcheck serve: hands this process over to the web server."""
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

import webapp
from webapp.app import keys_for
from webapp.commands.stop import REFUSED, WRONG_USAGE, Stop
from webapp.db import Database
from webapp.keys import KeysError
from webapp.migrate import is_current, upgrade
from webapp.settings import Settings, load_settings
from webapp.tally import forget_ended

ROOT = Path(webapp.__file__).parent.parent
RESTART_S = "5"  # a web process is up after one or two


class Server(StrEnum):
    """Both run the same app; decision 0011 compares them."""

    GUNICORN = "gunicorn"
    GRANIAN = "granian"


def main(
    bind: Annotated[str, typer.Option(help="HOST:PORT or unix:PATH; default: SALTCHECK_BASE_URL's port on loopback.")]
    = "",
    workers: Annotated[int, typer.Option(help="Web processes; default: one a core.", min=1, max=256)]
    = os.cpu_count() or 1,
    threads: Annotated[int, typer.Option(help="Threads of each web process; default: gunicorn 32, granian 8.", min=0,
                                         max=64)] = 0,
    server: Annotated[Server, typer.Option(help="Which web server runs the app.")] = Server.GUNICORN,
) -> None:
    """Serve the web pages until SIGTERM; SIGHUP restarts the processes one after another, without an error."""
    settings = load_settings()
    prepare(settings)
    forget_ended(settings.home / "metrics")
    bind = bind or f"127.0.0.1:{urlsplit(settings.base_url).port or 8000}"
    words = granian(bind, workers, threads or 8) if server is Server.GRANIAN else gunicorn(bind, workers, threads or 32)
    # granian is chosen for its rate, which a sync before every reply would halve (decision 0011)
    sync = "interval" if server is Server.GRANIAN and "sync" not in settings.model_fields_set else settings.sync
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-P", "-m", *words],
              {**os.environ, "PYTHONUNBUFFERED": "1", "SALTCHECK_SYNC": sync})


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


def granian(bind: str, workers: int, threads: int) -> list[str]:
    if bind.startswith("unix:"):
        where = ["--uds", bind.removeprefix("unix:")]
    else:
        host, _, port = bind.rpartition(":")
        if not port.isdigit():
            raise Stop(WRONG_USAGE, f"--bind {bind!r}: must be HOST:PORT or unix:PATH")
        where = ["--host", host.strip("[]"), "--port", port]
    # At a restart granian stops the old process so many seconds after it started the new one, up or not.
    return ["granian", "--interface", "wsgi", *where, "--workers", str(workers), "--blocking-threads", str(threads),
            "--respawn-failed-workers", "--respawn-interval", RESTART_S, "--workers-kill-timeout", "20",
            "--http1-header-read-timeout", "10000", "--log-level", "warning", "webapp.wsgi:app"]
