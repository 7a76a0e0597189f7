"""The worker: ships what the web processes kept, judges it, opens cases; one per spool folder."""
import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cache.connection import Cache, CacheAway
from cache.history import HistoryCache
from cache.replay import ReplayPosition
from webapp.db import Database, DatabaseAway
from webapp.detect.live import LostLead
from webapp.detecting import Detecting
from webapp.scanlog.heartbeat import Heartbeat, beat
from webapp.scanlog.observer import machine
from webapp.scanlog.settle import Settler
from webapp.scanlog.ship import Shipper, TooMuchPoison
from webapp.settings import Settings
from webapp.verify.lookup import Lookup, RegistryAway

PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
STATEMENT_MS = 30_000
SESSIONS = 4  # beside one for each share of the codes
CACHE_TIMEOUT_S = 0.5  # nobody waits for a page here
LOCK_FILE = "worker.lock"
STRETCHES_HELD = 60_000  # 18 MB: what one batch was shipped with, the detectors ask for once more

log = structlog.get_logger()


class AlreadyRunning(Exception):
    """Another worker ships this spool folder; the text names it."""


class Worker:
    """Everything one round needs, opened on first use."""

    def __init__(self, settings: Settings, db: Database | None = None) -> None:
        self._settings = settings
        self._db = db or Database(settings, statement_ms=STATEMENT_MS, pool_size=SESSIONS + settings.detector_shares)
        self._cache = Cache(settings.redis, timeout_s=CACHE_TIMEOUT_S)
        self._caught_up_at = 0.0
        self._memory = HistoryCache(self._cache)
        settings.spool.mkdir(parents=True, exist_ok=True)
        self.settler = Settler(self._memory, settings.spool)
        self._replay = ReplayPosition(self._cache)
        self._lookup = Lookup(self._db, read_position=self._replay.read, held=STRETCHES_HELD)
        self.shipper = Shipper(self._db, settings.spool, self.settler, self._lookup)
        self.detecting = Detecting(settings, self._db, self._lookup, self._memory)

    def round(self, stop: threading.Event | None = None) -> int:
        """Ship everything that was kept when the round began, then detect; -> records handled. Raises SQLAlchemyError,
        DatabaseAway, RegistryAway, TooMuchPoison, LostLead: nothing is lost, the next round goes on."""
        started, began_at = None, time.time()
        try:
            started = self._memory.now_us()
            self._lookup.agrees(self._memory.registry_version())
        except CacheAway:
            self._lookup.agrees(None)
        handled = self.shipper.ship_all(lambda: self._stops(stop))
        if not (stop and stop.is_set()):
            self._caught_up_at = began_at
        if stop and stop.is_set():
            return handled
        shipped_to = self.settler.mark_shipped(machine(), started) if started is not None and self._note_position() \
            else None
        self.detecting.round(shipped_to, self._note_position)
        return handled

    def _stops(self, stop: threading.Event | None) -> bool:
        """Asked before each batch."""
        self.settler.watch()
        return stop is not None and stop.is_set()

    def _note_position(self) -> bool:
        """Before the shipped mark, which makes pages believe what they read: never from a replica that lacks it. A
        Valkey that was emptied learns the position again within a round."""
        if not self._settings.replica_url:
            return True
        try:
            self._replay.note(self._db.position())
        except (CacheAway, DatabaseAway):
            return False
        return True

    def run(self, stop: threading.Event) -> None:
        """Rounds until `stop`; a database that is away is asked less and less often, at least every five seconds."""
        pause = PAUSE_S
        while not stop.is_set():
            try:
                handled = self.round(stop)
                if handled:
                    log.info("shipped", records=handled, scans_in_all=self.shipper.shipped)
                if pause > PAUSE_S:
                    log.info("database_back")
                pause = PAUSE_S
            except (SQLAlchemyError, DatabaseAway, RegistryAway, TooMuchPoison, LostLead) as error:
                pause = min(LONGEST_PAUSE_S, pause * 2)
                log.warning("not_shipped", reason=str(error), again_in_s=pause)
            self._beat()
            stop.wait(pause)

    def close(self) -> None:
        """Keep what the detectors learned, if the database is there to take it."""
        self.detecting.close()
        self._db.close()
        self._cache.close()

    def _beat(self) -> None:
        """Says that we go round, and how far we are: /metrics and `doctor` look at it."""
        backlog = self.shipper.backlog
        detectors = self.detecting.detectors()
        beat(self._settings.spool, Heartbeat(
            os.getpid(), time.time(), self._caught_up_at, self.shipper.shipped, backlog.bad, backlog.waiting_bytes(),
            learned={one.name: one.learned for one in detectors},
            behind_s={one.name: one.behind_s for one in detectors if one.behind_s is not None},
            drops={reason.value: count for reason, count in self.detecting.drops().items()},
            trial_failures=self.detecting.on_trial.failures))


@contextmanager
def sole_worker(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two workers would ship everything twice and wait for each other. Raises
    AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another worker ships {folder}; stop it first") from None
        yield


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish the batch at hand. Raises AlreadyRunning."""
    stop = threading.Event()
    with sole_worker(settings.spool):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker = Worker(settings)
        log.info("worker_started", spool=str(settings.spool))
        try:
            worker.run(stop)
        finally:
            worker.close()
        log.info("worker_stopped")
