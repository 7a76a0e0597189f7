"""gunicorn with our worker: scans that come together are answered together, and nobody waits or fails for another's."""
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lane_app import FAULTY, HELD, LONG, LONG_BODY, PLAIN, RELEASED
from tests.over_socket import OverSocket
from tests.servers import wait_for
from webapp.child_process import die_with_parent, stop_process
from webapp.gthread import AT_ONCE

THREADS = 6


class Client(OverSocket):
    def ask(self, path: str = "/") -> bytes:
        """The body; `last` is the answer's head."""
        self.request("GET", path)
        self.last = self.getresponse()
        return self.last.read()


class Server:
    """A running gunicorn and the clients that were made for it."""

    def __init__(self, process: subprocess.Popen, path: Path, stack: ExitStack, released: Path) -> None:
        self.process, self._path, self._stack, self._released = process, path, stack, released

    def client(self) -> Client:
        """One that has asked for something already: only connections that are kept open take the short way."""
        client = Client(self._path, timeout=10)
        self._stack.callback(client.close)
        client.ask("/before")
        return client

    def hold(self, groups: int) -> list[Client]:
        """Clients whose scans are being answered, each in a group of its own, until `release`."""
        held, marks = [self.client() for _ in range(groups)], self._released.with_suffix(".held")
        for number, client in enumerate(held, 1):
            client.request("GET", "/" + HELD)
            wait_for(lambda n=number: marks.exists() and len(marks.read_text()) == n, "a held group")
        return held

    def release(self) -> None:
        self._released.touch()


@pytest.fixture
def server(home: Path, root: Path) -> Iterator[Server]:
    path, released = home / "web.sock", home / "released"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "-w", "1", "--threads", str(THREADS),
         "-b", f"unix:{path}", "tests.lane_app:app"],
        cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": "", RELEASED: str(released)}, preexec_fn=die_with_parent())
    with ExitStack() as stack:
        stack.callback(stop_process, process)
        wait_for(lambda: _listens(path), "gunicorn")
        yield Server(process, path, stack, released)


def _listens(path: Path) -> bool:
    """A socket that is bound stands in its folder before anybody can connect to it."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def scan(code: str) -> bytes:
    return f"GET /{code} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def heard_until(client: Client, end: bytes) -> bytes:
    heard = b""
    while not heard.endswith(end):
        heard += (more := client.sock.recv(65_536))
        assert more, heard
    return heard


def test_a_connection_is_answered_again_and_again(server: Server):
    client = server.client()
    for _ in range(20):
        assert client.ask("/" + PLAIN) == PLAIN.encode()
        assert client.last.headers["Together"] == "1"
        assert client.ask("/check") == b"/check"
        assert client.last.headers["Way"] == "rest"


def test_scans_that_come_at_the_same_time_are_answered_together(server: Server):
    held = server.hold(AT_ONCE)
    many = [server.client() for _ in range(40)]

    def all_at_once() -> bool:
        for client in many:
            client.sock.sendall(scan(PLAIN))
        groups = []
        for client in many:
            answer = heard_until(client, PLAIN.encode())
            groups.append(int(answer.partition(b"Together: ")[2].partition(b"\r\n")[0]))
        return max(groups) > 1
    wait_for(all_at_once, "a group")  # groups are as large as chance has it
    server.release()
    assert [client.getresponse().read() for client in held] == [HELD.encode()] * len(held)


def test_groups_that_are_held_up_hold_up_nobody_else(server: Server):
    """Seen red: without GATHER_S the plain scan waits for the held ones."""
    held, plain = server.hold(AT_ONCE + 1), server.client()
    assert plain.ask("/" + PLAIN) == PLAIN.encode()
    server.release()
    assert [client.getresponse().read() for client in held] == [HELD.encode()] * len(held)


def test_a_scan_that_fails_fails_alone(server: Server):
    """Seen red: when a group's error is everybody's."""
    clients = [server.client() for _ in range(12)]
    for number, client in enumerate(clients):
        client.sock.sendall(scan(FAULTY if number % 4 == 0 else PLAIN))
    for number, client in enumerate(clients):
        answer = client.sock.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 500" if number % 4 == 0 else b"HTTP/1.1 200"), number
    assert server.client().ask("/" + PLAIN) == PLAIN.encode()


def test_a_slow_reader_gets_all_of_it_and_keeps_nobody_waiting(server: Server):
    slow, other = server.client(), server.client()
    slow.request("GET", "/" + LONG)
    assert other.ask("/" + PLAIN) == PLAIN.encode()
    assert slow.getresponse().read() == LONG_BODY
    assert slow.ask("/" + PLAIN) == PLAIN.encode()


def test_who_leaves_before_the_answer_harms_nobody(server: Server):
    for _ in range(20):
        client = server.client()
        client.sock.sendall(scan(LONG))
        client.close()
    assert server.client().ask("/" + PLAIN) == PLAIN.encode()


def test_clients_that_do_not_close_keep_nobody_waiting(server: Server):
    """Seen red: gunicorn itself waits two seconds for each of them, and nobody else is served meanwhile."""
    other, lingering = server.client(), [server.client() for _ in range(THREADS * 2)]
    for client in lingering:
        client.sock.sendall(b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for client in lingering:
        heard_until(client, b"/last")
    assert other.ask("/" + PLAIN) == PLAIN.encode()


def test_two_requests_in_one_piece_are_answered_in_order(server: Server):
    client = server.client()
    client.sock.sendall(scan(PLAIN) + b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
    heard = heard_until(client, b"/second")
    assert heard.index(PLAIN.encode()) < heard.index(b"/second")


def test_a_request_in_pieces_is_answered(server: Server):
    client, whole = server.client(), scan(PLAIN)
    client.sock.sendall(whole[:20])
    assert server.client().ask("/" + PLAIN) == PLAIN.encode()
    client.sock.sendall(whole[20:])
    heard_until(client, PLAIN.encode())


def test_more_clients_that_linger_than_threads_keep_nobody_out(server: Server):
    clients = [server.client() for _ in range(THREADS * 4)]
    for _ in range(3):
        assert [client.ask("/" + PLAIN) for client in clients] == [PLAIN.encode()] * len(clients)
    assert server.client().ask("/") == b"/"


def test_a_worker_that_stops_answers_what_it_was_asked(server: Server):
    client, = server.hold(1)
    server.process.terminate()
    server.release()
    assert client.getresponse().read() == HELD.encode()
    server.process.wait(10)
