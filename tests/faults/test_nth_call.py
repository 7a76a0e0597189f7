"""Fail the n-th call to the outside, for every n: whatever breaks in the middle of one scan, a page with a true state
leaves, and what it said of the scan is what the worker finds."""
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.connection import AbstractConnection
from sqlalchemy import Engine, event, select

from cache.history import HistoryCache
from tests.faults.inside import Inside, inside
from tests.servers import wait_for
from tests.views.public.conftest import connect
from webapp.models import Scan
from webapp.scanlog.observer import machine
from webapp.settings import load_settings
from webapp.verify.code import read_code
from webapp.worker import Worker

ENOSPC = OSError(28, "No space left on device")
FILE_CALLS = ("open", "write", "fdatasync", "fsync", "mkdir", "statvfs", "ftruncate")


class Calls:
    """Counts calls to the outside and fails the `fail`-th; `from_there`: and all that follow."""

    def __init__(self) -> None:
        self.fail, self.from_there, self.made = 0, False, 0

    def start(self, fail: int, from_there: bool) -> None:
        self.fail, self.from_there, self.made = fail, from_there, 0

    def check(self, error: Exception) -> None:
        self.made += 1
        if self.fail and (self.made == self.fail or (self.from_there and self.made > self.fail)):
            raise error


@contextmanager
def watched(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One injection point round file calls, sockets to Valkey and statements."""
    def wrap(owner: Any, name: str, error: Exception) -> None:
        real = getattr(owner, name)

        def call(*words: Any, **named: Any) -> Any:
            calls.check(error)
            return real(*words, **named)
        monkeypatch.setattr(owner, name, call)

    def execute(*_: Any) -> None:
        calls.check(sqlite3.OperationalError("disk I/O error"))

    for name in FILE_CALLS:
        wrap(os, name, ENOSPC)
    wrap(AbstractConnection, "connect", redis.ConnectionError("injected"))
    wrap(AbstractConnection, "send_packed_command", redis.ConnectionError("injected"))
    wrap(AbstractConnection, "read_response", redis.TimeoutError("injected"))
    event.listen(Engine, "do_execute", execute)
    try:
        yield
    finally:
        event.remove(Engine, "do_execute", execute)
        monkeypatch.undo()


def cold(shop: Inside) -> None:
    """As in a process that has just begun: nothing remembered, nothing open."""
    shop.parts.lookup.invalidate()
    shop.parts.cache.close()
    shop.parts.cache._failed_in_a_row = 0
    shop.parts.lookup._rests_until = shop.parts.observer._rests_until = 0.0
    shop.parts.spool.close()
    shop.parts.spool._room_checked_at = 0.0
    shop.parts.db.close()


def settled(shop: Inside, worker: Worker) -> None:
    """Everything is shipped, and Valkey's memory therefore whole again: as a second after any fault."""
    connect(shop.parts)
    wait_for(lambda: worker.round() == 0, "the spool", 10)
    memory = HistoryCache(shop.parts.cache)
    memory.mark_shipped(machine(), memory.now_us())


@pytest.mark.parametrize("from_there", [False, True], ids=["one call fails", "all from there on fail"])
@pytest.mark.parametrize("scanned", [False, True], ids=["a first check", "scanned before"])
def test_every_call_of_one_scan_may_fail(home: Path, sqlite_url: str, valkey_url: str,
                                         monkeypatch: pytest.MonkeyPatch, scanned: bool, from_there: bool):
    calls, promised, refused = Calls(), set(), set()
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        worker = Worker(shop.settings)
        for number in range(1, 150):
            if scanned:
                assert shop.ask(number, "203.0.113.5")["recorded"]
                worker.round()
            settled(shop, worker)
            cold(shop)
            with watched(calls, monkeypatch):
                calls.start(number, from_there)
                told = shop.ask(number)
                made, calls.fail = calls.made, 0
            cold(shop)
            check(told, scanned)
            serial = read_code(told["code"], shop.parts.keys.codes).serial
            (promised if told["recorded"] else refused).add(serial)
            if made < number:  # nothing was left to fail
                assert told["degraded"] == []
                break
            connect(shop.parts)
            later = shop.ask(number, "192.0.2.77")
            assert later["verdict"] != "first" or not (told["recorded"] or scanned)
        else:
            pytest.fail("one scan makes more than 150 calls to the outside")
        assert number > 12  # else the injection itself is broken
        wait_for(lambda: worker.round() == 0, "the spool", 10)
        worker.close()
        with shop.db.read.connect() as connection:
            device = connection.execute(select(Scan.serial).where(Scan.network == "198.51.100.0/24")).scalars().all()
    assert promised <= set(device)
    assert len(device) == len(set(device))
    # A disk that takes a record but neither its sync nor its removal keeps what the page said was not kept.
    if not from_there:
        assert not refused & set(device)


def check(told: dict, scanned: bool) -> None:
    """Never more than could be known."""
    if told["verdict"] == "first":
        assert not scanned
        assert told["degraded"] == []
        assert told["checks"] == {"scans": 0, "devices": 0, "provinces": 0, "first_at": None, "first_province": None}
    if "history" in told["degraded"]:
        assert told["checks"] is None
    elif scanned:
        assert told["checks"]["scans"] == 1
    if "registry" not in told["degraded"]:
        assert told["product"]["name_zh"] == "精制海盐"


def test_nothing_waits_for_a_socket_without_a_limit(home: Path, sqlite_url: str, valkey_url: str, impatient: None):
    """A default of None on a socket is a page that never comes."""
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        connection = shop.parts.cache._client.connection_pool.get_connection()
        assert isinstance(connection._sock, socket.socket)
        assert connection._sock.gettimeout() == pytest.approx(0.05)
        connection.disconnect()
