"""The detectors put to work: which ones, what their alerts lead to, and what pages are told of it."""
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cache.connection import CacheAway
from cache.history import HistoryCache
from webapp.cases.alert import withdraw, write_alerts
from webapp.db import Database
from webapp.detect.live import Bags, Detector, LostLead
from webapp.detect.publisher import Publisher
from webapp.detect.rules import load_rules
from webapp.models.detector import LIVE
from webapp.on_trial import OnTrial
from webapp.settings import Settings

CUT_OFF_US = 60_000_000  # a machine that has said nothing for so long is not waited for: its scans will be late
LONGEST_S = 1.0  # of one round, then scans are shipped again

log = structlog.get_logger()


class Detecting:
    """One per worker; of all workers on a database one detects at a time. `behind`: there is more to learn."""

    def __init__(self, settings: Settings, db: Database, bags: Bags, memory: HistoryCache) -> None:
        self.publisher = Publisher(db, memory)
        self.live = Detector(LIVE, db, bags, load_rules(), write_alerts, withdraw, self.publisher.saved)
        self.on_trial = OnTrial(settings, bags)
        self.behind = False

    def round(self, shipped_to: int | None, note_position: Callable[[], bool]) -> None:
        """Learn what there is; tell pages. `shipped_to` (µs): all machines' scans are in the database up to then, None
        where nobody can say. `note_position`: tells replicas how far they must be; False when that cannot be done."""
        waited_for = time.time_ns() // 1000 - CUT_OFF_US
        up_to = waited_for if shipped_to is None else max(waited_for, shipped_to)
        try:
            self._learn(up_to)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self._learn(up_to)  # the session with the lead ended while it rested; from the last checkpoint, then
        try:
            self.publisher.catch_up(note_position)
        except CacheAway as error:
            log.warning("valkey_away", what="ledgers", reason=str(error))
        if not self.behind:  # else the time is the live detectors'
            self.on_trial.round(up_to)

    def detectors(self) -> list[Detector]:
        """The live ones, then those on trial."""
        return [self.live, *([self.on_trial.trial] if self.on_trial.trial is not None else [])]

    def _learn(self, up_to: int) -> None:
        began = time.monotonic()
        self.behind = True
        try:
            while self.behind and time.monotonic() - began < LONGEST_S:
                self.behind = self.live.step(up_to)
        except BaseException:
            self.publisher.forget()
            raise

    def close(self) -> None:
        """Keep what was learned, if the database is there to take it."""
        try:
            self.live.finish()
        except (SQLAlchemyError, LostLead) as error:
            log.warning("not_kept", reason=str(error))
        self.on_trial.close()
