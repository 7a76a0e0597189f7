"""The detectors put to work: which ones, what their alerts lead to, and what pages are told of it."""
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cache.connection import CacheAway
from cache.history import HistoryCache
from webapp.cases.alert import withdraw, write_alerts
from webapp.db import Database
from webapp.detect.lead import Presence
from webapp.detect.live import Bags, Detector, LostLead
from webapp.detect.people import Drop
from webapp.detect.publisher import Publisher
from webapp.detect.rules import load_rules
from webapp.detect.share import shares
from webapp.models.detector import LIVE
from webapp.on_trial import OnTrial
from webapp.settings import Settings

CUT_OFF_US = 60_000_000  # a machine that has said nothing for so long is not waited for: its scans will be late
LONGEST_S = 1.0  # of one round, then scans are shipped again

log = structlog.get_logger()


class Part(NamedTuple):
    """One share of the codes."""

    detector: Detector
    publisher: Publisher


class Detecting:
    """One per worker; of all workers on a database one at a time detects a share. `behind`: there is more to learn."""

    def __init__(self, settings: Settings, db: Database, bags: Bags, memory: HistoryCache) -> None:
        self.live: list[Part] = []
        for share in shares(settings.detector_shares):
            publisher = Publisher(db, memory, share)
            detector = Detector(LIVE, db, bags, load_rules(), write_alerts, withdraw, publisher.saved, share)
            self.live.append(Part(detector, publisher))
        self._presence = Presence(db)
        self.on_trial = OnTrial(settings, bags)
        self.behind = False

    def round(self, shipped_to: int | None, note_position: Callable[[], bool]) -> None:
        """Learn what there is; tell pages. `shipped_to` (µs): all machines' scans are in the database up to then, None
        where nobody can say. `note_position`: tells replicas how far they must be; False when that cannot be done."""
        waited_for = time.time_ns() // 1000 - CUT_OFF_US
        up_to = waited_for if shipped_to is None else max(waited_for, shipped_to)
        self._learn(up_to)
        try:
            for part in self.live:
                part.publisher.catch_up(note_position)
        except CacheAway as error:
            log.warning("valkey_away", what="ledgers", reason=str(error))
        if not self.behind:  # else the time is the live detectors'
            self.on_trial.round(up_to)

    def detectors(self) -> list[Detector]:
        """The live ones, then those on trial."""
        return [*(part.detector for part in self.live),
                *([self.on_trial.trial] if self.on_trial.trial is not None else [])]

    def drops(self) -> Counter[Drop]:
        """Visits that gave the live ones no evidence."""
        return sum((part.detector.drops for part in self.live), Counter())

    def _learn(self, up_to: int) -> None:
        """A step of each share in turn, while there is time."""
        began = time.monotonic()
        self.behind = True  # should any of them fail
        fair, behind = self._fair(), self.live
        for part in self._led()[fair:]:  # another worker may have it
            part.publisher.forget()
            part.detector.finish()
        while behind and time.monotonic() - began < LONGEST_S:
            behind = [part for part in behind if (part.detector.leads or len(self._led()) < fair)
                      and self._step(part, up_to)]
        self.behind = bool(behind)

    def _fair(self) -> int:
        """How many shares are for each worker, the last one perhaps fewer."""
        return -(-len(self.live) // self._presence.workers()) if len(self.live) > 1 else 1

    def _led(self) -> list[Part]:
        return [part for part in self.live if part.detector.leads]

    def _step(self, part: Part, up_to: int) -> bool:
        try:
            try:
                return part.detector.step(up_to)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            # The session with the lead ended while it rested; from the last checkpoint, then.
            return part.detector.step(up_to)
        except BaseException:
            part.publisher.forget()
            raise

    def close(self) -> None:
        """Keep what was learned, if the database is there to take it."""
        for part in self.live:
            try:
                part.detector.finish()
            except (SQLAlchemyError, LostLead) as error:
                log.warning("not_kept", reason=str(error))
        self._presence.close()
        self.on_trial.close()
