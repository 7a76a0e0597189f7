"""One round trip tells what was known of a code and notes the visit; whatever breaks, never a false "first"."""
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from cache.connection import Cache
from cache.history import HistoryCache
from tests.servers import valkey_server, wait_for
from webapp.db import Database
from webapp.embedded import start_valkey
from webapp.scanlog.observer import Observation, Observer, machine
from webapp.scanlog.scan import Scan, encode, sighting_of
from webapp.scanlog.spool import Spool
from webapp.settings import Settings, load_settings
from webapp.verify.history import History, observe
from webapp.worker import Worker

Make = Callable[..., Scan]
MINUTE = 60_000_000
HOUR = 60 * MINUTE


class Shop:
    """A web process and a worker over the same database, spool and Valkey."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db, self.cache = Database(settings), Cache(settings.redis, timeout_s=1)  # of a busy test machine
        self.observer, self.spool = Observer(self.db, self.cache, settings), Spool(settings.spool)
        self.worker = Worker(settings)
        self.server = redis.Redis.from_url(settings.redis)

    def scan(self, scan: Scan) -> Observation:
        """As the scan page does it."""
        seen = self.observer.observe(scan)
        assert seen.kept or self.spool.append(encode(seen.scan, "first"))
        return seen

    def history(self, serial: int) -> History | None:
        """What a preview would be shown now."""
        return self.observer.observe(probe(serial), note=False).history

    def close(self) -> None:
        for part in (self.db, self.cache, self.spool, self.worker, self.server):
            part.close()


def probe(serial: int) -> Scan:
    return Scan("0" * 32, time.time_ns() // 1000, serial, 999_999, "", 0, "none", 0, "browser", False, False, False,
                "shopper", "")


@pytest.fixture
def shop(home: Path, sqlite_url: str, valkey_url: str) -> Iterator[Shop]:
    one = Shop(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url))
    yield one
    one.close()


def test_the_first_scan_is_the_first_and_the_next_device_sees_it(shop: Shop, scan_of: Make):
    first = shop.scan(scan_of(device=1))
    assert first.history is not None
    assert first.history.scans == 0
    second = shop.scan(scan_of(device=2, at=scan_of().at + MINUTE))
    assert second.history is not None
    assert (second.history.scans, second.history.devices) == (1, 1)


def test_counts_are_the_same_before_and_after_the_worker_folded(shop: Shop, scan_of: Make):
    visits = [scan_of(device=n, at=scan_of().at + n, network=f"10.{n}.0.0/24") for n in range(1, 9)]
    expected = None
    for n, scan in enumerate(visits):
        seen = shop.scan(scan)
        assert seen.history == (expected or History())
        expected = observe(expected, sighting_of(scan))
        if n % 3 == 0:
            shop.worker.round()
    assert shop.history(visits[0].serial) == expected
    shop.worker.round()
    assert shop.history(visits[0].serial) == expected


def test_fifty_reloads_are_one_scan(shop: Shop, scan_of: Make):
    start = scan_of().at
    first = shop.scan(scan_of(at=start))
    for n in range(1, 50):  # twenty minutes apart: across any fixed window's edge
        again = shop.scan(scan_of(at=start + n * 20 * MINUTE))
        assert again.reload
        assert again.scan.scan_id == first.scan.scan_id
        assert again.history == first.history  # a first check stays one
        if n % 10 == 0:
            shop.worker.round()
    assert shop.worker.shipper.shipped == 1
    later = shop.scan(scan_of(at=start + 49 * 20 * MINUTE + 31 * MINUTE))
    assert not later.reload
    assert later.history is not None
    assert later.history.scans == 1


def test_a_reload_sees_the_same_before_and_after_the_worker_folded_it(shop: Shop, scan_of: Make):
    shop.scan(scan_of(device=1))
    shop.scan(scan_of(device=2, at=scan_of().at + 1))
    waiting = shop.scan(scan_of(device=2, at=scan_of().at + MINUTE)).history
    shop.worker.round()
    assert shop.scan(scan_of(device=2, at=scan_of().at + 2 * MINUTE)).history == waiting


def test_a_reload_of_a_visit_whose_process_died_before_keeping_it_keeps_it(shop: Shop, scan_of: Make):
    lost = shop.observer.observe(scan_of())  # noted; the process is killed before spool.append
    again = shop.scan(scan_of(at=scan_of().at + 2_000_000))
    assert again.reload
    assert not again.kept
    assert again.scan.at == lost.scan.at
    shop.worker.round()
    assert shop.worker.shipper.shipped == 1
    assert shop.scan(scan_of(at=scan_of().at + 3_000_000)).kept


def test_previews_and_bots_leave_no_trace(shop: Shop, scan_of: Make):
    shop.observer.observe(scan_of(device=1), note=False)
    assert shop.server.keys("t:*") == []
    seen = shop.scan(scan_of(device=2))
    assert seen.history is not None
    assert seen.history.scans == 0


def test_the_phone_that_scanned_the_bag_is_no_stranger_on_its_own_marked_page(shop: Shop, scan_of: Make):
    shop.scan(scan_of(device=1))
    own = shop.scan(scan_of(device=1, shared=True, at=scan_of().at + MINUTE))
    assert own.reload
    assert not own.scan.shared
    later = shop.scan(scan_of(device=1, shared=True, at=scan_of().at + HOUR))
    assert not later.scan.shared
    stranger = shop.scan(scan_of(device=2, shared=True, at=scan_of().at + HOUR))
    assert stranger.scan.shared


def test_after_a_flush_the_history_is_unavailable_for_a_moment_and_then_the_same(shop: Shop, scan_of: Make):
    for device in range(1, 6):
        shop.scan(scan_of(device=device, at=scan_of().at - device * HOUR))
    shop.worker.round()
    before = shop.history(scan_of().serial)
    shop.scan(scan_of(device=7))  # kept, noted, not yet shipped
    shop.server.flushall()

    assert shop.history(scan_of().serial) is None
    wait_for(lambda: shop.worker.round() == 0 and shop.history(scan_of().serial) is not None, "the history")
    assert shop.history(scan_of().serial) == observe(before, sighting_of(scan_of(device=7)))


def test_a_memory_that_missed_scans_does_not_say_first(home: Path, sqlite_url: str, scan_of: Make):
    """Valkey comes back with its old file after an outage in which the code was scanned."""
    with valkey_server() as server:
        shop = Shop(load_settings(home=home, database_url=sqlite_url, redis_url=server.url))
        shop.scan(scan_of(device=1, serial=1 << 45 | 1))
        shop.worker.round()
        server.process.kill()
        server.process.wait()

        during = shop.scan(scan_of(device=2, serial=1 << 45 | 2))
        assert during.history is None
        shop.worker.round()
        returned = start_valkey(server.socket.parent)
        try:
            assert shop.server.exists("v")  # its memory, but for the outage
            # a process that noticed nothing
            other = Observer(shop.db, Cache(shop.settings.redis, timeout_s=1), shop.settings)
            assert other.observe(probe(1 << 45 | 2), note=False).history is None
            def again() -> bool:
                shop.worker.round()
                return other.observe(probe(1 << 45 | 2), note=False).history is not None
            wait_for(again, "the history")
            assert other.observe(probe(1 << 45 | 2), note=False).history.scans == 1
            assert shop.history(1 << 45 | 1).scans == 1
        finally:
            returned.process.kill()
            returned.process.wait()
            shop.close()


def test_a_worker_killed_between_commit_and_settling_counts_nothing_twice(shop: Shop, scan_of: Make):
    shop.scan(scan_of(device=1))
    memory, shop.worker.settler._memory = shop.worker.settler._memory, None
    with pytest.raises(AttributeError):
        shop.worker.round()  # committed, then "killed"
    assert shop.history(scan_of().serial).scans == 1
    shop.worker.close()
    shop.worker = Worker(shop.settings)
    shop.worker.round()
    assert shop.history(scan_of().serial).scans == 1
    assert memory is not None


def test_an_evicted_history_comes_back_from_the_database_once(shop: Shop, scan_of: Make):
    shop.scan(scan_of(device=1))
    shop.scan(scan_of(device=2, at=scan_of().at + MINUTE))
    # The worker has committed, and before it settles both keys of the code's bucket are gone or half gone.
    commit, shop.worker.settler.settle = shop.worker.settler.settle, lambda histories, keys: None
    shop.worker.round()
    for name in shop.server.keys("h:*"):
        shop.server.delete(name)
    assert shop.history(scan_of().serial).scans == 2
    assert commit is not None


def test_a_database_that_is_away_makes_a_miss_unavailable_not_first(shop: Shop, scan_of: Make):
    shop.scan(scan_of(serial=1 << 45 | 900))
    nowhere = load_settings(home=shop.settings.home, database_url="postgresql+psycopg://127.0.0.1:8249/none")
    broken = Observer(Database(nowhere), shop.cache, shop.settings)
    seen = broken.observe(scan_of(device=1))
    assert seen.history is None
    # The visit is noted all the same: once the database is back, the next page counts it.
    assert shop.observer.observe(scan_of(device=2, at=scan_of().at + MINUTE)).history.scans == 1


def counted_asks(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one a question to the database; each takes so long that others come meanwhile."""
    asks: list[str] = []
    ask = observer._db.ask

    def slowly(*words):
        asks.append("asked")
        threading.Event().wait(0.05)
        return ask(*words)
    monkeypatch.setattr(observer._db, "ask", slowly)
    return asks


def test_the_misses_of_a_group_are_one_question(shop: Shop, scan_of: Make, monkeypatch: pytest.MonkeyPatch):
    for bucket in range(3):
        shop.scan(scan_of(serial=(1 << 45) + bucket * 128, device=1))
    shop.worker.round()
    shop.server.flushall()
    shop.observer.observe(probe(7))  # notices that the memory is new
    memory = HistoryCache(shop.cache)
    memory.mark_shipped(machine(), memory.now_us())  # as the worker does a second later
    asks = counted_asks(shop.observer, monkeypatch)
    seen = shop.observer.observe_all([
        (scan_of(serial=(1 << 45) + place, device=2, at=scan_of().at + MINUTE), True) for place in (0, 1, 128, 256, 0)])
    assert asks == ["asked"]
    assert [one.history and one.history.scans for one in seen] == [1, 0, 1, 1, 2]  # a reload sees itself
    assert seen[4].reload


def test_threads_that_miss_the_same_bucket_ask_once(shop: Shop, scan_of: Make, monkeypatch: pytest.MonkeyPatch):
    """Seen red: without the lock, and without the second look of those who waited for it."""
    shop.scan(scan_of(serial=1 << 45 | 900))  # a memory that is complete
    asks = counted_asks(shop.observer, monkeypatch)
    threads = [threading.Thread(target=shop.scan, args=(scan_of(device=n, at=scan_of().at + n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asks == ["asked"]
    assert shop.history(scan_of().serial).scans == 8


def test_a_database_that_is_away_is_not_asked_for_every_miss(shop: Shop, scan_of: Make,
                                                              monkeypatch: pytest.MonkeyPatch):
    """Seen red: without the rest every miss costs a time-out, one after the other."""
    shop.scan(scan_of(serial=1 << 45 | 900))
    nowhere = load_settings(home=shop.settings.home, database_url="postgresql+psycopg://127.0.0.1:8249/none")
    broken = Observer(Database(nowhere), shop.cache, shop.settings)
    asks = counted_asks(broken, monkeypatch)
    for bucket in range(1, 4):
        assert broken.observe(scan_of(serial=(1 << 45) + bucket * 1280)).history is None
    assert asks == ["asked"]


def test_a_visit_that_was_never_kept_stops_counting(shop: Shop, scan_of: Make):
    shop.observer.observe(scan_of(device=1))  # and its process is killed
    shop.worker.round()
    assert shop.history(scan_of().serial).scans == 1
    memory = HistoryCache(shop.cache)
    memory.mark_shipped(machine(), memory.now_us() + 2 * MINUTE)  # a worker's round two minutes later
    assert shop.history(scan_of().serial).scans == 0


def test_a_storm_on_one_code_is_kept_and_counted_after_a_round(shop: Shop, scan_of: Make):
    for device in range(1, 101):
        shop.scan(scan_of(device=device, at=scan_of().at + device))
    assert shop.history(scan_of().serial).scans == 32
    shop.worker.round()
    assert shop.history(scan_of().serial).scans == 100
    assert shop.server.strlen(shop.server.keys("t:*")[0]) <= 32 * 32


def test_the_registry_version_comes_with_every_scan(shop: Shop, scan_of: Make):
    assert shop.scan(scan_of(device=1)).registry_version == 0
    assert HistoryCache(shop.cache).bump() == 1
    assert shop.scan(scan_of(device=2)).registry_version == 1
