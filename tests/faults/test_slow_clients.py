"""Idle and dripping connections, endless and huge bodies: through the shipped nginx good requests do not notice."""
import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.behind_nginx import behind_nginx
from tests.faults.served import PHONE, Served, served
from tests.verify import world
from webapp.settings import load_settings
from webapp.verify.code import code_of

MEGABYTE = 1 << 20


@contextmanager
def slow_crowd(port: int, many: int, path: str) -> Iterator[None]:
    """A third says nothing, a third drips a header, a third drips a body, a byte every half second."""
    stop = threading.Event()
    with ExitStack() as stack:
        idle, header, body = ([stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                               for _ in range(many // 3)] for _ in range(3))
        for one in header:
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".encode())
        for one in body:
            one.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n")

        def drip() -> None:
            while not stop.wait(0.5):
                for one in [*header, *body]:
                    try:
                        one.send(b"a")
                    except OSError:
                        continue  # nginx has had enough of this one

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            assert idle


def good_requests(one: Served, port: int, many: int) -> list[float]:
    """Seconds of so many people's scans, each on a connection of its own. All must be whole."""
    seconds = []
    for number in range(many):
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/" + code_of(world.BASE + number, one.codes),
                           headers={"Host": "127.0.0.1:8000", "User-Agent": PHONE, "Accept": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert b'"recorded":true' in answer.read()
        connection.close()
        seconds.append(time.perf_counter() - started)
    return seconds


@pytest.fixture
def product(home: Path, sqlite_url: str, valkey_url: str) -> Iterator[tuple[Served, int]]:
    with served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as one:
        one.start_web()
        home.chmod(0o755)
        for folder in home.parents:
            if folder != Path("/tmp") and folder.is_relative_to("/tmp"):
                folder.chmod(0o755)
        os.chmod(one.socket, 0o777)
        with behind_nginx(home / "nginx", f"unix:{one.socket}") as port:
            good_requests(one, port, 5)
            yield one, port


def test_a_hundred_slow_clients_are_not_noticed(product: tuple[Served, int]):
    one, port = product
    with slow_crowd(port, 100, "/"):
        time.sleep(0.6)  # one round of dripping
        seconds = good_requests(one, port, 20)
    assert sorted(seconds)[17] < 0.1


@pytest.mark.long
def test_eight_hundred_slow_clients_are_not_noticed(product: tuple[Served, int]):
    one, port = product
    with slow_crowd(port, 800, "/"):
        time.sleep(2)
        seconds = good_requests(one, port, 20)
        print(f"20 of 20 beside 800 slow connections: p50 {sorted(seconds)[10] * 1000:.1f} ms, "
              f"slowest {max(seconds) * 1000:.1f} ms")
        assert max(seconds) < 0.1
        time.sleep(12)  # and past the time-outs, when they are thrown out
        assert max(good_requests(one, port, 20)) < 0.1


def memory_mb(one: Served) -> float:
    """The largest web process."""
    assert one.web is not None
    children = Path(f"/proc/{one.web.pid}/task/{one.web.pid}/children").read_text().split()
    return max(int(line.split()[1]) / 1024 for pid in children
               for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def answer_to(port_or_path: int | str, head: bytes, body: Iterator[bytes]) -> bytes:
    """The status line; a server may hang up while we still send."""
    connection = socket.socket(socket.AF_UNIX) if isinstance(port_or_path, str) else socket.socket()
    connection.settimeout(15)
    with connection:
        connection.connect(port_or_path if isinstance(port_or_path, str) else ("127.0.0.1", port_or_path))
        try:
            connection.sendall(head)
            for piece in body:
                connection.sendall(piece)
        except OSError:
            pass  # the answer is there already
        try:
            return connection.recv(200).split(b"\r\n")[0]
        except OSError:
            return b""


def chunks(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield b"100000\r\n" + bytes(MEGABYTE) + b"\r\n"


HUGE = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize("way", ["through nginx", "to the web server"])
def test_bodies_without_end_are_refused_before_they_are_read(product: tuple[Served, int], way: str):
    one, port = product
    door = port if way == "through nginx" else one.socket
    before = memory_mb(one)
    status = answer_to(door, HUGE + b"Content-Length: 1000000000\r\n\r\n", iter([bytes(MEGABYTE)] * 3))
    assert b" 413 " in status
    status = answer_to(door, HUGE + b"Transfer-Encoding: chunked\r\n\r\n", chunks(40))
    assert status[9:10] in (b"4", b"")  # refused for one reason or another, or the connection is closed on them
    assert memory_mb(one) < before + 40
    assert sorted(good_requests(one, port, 20))[17] < 0.1


def test_a_body_on_a_scan_is_not_waited_for_for_ever(product: tuple[Served, int]):
    one, port = product
    path = "/" + code_of(world.BASE + 3, one.codes)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30000000\r\n\r\n".encode()
    assert b" 413 " in answer_to(port, head, iter([]))
    assert len(good_requests(one, port, 5)) == 5
