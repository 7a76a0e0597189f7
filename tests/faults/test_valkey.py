"""Valkey refused, hung, slow, full or read-only: every page comes, is kept, and never claims what it cannot know."""
import shutil
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from cache.connection import FAILURES_TO_OPEN, OPEN_S
from loadtests.faults.proxy import PASS, Fault, FaultProxy
from tests.faults.inside import Inside, inside
from tests.servers import valkey_server, wait_for
from webapp.settings import load_settings
from webapp.worker import Worker

TIMEOUT_S = 0.05  # as promised, whatever the code says
BUSY_S = 0.04  # what a loaded test machine adds to a page
HANGS_S = 1.0  # a page that waited for a hung Valkey without a time-out takes two, or never comes
_networks = (f"10.{n >> 8}.{n & 255}.7" for n in count(1))


class Faulty(NamedTuple):
    shop: Inside
    proxy: FaultProxy
    valkey: redis.Redis
    worker: Worker


@pytest.fixture
def faulty(home: Path, sqlite_url: str) -> Iterator[Faulty]:
    """The app behind a fault proxy before a Valkey of its own; code 1 has been scanned."""
    with valkey_server() as server, FaultProxy(str(server.socket)) as proxy:
        settings = load_settings(home=home, database_url=sqlite_url, redis_url=f"redis://127.0.0.1:{proxy.port}")
        worker = Worker(load_settings(home=home, database_url=sqlite_url, redis_url=server.url))
        with inside(settings) as shop, redis.Redis.from_url(server.url) as valkey:
            shop.stock()
            wait_for(lambda: shop.ask(2)["degraded"] == [], "Valkey")
            assert shop.ask(1, "203.0.113.5")["verdict"] == "first"
            yield Faulty(shop, proxy, valkey, worker)
        worker.close()


def visits(shop: Inside, many: int) -> tuple[list[dict], list[float]]:
    """So many people look at code 1: answers and seconds."""
    told, seconds = [], []
    for _ in range(many):
        started = time.perf_counter()
        told.append(shop.ask(1, next(_networks)))
        seconds.append(time.perf_counter() - started)
    return told, seconds


def check_without_history(told: list[dict]) -> None:
    assert {one["verdict"] for one in told} == {"again"}
    assert all(one["recorded"] and one["degraded"] == ["history"] and one["checks"] is None for one in told)
    assert all(one["product"] for one in told)


def check_recovery(faulty: Faulty) -> None:
    """Within two seconds of the return pages ask again; histories count once the worker has been round."""
    def whole() -> bool:
        faulty.worker.round()
        told, _ = visits(faulty.shop, 1)
        return told[0]["degraded"] == []

    wait_for(whole, "whole pages", 2 + 2 * OPEN_S)
    told, _ = visits(faulty.shop, 1)
    assert told[0]["verdict"] != "first"
    assert told[0]["checks"]["scans"] > 1


@pytest.mark.parametrize("fault", [Fault("refuse"), Fault("reset"), Fault("cut", 3)], ids=lambda fault: fault.kind)
def test_broken_connections_cost_nothing_and_are_made_again(faulty: Faulty, fault: Fault):
    faulty.proxy.fault = fault
    told, seconds = visits(faulty.shop, 60)
    check_without_history(told)
    assert sorted(seconds)[56] < BUSY_S
    faulty.proxy.fault = PASS
    check_recovery(faulty)


@pytest.mark.parametrize("fault", [Fault("hang"), Fault("slow", 2_000)], ids=lambda fault: fault.kind)
def test_a_valkey_that_does_not_answer_costs_one_time_out_a_second(impatient: None, faulty: Faulty, fault: Fault):
    """Without the breaker every one of these pages takes 50 ms, without the time-outs the first one hangs."""
    cache = faulty.shop.parts.cache
    faulty.proxy.fault = fault
    started, failures = time.monotonic(), cache.failures
    told, seconds = visits(faulty.shop, 120)
    windows = 1 + int((time.monotonic() - started) / OPEN_S)
    check_without_history(told)
    assert FAILURES_TO_OPEN <= cache.failures - failures <= FAILURES_TO_OPEN + windows
    assert max(seconds) < HANGS_S
    assert sorted(seconds)[len(seconds) // 2] < TIMEOUT_S
    faulty.proxy.fault = PASS
    check_recovery(faulty)


def full(faulty: Faulty) -> None:
    faulty.valkey.config_set("maxmemory-policy", "noeviction")
    faulty.valkey.config_set("maxmemory", "1mb")


def not_full(faulty: Faulty) -> None:
    faulty.valkey.config_set("maxmemory", "0")


def read_only(faulty: Faulty) -> None:
    """As after a fail-over that we have not heard of."""
    faulty.valkey.replicaof("127.0.0.1", "1")


def primary_again(faulty: Faulty) -> None:
    faulty.valkey.replicaof("NO", "ONE")


def cannot_save(faulty: Faulty) -> None:
    """MISCONF: a snapshot failed (a folder stands where its file should), so it takes no more writes."""
    folder = dump(faulty)
    folder.unlink(missing_ok=True)
    folder.mkdir()
    faulty.valkey.config_set("save", "3600 1")
    faulty.valkey.bgsave()
    wait_for(lambda: faulty.valkey.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed snapshot")


def can_save(faulty: Faulty) -> None:
    shutil.rmtree(dump(faulty))
    faulty.valkey.config_set("save", "")


def dump(faulty: Faulty) -> Path:
    return Path(faulty.valkey.config_get("dir")["dir"]) / faulty.valkey.config_get("dbfilename")["dbfilename"]


@pytest.mark.parametrize(("breaks", "mends"), [(full, not_full), (read_only, primary_again), (cannot_save, can_save)],
                         ids=["full", "READONLY", "MISCONF"])
def test_a_valkey_that_takes_no_writes_counts_as_away(faulty: Faulty, breaks, mends):
    breaks(faulty)
    told, _ = visits(faulty.shop, 20)
    check_without_history(told)
    mends(faulty)
    check_recovery(faulty)


def test_after_a_flush_a_hot_code_is_read_once_a_process_not_once_a_scan(faulty: Faulty):
    visits(faulty.shop, 3)
    faulty.worker.round()
    asked: list[str] = []
    ask = faulty.shop.db.ask

    def counting(question, replayed=None):
        asked.append(question.__qualname__)
        return ask(question, replayed)

    faulty.shop.db.ask = counting  # type: ignore[method-assign]  # counts, and asks all the same
    faulty.valkey.flushall()
    told, _ = visits(faulty.shop, 60)
    assert "first" not in {one["verdict"] for one in told}
    assert 1 <= sum("_fill" in one for one in asked) <= 2
    check_recovery(faulty)
