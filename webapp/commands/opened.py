"""The database as a command finds it: made or brought up to date on one's own machine, only checked in production."""
from webapp.commands.stop import REFUSED, Stop
from webapp.db import Database
from webapp.migrate import is_current, upgrade
from webapp.settings import Settings


def open_database(settings: Settings) -> Database:
    """A database with every migration. Raises Stop where only an operator may migrate, DatabaseAway."""
    db = Database(settings)
    if not settings.production:
        upgrade(db)
    elif not is_current(db):
        raise Stop(REFUSED, "the database is not at the newest migration; run: ./saltcheck db upgrade")
    return db
