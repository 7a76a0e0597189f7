"""./saltcheck rebuild-cache"""
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select

from cache.connection import Cache, CacheAway
from cache.history import Folded, HistoryCache
from webapp.commands.stop import SERVICE_AWAY, Stop
from webapp.db import Database
from webapp.detect.ledgers import read_short
from webapp.migrate import upgrade
from webapp.models import CodeHistory
from webapp.models.detector import LIVE
from webapp.scanlog.observer import machine
from webapp.scanlog.segment import pending
from webapp.settings import Settings, load_settings

AT_ONCE = 1_000
TIMEOUT_S = 2.0


def main() -> None:
    """Refill Valkey from the database: forget every history, then bring them all. Pages go on meanwhile."""
    settings = load_settings()
    db = Database(settings)
    if not settings.production:
        upgrade(db)
    try:
        count = rebuild(settings, db)
    except CacheAway as error:
        raise Stop(SERVICE_AWAY, f"Valkey at {settings.redis} does not answer: {error}; start it and try again") \
            from None
    finally:
        db.close()
    typer.echo(f"{count:,} histories are in Valkey again")


def rebuild(settings: Settings, db: Database) -> int:
    """-> how many histories were brought. Raises CacheAway."""
    cache = Cache(settings.redis, timeout_s=TIMEOUT_S)
    memory = HistoryCache(cache)
    try:
        memory.start_anew()
        memory.bump()  # whatever processes remember of the registry is read again, too
        done = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            with db.read.connect() as connection:
                total = connection.scalar(select(func.count()).select_from(CodeHistory)) or 0
            task = progress.add_task("histories", total=total)
            for page, ledgers in _pages(db):
                memory.settle(page, memory.now_us(), 0)
                memory.put_ledgers(ledgers)
                done += len(page)
                progress.update(task, completed=done)
        if not pending(settings.spool):  # else the worker says so once everything is shipped
            memory.mark_shipped(machine(), memory.now_us())
        return done
    finally:
        cache.close()


def _pages(db: Database) -> Iterator[tuple[list[Folded], dict[int, bytes]]]:
    """All histories with their ledgers by serial, a page at a time: no long transaction that would hold back the
    replica."""
    after = -1
    while True:
        with db.read.connect() as connection:
            rows = connection.execute(
                select(CodeHistory.serial, CodeHistory.state, CodeHistory.tail).where(CodeHistory.serial > after)
                .order_by(CodeHistory.serial).limit(AT_ONCE)).all()
            ledgers = read_short(connection, LIVE, [row.serial for row in rows])
        if not rows:
            return
        after = rows[-1].serial
        yield [Folded(*row) for row in rows], {row.serial: ledgers.get(row.serial, b"") for row in rows}
