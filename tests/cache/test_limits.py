"""A limit holds with Valkey and without it, and a million strangers cost no memory."""
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.connection import Cache
from cache.limits import Limits

AN_HOUR = 3600  # a window's edge falls into a test once in a few hundred thousand runs


@pytest.fixture(params=["valkey", "away"])
def limits(request: pytest.FixtureRequest, tmp_path: Path, valkey_url: str) -> Iterator[Limits]:
    cache = Cache(valkey_url if request.param == "valkey" else f"unix://{tmp_path}/nobody.sock", timeout_s=1)
    yield Limits(cache)
    cache.close()


def test_a_source_is_stopped_at_its_limit_and_others_are_not(limits: Limits):
    assert [limits.allow("login", "a", 3, AN_HOUR) for _ in range(5)] == [True, True, True, False, False]
    assert limits.allow("login", "b", 3, AN_HOUR)
    assert limits.allow("api", "a", 3, AN_HOUR)


def test_processes_share_one_count(valkey_url: str):
    both = [Limits(Cache(valkey_url, timeout_s=1)) for _ in range(2)]
    assert [both[n % 2].allow("login", "a", 3, AN_HOUR) for n in range(4)] == [True, True, True, False]


def test_counters_in_valkey_run_out(valkey_url: str):
    cache = Cache(valkey_url, timeout_s=1)
    Limits(cache).allow("login", "a", 3, AN_HOUR)
    (name,) = cache.call("KEYS", "r:*")
    assert 0 < cache.call("TTL", name) <= 2 * AN_HOUR


def test_a_million_sources_while_valkey_is_away_take_no_memory(tmp_path: Path):
    limits = Limits(Cache(f"unix://{tmp_path}/nobody.sock"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(1_000_000):
        limits._count_here(f"login:{n}", 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB
    assert limits._count_here("login:someone", 2) == 1  # the next window starts from nothing
