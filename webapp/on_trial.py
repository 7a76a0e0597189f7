"""The worker's share in a trial of other rules: a little of each round, after the live detectors, at nobody's cost."""
import time

import structlog

from webapp.cases.alert import withdraw, write_shadow
from webapp.db import Database
from webapp.detect.live import Bags
from webapp.detect.rules import BadRules, changed, load_rules
from webapp.detect.trial import Trial
from webapp.settings import Settings

LONGEST_S = 0.2  # of one round
STATEMENT_MS = 2_000  # a question that takes longer is given up, and asked again after the rest
REST_S = 60.0  # after a failure

log = structlog.get_logger()


class OnTrial:
    """What SALTCHECK_SHADOW_RULES asks for. `trial` is None where it asks for nothing, or for a file that cannot be
    used. It has a database of its own: neither its slow questions nor its lost sessions are the live detectors'."""

    def __init__(self, settings: Settings, bags: Bags) -> None:
        self.failures = 0
        self.trial: Trial | None = None
        self._db = Database(settings, statement_ms=STATEMENT_MS)
        self._rests_until = 0.0
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
        """Learn for a moment, up to then (µs). Never raises."""
        began = time.monotonic()
        if self.trial is None or began < self._rests_until:
            return
        try:
            while self.trial.step(up_to) and time.monotonic() - began < LONGEST_S:
                pass
        except Exception as error:  # whatever it is, it is the trial's: scans are shipped and judged without it
            self._failed(error)
            self._rests_until = time.monotonic() + REST_S

    def close(self) -> None:
        """Keep what was learned, if that can be done."""
        try:
            if self.trial is not None:
                self.trial.finish()
        except Exception as error:  # as above: the live detectors have yet to keep theirs
            self._failed(error)
        self._db.close()

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        log.warning("trial_failed", reason=repr(error), failures=self.failures, again_in_s=REST_S)
