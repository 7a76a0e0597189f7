"""Pages and lots shared between processes: typed values under a version, gone quietly when Valkey is."""
from pathlib import Path

import pytest

from cache.connection import Cache
from cache.lookups import LookupCache
from tests.verify import world
from tests.verify.world import BASE, SEA
from webapp.db import Database
from webapp.verify.lookup import Lookup


def test_what_was_put_is_there_for_its_version_only(valkey_url: str) -> None:
    shared = LookupCache(Cache(valkey_url))
    shared.put_lots({1: b"one", 2: b"two"}, 7)
    shared.put_pages({1: b"page", 3: b"other"}, 7)
    assert shared.lots([1, 2, 3], 7) == {1: b"one", 2: b"two"}
    assert shared.lots([1, 2, 3], 8) == {}
    assert shared.pages([1, 2, 3], 7) == {1: b"page", 3: b"other"}
    assert shared.pages([1, 2, 3], 8) == {}


def test_it_runs_out(valkey_url: str) -> None:
    cache = Cache(valkey_url)
    LookupCache(cache).put_lots({1: b"one"}, 7)
    LookupCache(cache).put_pages({1: b"page"}, 7)
    assert 120 <= cache.call("TTL", "l:1:7") <= 132
    assert 30 <= cache.call("TTL", "p:1:7") <= 33


def test_without_valkey_everything_is_a_miss(tmp_path: Path) -> None:
    shared = LookupCache(Cache(f"unix://{tmp_path}/none"))
    shared.put_lots({1: b"one"}, 7)
    shared.put_pages({1: b"page", 3: b"other"}, 7)
    assert shared.lots([1], 7) == {}
    assert shared.pages([1], 7) == {}


class Counted(Database):
    """A database that counts how often it is asked."""

    asked = 0

    def ask(self, question, replayed=None):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().ask(question, replayed)


@pytest.fixture
def db(sqlite_database: Database) -> Counted:
    """A registry with a shipped and tested lot on codes 0..9999."""
    world.people_and_goods(sqlite_database)
    batch = world.lot(sqlite_database, "A")
    world.quality(sqlite_database, batch)
    world.ship(sqlite_database, "S1", f"{SEA}/A", batch_id=batch)
    world.run(sqlite_database, BASE, BASE + 9_999, world.block(sqlite_database, BASE, BASE + 9_999), batch)
    return Counted(sqlite_database.settings)


def process(db: Database, url: str, version: int = 3) -> Lookup:
    one = Lookup(db, LookupCache(Cache(url, timeout_s=1)))
    one.agrees(version)
    return one


def test_a_second_process_takes_page_and_lot_from_valkey(db: Counted, valkey_url: str) -> None:
    first, second = process(db, valkey_url), process(db, valkey_url)
    bag = first.bag(BASE)
    assert bag.lot is not None
    assert bag.lot.quality[0].item == "nacl"
    asked = db.asked
    assert second.bag(BASE) == bag
    assert second.bag(BASE + 1).lot is second.bag(BASE + 2).lot
    assert db.asked == asked
    assert (first.asked, first.from_valkey, first.from_database) == (1, 0, 1)
    assert (second.asked, second.from_valkey, second.from_database) == (3, 1, 0)


def test_a_new_version_is_read_from_the_database_whatever_lies_in_valkey(db: Counted, valkey_url: str) -> None:
    first, second = process(db, valkey_url), process(db, valkey_url)
    assert first.bag(BASE).recall is None
    world.recall(db)
    assert not second.agrees(4)
    assert second.bag(BASE).recall is not None
    assert not first.agrees(4)
    assert first.bag(BASE).recall is not None


def test_what_is_read_right_after_a_new_version_is_not_shared(
        db: Counted, valkey_url: str) -> None:
    """A replica may not have replayed the change yet: nobody else may be told what it says."""
    one = process(db, valkey_url)
    one._fresh.young_s = 60
    one.bag(BASE)
    assert Cache(valkey_url).call("KEYS", "[pl]:*") == []


def test_data_that_is_still_to_come_is_not_shared(db: Counted, valkey_url: str) -> None:
    assert not process(db, valkey_url).bag(BASE + 100_000).issued
    assert Cache(valkey_url).call("KEYS", "p:*") == []


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\x80\x04\x95.", b"\x93\x01", b"\xff" * 5_000], ids=repr)
@pytest.mark.parametrize("kind", ["p", "l"])
def test_what_is_not_ours_in_valkey_is_a_miss(db: Counted, valkey_url: str, kind: str, garbage: bytes) -> None:
    bag = process(db, valkey_url).bag(BASE)
    cache = Cache(valkey_url)
    for name in cache.call("KEYS", f"{kind}:*"):
        cache.call("SET", name, garbage)
    assert process(db, valkey_url).bag(BASE) == bag


def test_a_page_whose_lot_ran_out_is_read_again(db: Counted, valkey_url: str) -> None:
    bag = process(db, valkey_url).bag(BASE)
    cache = Cache(valkey_url)
    for name in cache.call("KEYS", "l:*"):
        cache.call("DEL", name)
    assert process(db, valkey_url).bag(BASE) == bag


def test_scans_that_came_together_ask_once_for_all_their_pages(db: Counted, valkey_url: str) -> None:
    first, second = process(db, valkey_url), process(db, valkey_url)
    serials = [BASE, BASE + 1, BASE + 300, BASE + 5_000, BASE + 100_000]
    first.get_ready(serials)
    bags = [first.bag(serial) for serial in serials]
    assert [bag.issued for bag in bags] == [True] * 4 + [False]
    assert (db.asked, first.from_database) == (1, 4)
    second.get_ready(serials[:4])
    assert [second.bag(serial) for serial in serials[:4]] == bags[:4]
    assert (db.asked, second.from_valkey, second.from_database) == (1, 3, 0)
