"""Ten times the people, one code by everybody, a locked registry, an empty pool: the scan path goes on."""
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from loadtests.faults.installation import Installed, installed
from loadtests.faults.ledger import Crowd, compare, percentile_ms
from tests.faults.inside import inside
from tests.servers import Postgres, wait_for
from webapp.models import CodeHistory, Scan
from webapp.settings import load_settings


@pytest.fixture
def product(home: Path) -> Iterator[Installed]:
    with installed(home) as one:
        one.served.start_web()
        one.served.start_worker()
        yield one


def test_a_burst_is_served_whole_and_is_over_when_it_is_over(product: Installed):
    with Crowd(product.connect, product.code, 1_000, product.base, 3) as steady:
        wait_for(lambda: len(steady.recorded) > 100, "a steady crowd", 30)
        with Crowd(product.connect, product.code, 2_000_000, product.base, 30) as burst:
            wait_for(lambda: len(burst.recorded) > 1_500, "a burst", 40)
        after = len(steady.seconds)
        wait_for(lambda: len(steady.seconds) > after + 100, "the steady crowd afterwards", 30)
    for ledger in (steady, burst):
        assert not ledger.broken
        assert not ledger.errors
        assert not ledger.not_recorded
    assert percentile_ms(burst.seconds, 99) < 1_000
    product.served.stop_web()
    product.served.wait_until_shipped()
    steady.recorded |= burst.recorded
    assert compare(steady, product.served.db)[1:4] == (0, 0, 0)


def test_one_code_by_everybody_waits_for_no_lock(product: Installed):
    """Appended and rolled up, never counted in a row that everybody writes: nobody waits for a lock, and it adds up."""
    assert product.postgres is not None
    waiting = 0
    with Crowd(product.connect, lambda _: product.code(product.base + 7), 1_000, product.base, 16) as ledger, \
            closing(product.postgres.connect()) as watcher:
        while len(ledger.seconds) < 1_500:
            waiting += watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()[0]
            time.sleep(0.02)
    assert waiting == 0
    assert not ledger.broken
    assert not ledger.not_recorded
    assert percentile_ms(ledger.seconds, 99) < 1_000
    product.served.stop_web()
    product.served.wait_until_shipped()
    with product.served.db.read.connect() as connection:
        rows = connection.execute(select(func.count(), func.count(Scan.scan_id.distinct()))
                                  .where(Scan.serial == product.base + 7)).one()
        scans = connection.scalar(select(CodeHistory.scans).where(CodeHistory.serial == product.base + 7))
    assert tuple(rows) == (len(ledger.recorded),) * 2
    assert scans == len(ledger.recorded)


@contextmanager
def locked(postgres: Postgres, database: str) -> Iterator[None]:
    """As a migration or a careless hand does: nobody may even read the registry."""
    with closing(postgres.connect(database)) as connection, connection.transaction():
        connection.execute("LOCK TABLE product, site, batch, code_block IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_lock_on_the_registry_costs_the_facts_never_the_page(
        home: Path, postgresql_url: str, valkey_url: str, postgres: Postgres):
    with inside(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url)) as shop:
        shop.stock()
        name = shop.db.write.url.database
        assert shop.ask(1)["verdict"] == "first"
        with locked(postgres, name):
            started = time.monotonic()
            told = [shop.ask(number, "203.0.113.5") for number in range(2, 30)]  # a page of codes that is remembered
            strange = [shop.ask(number, "203.0.113.5") for number in range(8_000, 8_010)]  # one that is not
            seconds = time.monotonic() - started
        assert all(one["product"] and one["recorded"] for one in told)
        assert {(one["verdict"], *one["reasons"], one["recorded"]) for one in strange} == {
            ("pending", "registry_unavailable", True)}
        assert seconds < 12  # a statement's second, then a second's rest in between
        wait_for(lambda: shop.ask(8_020)["degraded"] == [], "the registry", 5)


def test_a_pool_with_nothing_left_is_no_dead_end(
        home: Path, postgresql_url: str, valkey_url: str):
    with inside(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url)) as shop, \
            ExitStack() as held:
        shop.stock()
        shop.ask(1)
        for _ in range(4):
            held.enter_context(shop.db.read.connect())
        started = time.monotonic()
        told = [shop.ask(number, "203.0.113.5") for number in (1, 8_001, 8_002, 8_003)]
        assert time.monotonic() - started < 2.5
        assert all(one["recorded"] for one in told)
        assert [bool(one["product"]) for one in told] == [True, False, False, False]
        held.close()
        wait_for(lambda: shop.ask(8_020)["degraded"] == [], "the registry", 5)


def test_the_consoles_have_a_pool_of_their_own(home: Path, postgresql_url: str, valkey_url: str):
    """Every connection of the staff pages is taken by slow reports; shoppers do not notice."""
    with inside(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url)) as shop, \
            ExitStack() as held:
        shop.stock()
        staff = shop.app.extensions["staff"].db
        assert staff is not shop.db
        for _ in range(2):
            held.enter_context(staff.read.connect())
        done: list[dict] = []
        thread = threading.Thread(target=lambda: done.extend(shop.ask(number) for number in range(1, 30)))
        thread.start()
        thread.join(10)
        assert [one["degraded"] for one in done] == [[]] * 29
