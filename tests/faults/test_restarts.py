"""Web processes are killed or restarted one after another: through nginx nobody sees it."""
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.faults.ledger import Crowd, compare
from tests.faults.behind_nginx import behind_nginx
from tests.faults.served import Served, served
from tests.servers import wait_for
from tests.verify import world
from webapp.settings import load_settings
from webapp.verify.code import code_of

WAYS = ["port", "socket"]


@pytest.fixture(params=WAYS[:1])
def product(request: pytest.FixtureRequest, home: Path, sqlite_url: str,
            valkey_url: str) -> Iterator[tuple[Served, int]]:
    way = request.param
    with served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as one:
        one.serve(f"unix:{one.socket}" if way == "socket" else f"127.0.0.1:{free_port()}")
        one.start_worker()
        for folder in (home, *home.parents):
            if folder != Path("/tmp") and folder.is_relative_to("/tmp"):
                folder.chmod(0o755)
        if way == "socket":
            os.chmod(one.socket, 0o777)
        with behind_nginx(home / "nginx", one.bind) as port:
            yield one, port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def crowd(product: tuple[Served, int], threads: int = 6) -> Crowd:
    one, port = product
    return Crowd(lambda: socket.create_connection(("127.0.0.1", port), timeout=10),
                 lambda serial: code_of(serial, one.codes), 1_000, world.BASE, threads)


def processes(one: Served) -> set[str]:
    assert one.web is not None
    return set(Path(f"/proc/{one.web.pid}/task/{one.web.pid}/children").read_text().split())


def check_all_arrived(one: Served, ledger) -> None:
    one.stop_web()
    one.wait_until_shipped()
    assert compare(ledger, one.db)[1:4] == (0, 0, 0)


@pytest.mark.parametrize("product", WAYS, indirect=True)
def test_a_rolling_restart_under_load_shows_no_error(product: tuple[Served, int]):
    one, _ = product
    with crowd(product) as ledger:
        wait_for(lambda: len(ledger.recorded) > 150, "load", 30)
        before = processes(one)
        assert one.web is not None
        one.web.send_signal(signal.SIGHUP)
        wait_for(lambda: len(processes(one)) == 2 and not processes(one) & before, "new processes", 30)
        seen = len(ledger.recorded)
        wait_for(lambda: len(ledger.recorded) > seen + 150, "load on the new ones", 30)
    assert (len(ledger.broken), dict(ledger.errors), len(ledger.not_recorded)) == (0, {}, 0)
    check_all_arrived(one, ledger)


def test_a_process_killed_for_its_memory_is_replaced_while_the_other_serves(product: tuple[Served, int]):
    """SIGKILL, as the kernel's out-of-memory killer sends it. nginx asks once more, so that hardly anybody sees it."""
    one, _ = product
    rng = random.Random(3)
    with crowd(product) as ledger:
        for kill in range(3):
            wait_for(lambda n=kill: len(ledger.recorded) > (n + 1) * 150, "load", 30)
            before = processes(one)
            one.kill_a_web_process(rng)
            killed_at = time.monotonic()
            wait_for(lambda b=before: len(processes(one) - b) == 1, "another process", 10)
            assert time.monotonic() - killed_at < 3
            seen = len(ledger.recorded)
            wait_for(lambda n=seen: len(ledger.recorded) > n + 20, "answers", 10)
    assert (dict(ledger.errors), len(ledger.not_recorded)) == ({}, 0)
    assert len(ledger.broken) <= 3  # whose answer was on its way when its process died, with its head sent already
    check_all_arrived(one, ledger)
