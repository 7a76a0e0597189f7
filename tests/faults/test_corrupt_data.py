"""Rows and cached values nobody should have written: safe text on the page, no crash, never a false first check."""
import html
import os
from pathlib import Path

import pytest
import redis
from sqlalchemy import text, update

from cache import keys
from tests.faults.inside import Inside, inside
from tests.servers import wait_for
from tests.verify import world
from webapp.models import Batch, CodeHistory, Product, Site
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


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("place", ["base", "tail", "version", "position", "lots"])
def test_garbage_in_valkey_is_never_believed(home: Path, sqlite_url: str, valkey_url: str, place: str, garbage: bytes):
    with scanned(home, sqlite_url, valkey_url) as shop, redis.Redis.from_url(valkey_url) as valkey:
        shop.stock()
        serial = world.BASE + 1
        worker = Worker(shop.settings)
        assert shop.ask(1, "203.0.113.5")["verdict"] == "first"
        worker.round()
        if place == "base":
            if not garbage:
                return  # stands for "no scan yet", and only a writer of ours puts it there
            valkey.hset(keys.history_bucket(serial), keys.history_field(serial), garbage)
        elif place == "tail":
            valkey.set(keys.tail(serial), garbage)
        elif place == "version":
            valkey.hset(keys.VERSION, mapping={"registry": garbage, "born": garbage})
        elif place == "position":
            valkey.set(keys.REPLAY, garbage)
        else:
            for name in valkey.scan_iter("l:*"):
                valkey.set(name, garbage)
        shop.parts.lookup.invalidate()
        told = [shop.ask(1, f"192.0.2.{n}") for n in range(3)]
        assert all(one["recorded"] and one["product"]["name_zh"] == "精制海盐" for one in told)
        assert "first" not in {one["verdict"] for one in told}
        worker.round()
        worker.close()


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_in_the_stored_history_is_never_believed(home: Path, sqlite_url: str, valkey_url: str, garbage: bytes):
    with scanned(home, sqlite_url, valkey_url) as shop, redis.Redis.from_url(valkey_url) as valkey:
        shop.stock()
        worker = Worker(shop.settings)
        shop.ask(1, "203.0.113.5")
        worker.round()
        with shop.db.transaction() as connection:
            connection.execute(update(CodeHistory).values(state=garbage, tail=garbage[:4096]))
        valkey.flushall()
        wait_for(lambda: shop.ask(2, "192.0.2.9")["degraded"] == [] or worker.round() < 0, "other histories", 5)
        told = shop.ask(1, "192.0.2.9")
        assert (told["recorded"], told["verdict"], told["degraded"]) == (True, "again", ["history"])
        worker.close()
