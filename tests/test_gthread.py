"""gunicorn with our worker: connections stay with their threads, and nobody goes without one for it.

Seen red: with all threads allowed to wait and for long (STAY_MS minutes), the fresh connection gets no answer.
"""
import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import wait_for
from webapp.child_process import die_with_parent, stop_process

THREADS = 4


class Client(http.client.HTTPConnection):
    """One connection over the server's socket, kept open."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def ask(self) -> bytes:
        self.request("GET", "/")
        return self.getresponse().read()


@pytest.fixture
def server(home: Path, root: Path) -> Iterator[Path]:
    path = home / "web.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "webapp/gunicorn_conf.py", "-w", "1", "--threads", str(THREADS),
         "-b", f"unix:{path}", "loadtests.apps.plain:app"],
        cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent())
    try:
        wait_for(path.exists, "gunicorn's socket")
        yield path
    finally:
        stop_process(process)


def test_a_connection_is_answered_again_and_again(server):
    with ExitStack() as stack:
        client = Client(server)
        stack.callback(client.close)
        assert [client.ask() for _ in range(50)] == [b"hello"] * 50


def test_more_clients_that_linger_than_threads_keep_nobody_out(server):
    with ExitStack() as stack:
        clients = [Client(server) for _ in range(THREADS * 4)]
        for client in clients:
            stack.callback(client.close)
        for _ in range(3):
            assert [client.ask() for client in clients] == [b"hello"] * len(clients)
        fresh = Client(server)
        stack.callback(fresh.close)
        assert fresh.ask() == b"hello"
