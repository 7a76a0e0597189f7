"""The primary is lost for good: its base backup, kept current by WAL, takes over, and the spool is shipped to it."""
from pathlib import Path

from sqlalchemy import func, select

from tests.faults.inside import inside
from tests.servers import postgres_primary, postgres_standby, wait_for, wait_until_replayed
from webapp.db import Database
from webapp.migrate import upgrade
from webapp.models import CodeHistory, Rollup, Scan
from webapp.settings import load_settings
from webapp.worker import Worker


def counts(db: Database) -> tuple[int, ...]:
    with db.write.connect() as connection:
        return tuple(connection.scalar(select(what)) for what in (
            func.count(Scan.scan_id), func.count(CodeHistory.serial), func.sum(Rollup.scans)))


def test_counts_are_equal_after_a_restore_and_the_spool_fills_what_came_since(home: Path, valkey_url: str):
    with postgres_primary() as primary:
        settings = load_settings(home=home, database_url=primary.url(), redis_url=valkey_url)
        db = Database(settings)
        upgrade(db)
        db.close()
        with inside(settings) as shop:
            shop.stock()
            worker = Worker(settings)
            for number in range(20):
                assert shop.ask(number)["recorded"]
            worker.round()
            with postgres_standby(primary) as backup:  # pg_basebackup, then WAL as it comes
                for number in range(20, 40):
                    assert shop.ask(number)["recorded"]
                worker.round()
                before = counts(shop.db)
                wait_until_replayed(primary, backup)
                for number in range(40, 60):
                    assert shop.ask(number)["recorded"]  # kept, not shipped
                worker.close()
                shop.db.close()
                primary.stop()
                backup.run("SELECT pg_promote()")
                wait_for(lambda: backup.run("SELECT pg_is_in_recovery()") == [(False,)], "the promotion")
                restored = load_settings(home=home, database_url=backup.url(), redis_url=valkey_url)
                after = Worker(restored)
                db = Database(restored)
                assert counts(db) == before == (40, 40, 40)
                after.round()
                assert counts(db) == (60, 60, 60)
                after.close()
                db.close()
