"""Lots shared between processes: typed values under a version, gone quietly when Valkey is."""
from pathlib import Path

import pytest

from cache.connection import Cache
from cache.lookups import LotCache
from tests.verify import world
from tests.verify.world import BASE, SEA
from webapp.db import Database
from webapp.verify import lookup as lookup_module
from webapp.verify import registry
from webapp.verify.lookup import Lookup


def test_what_was_put_is_there_for_its_version_only(valkey_url: str) -> None:
    lots = LotCache(Cache(valkey_url))
    lots.put({1: b"one", 2: b"two"}, 7)
    assert lots.get([1, 2, 3], 7) == {1: b"one", 2: b"two"}
    assert lots.get([1, 2, 3], 8) == {}


def test_it_runs_out(valkey_url: str) -> None:
    cache = Cache(valkey_url)
    LotCache(cache).put({1: b"one"}, 7)
    assert 120 <= cache.call("TTL", "l:1:7") <= 132


def test_without_valkey_everything_is_a_miss(tmp_path: Path) -> None:
    lots = LotCache(Cache(f"unix://{tmp_path}/none"))
    lots.put({1: b"one"}, 7)
    assert lots.get([1], 7) == {}


def test_a_second_process_takes_the_lot_from_valkey(
    sqlite_database: Database, valkey_url: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.people_and_goods(sqlite_database)
    batch = world.lot(sqlite_database, "A")
    world.quality(sqlite_database, batch)
    world.ship(sqlite_database, "S1", f"{SEA}/A", batch_id=batch)
    world.run(sqlite_database, BASE, BASE + 9, world.block(sqlite_database, BASE, BASE + 9), batch)
    monkeypatch.setattr(lookup_module, "YOUNG_S", 0)
    first, second = (Lookup(sqlite_database, LotCache(Cache(valkey_url))) for _ in range(2))
    first.agrees(3)
    second.agrees(3)
    bag = first.bag(BASE)

    def not_asked(connection, batch_ids):
        assert not batch_ids
        return {}

    monkeypatch.setattr(registry, "lots_by_id", not_asked)
    assert second.bag(BASE) == bag
    assert bag.lot is not None
    assert bag.lot.quality[0].item == "nacl"
