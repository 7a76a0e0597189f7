"""An outage of the cache costs milliseconds, not the site."""
import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.connection import CLOSED, HALF_OPEN, OPEN, OPEN_S, TIMEOUT_S, Cache, CacheAway, Script
from cache.fail_open import fail_open, failed_open
from tests.servers import valkey_cluster, valkey_server, wait_for
from webapp.embedded import Valkey, start_valkey

ECHO = Script("return {KEYS[1], ARGV[1]}")


@pytest.fixture
def server() -> Iterator[Valkey]:
    """A Valkey that a test may stop and kill."""
    with valkey_server() as one:
        yield one


def took(function) -> float:
    start = time.perf_counter()
    with pytest.raises(CacheAway):
        function()
    return time.perf_counter() - start


def test_a_refused_connection_costs_next_to_nothing(tmp_path: Path):
    cache = Cache(f"unix://{tmp_path}/nobody.sock")
    assert min(took(lambda: cache.call("PING")) for _ in range(3)) < 0.01


def test_a_hung_server_costs_one_timeout_and_then_nothing_for_a_second(server: Valkey):
    cache = Cache(server.url)
    assert cache.call("PING")
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        slow = [took(lambda: cache.call("PING")) for _ in range(3)]
        assert all(TIMEOUT_S <= one < TIMEOUT_S + 0.06 for one in slow)
        assert cache.breaker == OPEN
        fast = [took(lambda: cache.call("PING")) for _ in range(200)]
        assert max(fast) < 0.01
        assert cache.refused == 200
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    wait_for(lambda: cache.breaker == HALF_OPEN, "the breaker", OPEN_S + 1)
    assert cache.call("PING")
    assert cache.breaker == CLOSED


def test_one_caller_probes_while_the_others_go_on_without(server: Valkey):
    cache = Cache(server.url)
    cache.call("PING")
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            took(lambda: cache.call("PING"))
        wait_for(lambda: cache.breaker == HALF_OPEN, "the breaker", OPEN_S + 1)
        times: list[float] = []
        barrier = threading.Barrier(8)
        def call() -> None:
            barrier.wait()
            times.append(took(lambda: cache.call("PING")))
        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(one >= TIMEOUT_S for one in times) == 1
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def test_a_cache_nobody_closed_goes_at_once_and_takes_its_connections_along(server: Valkey):
    """In a circle with its connections it would lie about, sockets open, until the collector comes round."""
    cache = Cache(server.url)
    cache.call("PING")
    cache.run(ECHO, [], [])
    gone = weakref.ref(cache)
    gc.disable()
    try:
        del cache
        assert gone() is None
    finally:
        gc.enable()


def test_a_script_is_loaded_again_after_the_server_forgot_it(server: Valkey):
    cache = Cache(server.url)
    assert cache.run(ECHO, ["k"], ["a"]) == [b"k", b"a"]
    cache.call("SCRIPT", "FLUSH")
    assert cache.run(ECHO, ["k"], ["b"]) == [b"k", b"b"]


def test_a_connection_is_never_shared_with_a_forked_child(server: Valkey):
    cache = Cache(server.url)
    cache.call("SET", "who", "parent")
    if (child := os.fork()) == 0:
        os._exit(0 if all(cache.call("ECHO", f"child {n}") == b"child %d" % n for n in range(200)) else 1)
    assert all(cache.call("ECHO", f"parent {n}") == b"parent %d" % n for n in range(200))
    assert os.waitpid(child, 0)[1] == 0


def test_a_server_that_restarted_with_its_old_file_begins_a_new_memory(server: Valkey):
    cache = Cache(server.url)
    cache.call("HSET", "v", "born", 1)
    server.process.kill()
    server.process.wait()
    returned = start_valkey(server.socket.parent)
    try:
        assert int(cache.call("HGET", "v", "born")) > 1
        born = cache.call("HGET", "v", "born")
        assert Cache(server.url).call("HGET", "v", "born") == born  # another connection to the same run changes nothing
    finally:
        returned.process.kill()
        returned.process.wait()


def test_a_server_that_refuses_writes_counts_as_away(server: Valkey):
    cache = Cache(server.url)
    cache.call("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")
    with pytest.raises(CacheAway):
        cache.call("SET", "big", b"x" * 2_000_000)


def test_failing_open_returns_the_harmless_value_and_counts(tmp_path: Path):
    cache = Cache(f"unix://{tmp_path}/nobody.sock")

    @fail_open(returns=b"harmless")
    def look() -> bytes:
        return cache.call("GET", "k")

    before = failed_open.total()
    assert look() == b"harmless"
    assert failed_open.total() == before + 1

    @fail_open(returns=None)
    def mistake() -> None:
        raise ValueError("a fault of ours is not an outage")

    with pytest.raises(ValueError, match="a fault of ours"):
        mistake()


def test_the_same_calls_work_on_a_cluster():
    with valkey_cluster() as nodes:
        cache = Cache(",".join(f"redis://127.0.0.1:{node.port}" for node in nodes[:3]), timeout_s=1)
        assert cache.run(ECHO, ["k"], ["a"]) == [b"k", b"a"]
        cache.run_all(ECHO, [([f"k{n}"], [n]) for n in range(20)])
        assert cache.call_all([("SET", f"k{n}", n) for n in range(20)]) == [True] * 20
        cache.sweep("k*")
        assert [cache.call("GET", f"k{n}") for n in range(20)] == [None] * 20
        assert len(cache.evictions()) == 3
        cache.close()
