"""The primary stopped at once, alone and together with everything else: pages from the standby or from memory."""
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import redis
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from cache import keys
from tests.faults.inside import Inside, inside
from tests.people import ALICE, AUTHORITY, ENTERPRISE_A, INVESTIGATOR, add_people
from tests.servers import Postgres, valkey_server, wait_for, wait_until_replayed
from tests.verify import world
from webapp.auth.sessions import open_session
from webapp.db import DatabaseAway
from webapp.embedded import Valkey
from webapp.intake.announce import announce_change
from webapp.models import Scan as Row
from webapp.scanlog.scan import Scan, encode, scan_id
from webapp.scanlog.spool import Spool, Sync
from webapp.settings import load_settings
from webapp.verify.lookup import RegistryAway
from webapp.views.signed_in import COOKIE
from webapp.worker import Worker

LEFT = 100_000
AWAY = (SQLAlchemyError, DatabaseAway, RegistryAway)


class All(NamedTuple):
    shop: Inside
    worker: Worker
    primary: Postgres
    standby: Postgres
    valkey: Valkey


@pytest.fixture
def all_parts(home: Path, postgresql_url: str, standby_url: str, postgres: Postgres,
              standby: Postgres) -> Iterator[All]:
    with valkey_server() as valkey:
        settings = load_settings(home=home, database_url=postgresql_url, replica_url=standby_url, redis_url=valkey.url)
        worker = Worker(settings)
        with inside(settings) as shop:
            shop.stock()
            wait_until_replayed(postgres, standby)
            assert announce_change(shop.db)
            shop.ask(1, "203.0.113.5")
            worker.round()
            wait_until_replayed(postgres, standby)
            yield All(shop, worker, postgres, standby, valkey)
        worker.close()


@contextmanager
def stopped(*servers: Postgres) -> Iterator[None]:
    for server in servers:
        server.stop()
    try:
        yield
    finally:
        for server in servers:
            server.start()


def kept(shop: Inside) -> int:
    with shop.db.write.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Row))


def test_without_the_primary_pages_are_whole_and_scans_wait(all_parts: All):
    shop, worker = all_parts.shop, all_parts.worker
    with stopped(all_parts.primary):
        told = [shop.ask(number) for number in range(1, 41)]  # code 1 is known, the others are asked of the standby
        assert {(one["verdict"], one["recorded"], *one["degraded"]) for one in told[1:]} == {("first", True)}
        assert (told[0]["verdict"], told[0]["checks"]["scans"]) == ("again", 1)
        with pytest.raises(AWAY):
            worker.round()
        assert shop.app.test_client().get("/readyz", base_url=shop.settings.base_url).status_code == 200
    worker.round()
    assert kept(shop) == 41


def test_without_the_primary_the_consoles_say_so_and_come_back_by_themselves(all_parts: All):
    shop, base = all_parts.shop, all_parts.shop.settings.base_url
    ids = add_people(shop.db)
    people = {"/brand": ALICE, "/cases": INVESTIGATOR, "/enterprise": ENTERPRISE_A, "/oversight": AUTHORITY}
    for path, who in people.items():
        client = shop.app.test_client()
        client.set_cookie(COOKIE, open_session(shop.db, ids[who.name]), domain="127.0.0.1")
        with stopped(all_parts.primary):
            answer = client.get(path, base_url=base)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert client.get(path, base_url=base, follow_redirects=True).status_code == 200


def test_a_valkey_too_small_for_an_outage_never_makes_a_scanned_bag_unseen(all_parts: All):
    """It evicts visits that nobody has but the spool, while the database of everything before says: no scan."""
    shop, worker, numbers = all_parts.shop, all_parts.worker, range(50, 70)
    with stopped(all_parts.primary), redis.Redis.from_url(all_parts.valkey.url) as valkey:
        assert {shop.ask(number, "203.0.113.5")["verdict"] for number in numbers} == {"first"}
        evict(valkey, [keys.tail(world.BASE + number) for number in numbers])
        assert valkey.hexists(keys.history_bucket(world.BASE + 50), keys.WHOLE)
        with pytest.raises(AWAY):
            worker.round()
        told = [shop.ask(number, "198.51.100.9") for number in numbers]
        assert {(one["verdict"], *one["degraded"]) for one in told} == {("again", "history")}
    wait_for(lambda: worker.round() is not None and shop.ask(1, "192.0.2.1")["degraded"] == [], "all to be shipped")
    told = [shop.ask(number, "192.0.2.1") for number in numbers]
    assert {(one["verdict"], one["checks"]["scans"], *one["degraded"]) for one in told} == {("again", 2)}


def evict(valkey: redis.Redis, names: list[str]) -> None:
    """Let it be full until these had to make room; buckets of histories have no time to live, so they stay."""
    valkey.config_set("maxmemory-policy", "volatile-lru")
    valkey.config_set("maxmemory", "1")
    wait_for(lambda: not valkey.exists(*names), "the evictions")
    valkey.config_set("maxmemory", "0")


def test_a_standby_that_was_left_alone_is_asked_when_there_is_nobody_else(all_parts: All):
    shop = all_parts.shop
    with stopped(all_parts.standby):
        assert shop.ask(20)["degraded"] == []
    with stopped(all_parts.primary):  # before the standby's rest is over
        assert [shop.ask(number)["degraded"] for number in range(21, 25)] == [[]] * 4


def test_without_primary_and_valkey_the_standby_tells_the_facts_and_nobody_says_first(all_parts: All):
    shop, worker = all_parts.shop, all_parts.worker
    all_parts.valkey.process.kill()
    all_parts.valkey.process.wait()
    with stopped(all_parts.primary):
        told = [shop.ask(number) for number in (1, 2, 9_000)]
        assert all(one["product"] and one["batch"]["lot"] == "L1" for one in told)
        assert {(one["verdict"], one["recorded"], *one["degraded"]) for one in told} == {("again", True, "history")}
    worker.round()
    assert kept(shop) == 4


def test_with_everything_away_a_right_tag_is_all_it_claims_and_the_scan_is_kept(all_parts: All):
    shop, worker = all_parts.shop, all_parts.worker
    all_parts.valkey.process.kill()
    all_parts.valkey.process.wait()
    shop.parts.lookup.invalidate()
    with stopped(all_parts.primary, all_parts.standby):
        told = [shop.ask(number) for number in (1, 2, 9_000)]
        assert {(one["verdict"], *one["reasons"], *one["degraded"]) for one in told} == {
            ("pending", "registry_unavailable", "history", "registry")}
        assert all(one["recorded"] for one in told)
        assert shop.app.test_client().get("/00000000000000000000", base_url=shop.settings.base_url).status_code == 404
    worker.round()
    assert kept(shop) == 4


@pytest.mark.long
def test_what_an_outage_left_in_the_spool_arrives_within_a_minute(all_parts: All):
    shop, worker = all_parts.shop, all_parts.worker
    spool, now = Spool(shop.settings.spool, sync=Sync.WRITE), time.time_ns() // 1000
    for number in range(LEFT):
        device, serial, at = number + 10, world.BASE + number % 9_000, now - number * 1_000
        network = f"10.{number >> 8 & 255}.0.0/24"
        assert spool.append(encode(Scan(scan_id(device, serial, at), at, serial, device, network, 510300, "geoip", 50,
                                        "wechat", True, False, False, "shopper", "again")))
    spool.close()
    started = time.monotonic()
    wait_for(lambda: worker.round() == 0, "the spool", 120)
    seconds = time.monotonic() - started
    print(f"{LEFT:,} scans shipped in {seconds:.1f} s")
    assert kept(shop) == LEFT + 1
    assert seconds < 60
