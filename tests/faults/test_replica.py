"""The standby lost, late or interrupted: pages never show what was true before a change, and nobody sees an error."""
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from cache.replay import ReplayPosition
from tests.faults.inside import Inside, inside
from tests.servers import Postgres, wait_for, wait_until_replayed
from tests.verify import world
from webapp.db import Database
from webapp.intake.announce import announce_change
from webapp.intake.recall import open_recall
from webapp.settings import load_settings
from webapp.worker import Worker


class Replicated(NamedTuple):
    shop: Inside
    primary: Postgres
    standby: Postgres
    batch: int


@pytest.fixture
def replicated(home, postgresql_url: str, standby_url: str, valkey_url: str, postgres: Postgres,
               standby: Postgres) -> Iterator[Replicated]:
    """The app on a primary and its standby, with a lot on codes 0..9999."""
    settings = load_settings(home=home, database_url=postgresql_url, replica_url=standby_url, redis_url=valkey_url)
    with inside(settings) as shop:
        batch = shop.stock()
        wait_until_replayed(postgres, standby)
        announce_change(shop.db)
        yield Replicated(shop, postgres, standby, batch)


@contextmanager
def paused(standby: Postgres) -> Iterator[None]:
    """The standby receives and no longer replays: late by as long as this lasts, exactly."""
    standby.run("SELECT pg_wal_replay_pause()")
    wait_for(lambda: standby.run("SELECT pg_get_wal_replay_pause_state()") == [("paused",)], "the pause")
    try:
        yield
    finally:
        standby.run("SELECT pg_wal_replay_resume()")


def test_pages_are_read_from_the_standby(replicated: Replicated):
    shop = replicated.shop
    told = shop.ask(1)
    assert (told["verdict"], told["degraded"]) == ("first", [])
    position = ReplayPosition(shop.parts.cache).read()
    assert position
    assert shop.db.ask(lambda connection: connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar(), position)


def test_a_new_lot_verifies_at_once_though_the_standby_is_late(replicated: Replicated):
    shop = replicated.shop
    assert shop.ask(20_000)["verdict"] == "unknown"
    with paused(replicated.standby):
        world.run(shop.db, world.BASE + 20_000, world.BASE + 29_999,
                  world.block(shop.db, world.BASE + 20_000, world.BASE + 29_999), world.lot(shop.db, "NEW"))
        assert announce_change(shop.db)
        told = shop.ask(20_000, "192.0.2.9")
        assert (told["batch"]["lot"], told["degraded"]) == ("NEW", [])


def test_a_recall_shows_at_once_though_the_standby_is_late(replicated: Replicated):
    shop = replicated.shop
    assert shop.ask(1)["verdict"] == "first"
    with paused(replicated.standby):
        open_recall(shop.db, world.SEA, "L1", 1, "碘含量不足", actor="t")
        for number in (1, 2, 9_000):  # a code asked before, its neighbour, another page
            assert shop.ask(number, "192.0.2.9")["verdict"] == "recalled"


def test_a_late_standby_fills_no_history(replicated: Replicated):
    """Valkey emptied while the standby lacks the newest scans: a code that was scanned is never told for a first."""
    shop = replicated.shop
    worker = Worker(shop.settings)
    with paused(replicated.standby), redis.Redis.from_url(shop.settings.redis_url) as valkey:
        for number in range(5):
            assert shop.ask(number)["verdict"] == "first"
        worker.round()
        valkey.flushall()

        def whole() -> bool:
            worker.round()
            return shop.ask(9_000)["degraded"] == []

        wait_for(whole, "the history")
        told = [shop.ask(number, "192.0.2.9") for number in range(5)]
    worker.close()
    assert [(one["verdict"], one["checks"]["scans"]) for one in told] == [("again", 1)] * 5


def test_with_valkey_away_a_standby_that_is_late_by_more_than_five_seconds_is_not_asked(
        replicated: Replicated, monkeypatch: pytest.MonkeyPatch):
    shop = replicated.shop
    monkeypatch.setattr("webapp.db.OLDEST_ANSWER_S", 0)
    shop.parts.lookup.agrees(None)
    with paused(replicated.standby):
        world.recall(shop.db)
        wait_for(lambda: not replicated.standby.run(
            "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()")[0][0], "the standby to be late")
        assert shop.parts.lookup.bag(world.BASE).recall is not None


def test_the_standby_is_lost_and_comes_back(replicated: Replicated):
    shop, standby = replicated.shop, replicated.standby
    shop.ask(1)
    standby.stop()
    try:
        shop.parts.lookup.invalidate()
        started = time.monotonic()
        for number in range(40):
            told = shop.ask(100 + number)
            assert (told["verdict"], told["degraded"]) == ("first", [])
        assert time.monotonic() - started < 5
    finally:
        standby.start()
    wait_for(lambda: asks_standby(shop.db), "the standby to be asked again", 5)


def asks_standby(db: Database) -> bool:
    return bool(db.ask(lambda connection: connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()))


def test_a_hung_standby_costs_its_time_out_once(replicated: Replicated):
    shop, standby = replicated.shop, replicated.standby
    shop.ask(1)
    hung = processes_of(standby)
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        told = [shop.ask(200 + number) for number in range(20)]
        assert {(one["verdict"], *one["degraded"]) for one in told} == {("first",)}
        assert time.monotonic() - started < 8
    finally:
        for pid in hung:
            os.kill(pid, signal.SIGCONT)


def processes_of(server: Postgres) -> list[int]:
    assert server.process is not None
    pid = server.process.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_what_the_standby_breaks_off_is_asked_of_the_primary(replicated: Replicated, how: str):
    standby = replicated.standby
    asked_of: list[bool] = []

    def question(connection) -> int:
        asked_of.append(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())
        if len(asked_of) == 1:
            connection.exec_driver_sql("SELECT pg_sleep(4)")
        return connection.exec_driver_sql("SELECT count(*) FROM site").scalar()

    def interrupt() -> None:
        wait_for(lambda: standby.run(f"SELECT {how}(pid) FROM pg_stat_activity "
                                     "WHERE query = 'SELECT pg_sleep(4)' AND state = 'active'") != [], "the query")

    thread = threading.Thread(target=interrupt)
    thread.start()
    with closing(Database(replicated.shop.settings)) as db:
        assert db.ask(question) == 2
    thread.join()
    assert asked_of == [True, False]


def test_a_real_conflict_with_recovery_is_not_seen(replicated: Replicated):
    """The primary drops a table that a long query on the standby is reading; the standby may wait no longer."""
    primary, standby = replicated.primary, replicated.standby
    name = replicated.shop.db.write.url.database
    primary.run("CREATE TABLE IF NOT EXISTS doomed (n int)", name)
    wait_until_replayed(primary, standby)
    standby.run("ALTER SYSTEM SET max_standby_streaming_delay = 100")
    standby.run("SELECT pg_reload_conf()")
    asked_of: list[bool] = []

    def question(connection) -> bool:
        on_standby = connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
        asked_of.append(on_standby)
        if on_standby:
            connection.exec_driver_sql("BEGIN")  # what was read stays locked: the conflict is certain
            connection.exec_driver_sql("SELECT count(*) FROM doomed")
            primary.run("DROP TABLE doomed", name)
            connection.exec_driver_sql("SELECT pg_sleep(4)")
        return True

    try:
        with closing(Database(replicated.shop.settings)) as db:
            assert db.ask(question)
        assert asked_of == [True, False]
    finally:
        standby.run("ALTER SYSTEM RESET max_standby_streaming_delay")
        standby.run("SELECT pg_reload_conf()")
