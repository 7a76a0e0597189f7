"""Shoppers as fast as threads can be, and a ledger of what each page promised.

Every scan is of another code by another phone, so a code's serial names the scan: a serial that was acknowledged must
be in the table once, one whose connection broke may be there once.
"""
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import func, select

from webapp.db import Database
from webapp.models import Scan

AGENT = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36"
REQUEST = ("GET /{} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: " + AGENT +
           "\r\nAccept: application/json\r\nX-Forwarded-For: {}\r\n\r\n")


class Ledger:
    """What was promised, by serial. `errors` counts answers other than 200, by status."""

    def __init__(self) -> None:
        self.recorded: set[int] = set()
        self.not_recorded: set[int] = set()
        self.broken: set[int] = set()
        self.degraded = 0
        self.errors: Counter[bytes] = Counter()
        self.seconds: list[float] = []


class Result(NamedTuple):
    """lost: acknowledged, not in the table. twice: more than once in the table. false: there although the page said
    that it was not recorded."""

    recorded: int
    lost: int
    twice: int
    false: int
    broken: int
    broken_kept: int


class Crowd:
    """`threads` shoppers on keep-alive connections, until the with block ends."""

    def __init__(self, connect: Callable[[], socket.socket], code: Callable[[int], str], first: int, base: int,
                 threads: int) -> None:
        self.ledger = Ledger()
        self._connect, self._code, self._base = connect, code, base
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._shop, args=(first + n, threads)) for n in range(threads)]

    def __enter__(self) -> Ledger:
        for thread in self._threads:
            thread.start()
        return self.ledger

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _shop(self, number: int, step: int) -> None:
        ledger, connection = self.ledger, None
        while not self._stop.is_set():
            number += step
            network = f"{11 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}.7"
            request = REQUEST.format(self._code(self._base + number), network).encode()
            started = time.perf_counter()
            try:
                connection = connection or self._connect()
                connection.sendall(request)
                head, body = read_answer(connection)
            except OSError:
                ledger.broken.add(self._base + number)
                if connection is not None:
                    connection.close()
                connection = None
                self._stop.wait(0.02)
                continue
            ledger.seconds.append(time.perf_counter() - started)
            if not head.startswith(b"HTTP/1.1 200"):
                ledger.errors[head[9:12]] += 1
            elif b'"recorded":true' in body:
                ledger.recorded.add(self._base + number)
            else:
                ledger.not_recorded.add(self._base + number)
            ledger.degraded += b'"degraded":[]' not in body
            if b"\r\nconnection: close" in head.lower():  # said beforehand: nothing is broken
                connection.close()
                connection = None
        if connection is not None:
            connection.close()


def read_answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one answer that names its length. Raises OSError when the connection ends before."""
    held = b""
    while b"\r\n\r\n" not in held:
        held += _more(connection)
    head, _, body = held.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the connection ended in the middle of an answer")
    return data


def compare(ledger: Ledger, db: Database) -> Result:
    """The ledger against the table, once everything is shipped."""
    with db.read.connect() as connection:
        rows = dict(connection.execute(select(Scan.serial, func.count()).group_by(Scan.serial)).all())
    return Result(
        len(ledger.recorded), len(ledger.recorded - rows.keys()), sum(times > 1 for times in rows.values()),
        len(ledger.not_recorded & rows.keys()), len(ledger.broken), len(ledger.broken & rows.keys()))


def percentile_ms(seconds: list[float], percent: float) -> float:
    held = sorted(seconds)
    return held[min(len(held) - 1, int(len(held) * percent / 100))] * 1000 if held else 0.0
