"""The worker's share in a trial of other rules: a moment for each round of the live detectors, at nobody's cost.

It has a thread, for a checkpoint of much that was learned takes seconds, and a database of its own: neither its slow
questions nor its lost sessions are those of shipping and the live detectors.
"""
import time
from contextlib import suppress
from queue import Full, Queue
from threading import Thread

import structlog

from webapp.cases.alert import withdraw, write_shadow
from webapp.db import Database
from webapp.detect.live import Bags
from webapp.detect.rules import BadRules, changed, load_rules
from webapp.detect.trial import Trial
from webapp.settings import Settings

LONGEST_S = 0.2  # of one round: the live detectors' next one has its own half of the processor
STATEMENT_MS = 2_000  # a question that takes longer is given up, and asked again after the rest
REST_S = 60.0  # after a failure

log = structlog.get_logger()


class OnTrial:
    """What SALTCHECK_SHADOW_RULES asks for. `trial` is None where it asks for nothing, or for a file that cannot be
    used; only the thread touches it."""

    def __init__(self, settings: Settings, bags: Bags) -> None:
        self.failures = 0
        self.trial: Trial | None = None
        self._db = Database(settings, statement_ms=STATEMENT_MS)
        self._rests_until = 0.0
        self.asked: Queue[int | None] = Queue(maxsize=1)
        self._thread = Thread(target=self._work, name="trial", daemon=True)
        if settings.shadow_rules is None:
            return
        try:
            rules = load_rules(settings.shadow_rules)
        except BadRules as error:
            log.error("trial_not_begun", setting="SALTCHECK_SHADOW_RULES", reason=str(error))
            return
        log.info("trial", rules=str(settings.shadow_rules), changed=[one.name for one in changed(load_rules(), rules)])
        self.trial = Trial(self._db, bags, rules, write_shadow, withdraw)

    def round(self, up_to: int) -> None:
        """Let it learn for a moment, up to then (µs), unless it is still busy. Returns at once."""
        if self.trial is None:
            return
        if self._thread.ident is None:
            self._thread.start()
        with suppress(Full):
            self.asked.put_nowait(up_to)

    def close(self) -> None:
        """Keep what was learned, if that can be done."""
        if self._thread.is_alive():
            self.asked.put(None)
            self._thread.join()
        self._db.close()

    def _work(self) -> None:
        while (up_to := self.asked.get()) is not None:
            self._turn(up_to)
            self.asked.task_done()
        assert self.trial is not None
        try:
            self.trial.finish()
        except Exception as error:  # as below
            self._failed(error)

    def _turn(self, up_to: int) -> None:
        """Never raises."""
        began = time.monotonic()
        if self.trial is None or began < self._rests_until:
            return
        try:
            while self.trial.step(up_to) and time.monotonic() - began < LONGEST_S:
                pass
        except Exception as error:  # whatever it is, it is the trial's: scans are shipped and judged without it
            self._failed(error)
            self._rests_until = time.monotonic() + REST_S

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        log.warning("trial_failed", reason=repr(error), failures=self.failures, again_in_s=REST_S)
