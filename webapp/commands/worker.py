"""./saltcheck worker"""
from webapp import logs
from webapp.commands.stop import REFUSED, Stop
from webapp.db import Database
from webapp.migrate import upgrade
from webapp.settings import load_settings
from webapp.worker import AlreadyRunning, run_worker


def main() -> None:
    """Ship kept scans to the database, judge them, open cases; until Ctrl-C or SIGTERM."""
    settings = load_settings()
    logs.configure()
    if not settings.production:
        db = Database(settings)
        upgrade(db)
        db.close()
    try:
        run_worker(settings)
    except AlreadyRunning as error:
        raise Stop(REFUSED, str(error)) from None
