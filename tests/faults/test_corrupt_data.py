"""Rows and cached values nobody should have written: safe text on the page, no crash, never a false first check."""
import html
import os
from pathlib import Path

import pytest
import redis
from sqlalchemy import text, update

from cache import keys
from cache.history import HistoryCache
from tests.faults.inside import Inside, inside
from tests.verify import world
from webapp.models import Batch, CodeHistory, Product, Site
from webapp.scanlog.observer import machine
from webapp.settings import load_settings
from webapp.worker import Worker

ODD = {
    "a megabyte": "盐" * 350_000, "control characters": "a\x01\x1b[31mb\r\nc", "bidi": "abc\u202edef\u2066",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'", "lone surrogate escaped": "x\ufffdy\ufeff",
    "empty": "", "holes": "{{ 7*7 }} {% raw %} %(x)s \x00"[:-1],
}
GARBAGE = {
    "empty": b"", "one byte": b"\x00", "short": b"\x01\x00\x00", "noise": os.urandom(64), "ones": b"\xff" * 200,
    "a megabyte": b"\x07" * 1_000_000, "text": "精制海盐".encode(), "pickle": b"\x80\x04\x95\x0f.",
}


def scanned(home: Path, url: str, valkey_url: str) -> Inside:
    return inside(load_settings(home=home, database_url=url, redis_url=valkey_url))


@pytest.mark.parametrize("url", ["sqlite_url", "postgresql_url"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_text_in_the_registry_is_shown_as_text(
        home: Path, request: pytest.FixtureRequest, valkey_url: str, url: str, odd: str):
    with scanned(home, request.getfixturevalue(url), valkey_url) as shop:
        shop.stock()
        with shop.db.transaction() as connection:
            if connection.dialect.name == "postgresql":
                for table, column in (("product", "name_zh"), ("site", "address"), ("batch", "line")):
                    connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE text"))
            connection.execute(update(Product).values(name_zh=odd))
            connection.execute(update(Site).values(address=odd, phone=odd[:20]))
            connection.execute(update(Batch).values(line=odd))
        told = shop.ask(1)
        assert (told["verdict"], told["recorded"], told["product"]["name_zh"]) == ("first", True, odd)
        page = shop.page(2)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert odd[:1000].split("\r")[0] in html.unescape(page)


def test_bytes_that_are_no_text_are_a_registry_that_cannot_be_read(home: Path, sqlite_url: str, valkey_url: str):
    """SQLite keeps any bytes as text; PostgreSQL refuses them when they are written."""
    with scanned(home, sqlite_url, valkey_url) as shop:
        shop.stock()
        with shop.db.transaction() as connection:
            connection.execute(text("UPDATE product SET name_zh = CAST(X'ff41fe' AS TEXT)"))
        told = shop.ask(1)
        assert (told["verdict"], told["recorded"]) == ("pending", True)
        assert "registry" in told["degraded"]


def put_in_valkey(valkey: redis.Redis, place: str, serial: int, garbage: bytes) -> None:
    if place == "base":
        valkey.hset(keys.history_bucket(serial), keys.history_field(serial), garbage)
    elif place == "tail":
        valkey.set(keys.tail(serial), garbage)
    elif place == "version":
        valkey.hset(keys.VERSION, mapping={"registry": garbage, "born": garbage})
    elif place == "shipped":
        valkey.hset(keys.VERSION, "shipped", garbage)
    else:
        for name in valkey.scan_iter("l:*"):
            valkey.set(name, garbage)


@pytest.mark.parametrize("place", ["base", "tail", "version", "shipped", "lots"])
def test_garbage_in_valkey_is_never_believed(home: Path, sqlite_url: str, valkey_url: str, place: str):
    with scanned(home, sqlite_url, valkey_url) as shop, redis.Redis.from_url(valkey_url) as valkey:
        shop.stock()
        worker = Worker(shop.settings)
        for number, (name, garbage) in enumerate(GARBAGE.items()):
            if (place, garbage) == ("base", b""):
                continue  # stands for "no scan yet", and only a writer of ours puts it there
            valkey.flushall()
            assert shop.ask(number, "203.0.113.5")["recorded"]
            worker.round()
            whole_again(shop)
            put_in_valkey(valkey, place, world.BASE + number, garbage)
            shop.parts.lookup.invalidate()
            told = [shop.ask(number, f"192.0.2.{n}") for n in range(3)]
            assert all(one["recorded"] and one["product"]["name_zh"] == "精制海盐" for one in told), name
            assert "first" not in {one["verdict"] for one in told}, name
            worker.round()
            shop.parts.cache._failed_in_a_row = 0
        worker.close()


def whole_again(shop: Inside) -> None:
    """Everything is shipped and Valkey may say so, as the worker does a second later."""
    memory = HistoryCache(shop.parts.cache)
    memory.mark_shipped(machine(), memory.now_us())


def test_garbage_in_the_stored_history_is_never_believed(home: Path, sqlite_url: str, valkey_url: str):
    with scanned(home, sqlite_url, valkey_url) as shop, redis.Redis.from_url(valkey_url) as valkey:
        shop.stock()
        worker = Worker(shop.settings)
        for number in range(len(GARBAGE)):
            shop.ask(number, "203.0.113.5")
        worker.round()
        with shop.db.transaction() as connection:
            for number, garbage in enumerate(GARBAGE.values()):
                connection.execute(update(CodeHistory).where(CodeHistory.serial == world.BASE + number)
                                   .values(state=garbage, tail=garbage[:4096]))
        valkey.flushall()
        shop.ask(9_000)  # a memory begins
        worker.round()
        whole_again(shop)
        assert shop.ask(9_001)["degraded"] == []
        for number in range(len(GARBAGE)):
            told = shop.ask(number, "192.0.2.9")
            assert (told["recorded"], told["verdict"], told["degraded"]) == (True, "again", ["history"])
        worker.close()
