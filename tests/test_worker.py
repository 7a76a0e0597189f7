"""The worker's rounds: alone on its folder, patient with a database that is away, stopped without loss."""
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cache.connection import Cache
from tests.servers import postgres_primary, wait_for
from webapp.child_process import die_with_parent, stop_process
from webapp.commands.rebuild_cache import rebuild
from webapp.db import Database
from webapp.migrate import upgrade
from webapp.models import Scan as Row
from webapp.scanlog.heartbeat import HEARTBEAT_FILE, last_beat
from webapp.scanlog.observer import Observer
from webapp.scanlog.scan import Scan, encode, scan_id
from webapp.scanlog.spool import Spool
from webapp.settings import Settings, load_settings
from webapp.worker import AlreadyRunning, Worker, sole_worker

AT = 1_795_000_000_000_000
ROOT = Path(__file__).parent.parent


def keep(spool: Spool, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        assert spool.append(encode(Scan(scan_id(n, 1 << 45 | n, AT), AT, 1 << 45 | n, n, "10.0.0.0/24", 0, "none", 0,
                                        "wechat", False, False, False, "shopper", "first")))


def count(db: Database) -> int:
    with db.read.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Row)) or 0


@pytest.fixture
def small(home: Path, sqlite_url: str, valkey_url: str) -> Settings:
    return load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)


def test_a_second_worker_on_the_same_folder_is_refused(small: Settings):
    with sole_worker(small.spool), pytest.raises(AlreadyRunning, match="another worker"), sole_worker(small.spool):
        pass
    with sole_worker(small.spool):
        pass


def start(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"SALTCHECK_HOME": str(settings.home), "SALTCHECK_DATABASE_URL": settings.database_url,
                                "SALTCHECK_REDIS_URL": settings.redis_url}
    with log.open("ab") as file:
        return subprocess.Popen([sys.executable, "-m", "webapp.cli", "worker"], cwd=ROOT, env=environment, stderr=file,
                                stdin=subprocess.DEVNULL, preexec_fn=die_with_parent())


def test_sigterm_ends_it_cleanly_and_its_words_are_json(small: Settings, tmp_path: Path):
    spool, db, log = Spool(small.spool), Database(small), tmp_path / "log"
    keep(spool, 50)
    process = start(small, log)
    try:
        wait_for(lambda: count(db) == 50, "the scans", 30)
        wait_for((small.spool / HEARTBEAT_FILE).exists, "the heartbeat")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        assert (events[0], events[-1]) == ("worker_started", "worker_stopped")
        assert "shipped" in events
    finally:
        stop_process(process)
        spool.close()
        db.close()


def test_a_second_worker_process_says_so_in_one_line(small: Settings, tmp_path: Path):
    with sole_worker(small.spool):
        process = start(small, tmp_path / "log")
        assert process.wait(30) == 4
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert "another worker" in line


def test_a_database_that_is_away_is_waited_for(home: Path, valkey_url: str):
    with postgres_primary() as postgres:
        settings = load_settings(home=home, database_url=postgres.url(), redis_url=valkey_url)
        db = Database(settings)
        upgrade(db)
        worker, stop, spool = Worker(settings), threading.Event(), Spool(settings.spool)
        thread = threading.Thread(target=worker.run, args=(stop,))
        try:
            keep(spool, 20)
            thread.start()
            wait_for(lambda: worker.shipper.shipped == 20, "the worker to know its first scans are there")
            postgres.stop()
            db.close()
            keep(spool, 30, first=20)
            beat = (settings.spool / HEARTBEAT_FILE)
            before = beat.stat().st_mtime_ns
            wait_for(lambda: beat.stat().st_mtime_ns > before, "a heartbeat without a database")
            told = last_beat(settings.spool)
            assert (told.shipped, told.waiting_bytes > 0, told.caught_up_at < told.at) == (20, True, True)
            assert list(settings.spool.glob("*.spool"))
            postgres.start()
            wait_for(lambda: count(db) == 50, "all scans", 20)
            wait_for(lambda: last_beat(settings.spool).waiting_bytes == 0, "nothing to wait")
            wait_for(lambda: last_beat(settings.spool).caught_up_at > told.at, "the worker to have caught up")
        finally:
            stop.set()
            thread.join()
            worker.close()
            spool.close()
            db.close()
    assert worker.shipper.shipped == 50


def test_rebuild_cache_brings_back_what_the_database_holds(small: Settings, visit_history: Callable):
    spool, db, worker = Spool(small.spool), Database(small), Worker(small)
    keep(spool, 300)
    worker.round()
    spool.close()
    worker.round()  # nothing is left in the spool: it may say at once that all is complete
    before = [visit_history(small, 1 << 45 | n) for n in (0, 150, 299)]
    assert [one.scans for one in before] == [1, 1, 1]
    assert rebuild(small, db) == 300
    assert [visit_history(small, 1 << 45 | n) for n in (0, 150, 299)] == before
    worker.close()
    db.close()


@pytest.fixture
def visit_history() -> Callable:
    def look(settings: Settings, serial: int):
        db, cache = Database(settings), Cache(settings.redis, timeout_s=1)
        seen = Observer(db, cache, settings).observe(
            Scan("0" * 32, AT + 10**10, serial, 10**9, "", 0, "none", 0, "browser", False, False, False, "shopper", ""),
            note=False)
        db.close()
        cache.close()
        return seen.history
    return look
