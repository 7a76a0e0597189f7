"""The product as processes of its own, load on it, and a ledger of what it promised."""
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from tests.over_socket import OverSocket
from tests.servers import wait_for
from tests.verify import world
from webapp.child_process import die_with_parent, stop_process
from webapp.db import Database
from webapp.keys import create_keys
from webapp.models import Scan
from webapp.settings import Settings
from webapp.verify.code import code_of

ROOT = Path(__file__).parent.parent.parent
PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36"
CODES = 1 << 40


class Served:
    """gunicorn and the worker on one SALTCHECK_HOME. Web processes may be killed: gunicorn brings new ones."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = Database(settings)
        self.codes = create_keys(settings.keys, demo=False).codes
        self.socket = str(settings.home / "web.sock")
        self.bind = f"unix:{self.socket}"
        self._environment = os.environ | {
            "SALTCHECK_HOME": str(settings.home), "SALTCHECK_DATABASE_URL": settings.database_url,
            "SALTCHECK_REDIS_URL": settings.redis_url, "SALTCHECK_TRUSTED_PROXIES": "1",
            "SALTCHECK_KEYS_FILE": str(settings.keys)}
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def start_web(self, processes: int = 2) -> None:
        # Preloaded: a killed process is back in no time, and everything made before the fork must survive it.
        self.web = self._start("gunicorn", "-c", "webapp/gunicorn_conf.py", "-w", str(processes), "--threads", "8",
                               "--preload", "-b", f"unix:{self.socket}", "webapp.wsgi:app")
        wait_for(self._answers, "the web", 30)

    def serve(self, bind: str) -> None:
        """As an operator does it. `bind`: unix:PATH or HOST:PORT."""
        self.web = self._start("webapp.cli", "serve", "--bind", bind, "--workers", "2")
        self.bind = bind
        wait_for(self._answers, "the web", 30)

    def start_worker(self) -> None:
        self.worker = self._start("webapp.cli", "worker")

    def kill_a_web_process(self, rng: random.Random) -> bool:
        """kill -9 one of gunicorn's children. False when it has none at the moment."""
        assert self.web is not None
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        if not children:
            return False
        os.kill(int(rng.choice(children)), signal.SIGKILL)
        return True

    def kill_the_worker(self) -> None:
        assert self.worker is not None
        self.worker.kill()
        self.worker.wait()

    def ask(self, connection: http.client.HTTPConnection, number: int, network: str) -> dict[str, Any]:
        """The verdict as JSON. Raises OSError or HTTPException when the connection breaks."""
        connection.request("GET", "/" + code_of(world.BASE + number, self.codes), headers={
            "Host": "127.0.0.1:8000", "User-Agent": PHONE, "Accept": "application/json", "X-Forwarded-For": network})
        return json.loads(connection.getresponse().read())

    def connect(self) -> http.client.HTTPConnection:
        if self.bind.startswith("unix:"):
            return OverSocket(self.socket)
        return http.client.HTTPConnection(self.bind, timeout=20)

    def rows(self) -> list[tuple[int, int]]:
        """(serial, how often it is in the table)."""
        with self.db.read.connect() as connection:
            return [(row.serial, row.times) for row in connection.execute(
                select(Scan.serial, func.count().label("times")).group_by(Scan.serial))]

    def wait_until_shipped(self, within_s: float = 60) -> None:
        """Until nothing waits in the spool. Web and worker must be stopped, or idle."""
        def shipped() -> bool:
            return not list(self.settings.spool.glob("*.spool"))
        wait_for(shipped, "the spool", within_s)

    def stop_web(self, first: signal.Signals = signal.SIGTERM) -> None:
        if self.web is not None:
            stop_process(self.web, first)

    def stop(self) -> None:
        self.stop_web()
        if self.worker is not None:
            stop_process(self.worker)
        self.db.close()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.settings.home / "processes.log").open("ab")
        with log:
            return subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=self._environment, stdout=log,
                                    stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent())

    def _answers(self) -> bool:
        try:
            with closing(self.connect()) as connection:
                return "verdict" in self.ask(connection, CODES - 1, "203.0.113.1")
        except (OSError, http.client.HTTPException, ValueError):
            return False


class Shoppers:
    """Threads that each look at code after code, and write down what was promised of which."""

    def __init__(self, served: Served, threads: int, known: bool = True) -> None:
        self._served = served
        self._threads = [threading.Thread(target=self._look, args=(n, threads)) for n in range(threads)]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.recorded: set[int] = set()
        self.told_not = 0
        self.broken = 0
        self.answers: list[dict[str, Any]] = []
        self._keep_answers = known

    def __enter__(self) -> "Shoppers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _look(self, number: int, step: int) -> None:
        connection = None
        while not self._stop.is_set():
            number += step
            try:
                connection = connection or self._served.connect()
                told = self._served.ask(connection, number, f"10.{number >> 8 & 255}.{number & 255}.9")
            except (OSError, http.client.HTTPException):
                if connection is not None:
                    connection.close()
                connection = None
                with self._lock:
                    self.broken += 1
                self._stop.wait(0.02)
                continue
            with self._lock:
                if told["recorded"]:
                    self.recorded.add(world.BASE + number)
                else:
                    self.told_not += 1
                if self._keep_answers:
                    self.answers.append(told)
        if connection is not None:
            connection.close()


@contextmanager
def served(settings: Settings) -> Iterator[Served]:
    """A registry with one lot of very many codes; nothing started yet."""
    one = Served(settings)
    world.people_and_goods(one.db)
    batch = world.lot(one.db, "L1", quantity=CODES)
    world.ship(one.db, "S1", "L1-all", batch_id=batch)
    world.run(one.db, world.BASE, world.BASE + CODES, world.block(one.db, world.BASE, world.BASE + CODES), batch)
    try:
        yield one
    finally:
        one.stop()
