"""Detectors on trial: they learn the same scans as the live ones, with a lead, a state and alerts of their own.

What is kept of them is of one trial. Other numbers, or detectors that keep something else, are another one: it forgets
all that and learns the kept scans from the first, so that what it makes of old scans can be compared as well. Nobody
waits for what a trial raises: it is written down seldom, and only with the rest.
"""
import time
from hashlib import blake2b

import msgspec
from sqlalchemy import delete, func, select, update

from webapp.db import Database
from webapp.detect.engine import Engine
from webapp.detect.live import SHADOW, Bags, Closed, Detector, Raise, Saved
from webapp.detect.rules import Rules
from webapp.models import Alert, CodeLedger, DetectorState, LateArrival
from webapp.models import Detector as Row
from webapp.models.detector import FORGOTTEN

KEPT_EVERY_S = 5.0  # between two checkpoints ...
KEPT_SHARE = 0.1  # ... but no more than this share of the time is spent on them
LEDGERS_AT_ONCE = 20_000  # looked through to forget the last trial's: some hundredths of a second


class Trial(Detector):
    """`write_alerts` must keep them apart from the live ones."""

    def __init__(self, db: Database, bags: Bags, rules: Rules, write_alerts: Raise, close: Closed) -> None:
        super().__init__(SHADOW, db, bags, rules, write_alerts, close, _tell_nobody)
        self._forgotten_to = -1  # serial

    def _shape(self, engine: Engine) -> str:
        numbers = msgspec.json.encode(self._numbers(), order="deterministic")
        return blake2b(numbers, key=super()._shape(engine).encode(), digest_size=12).hexdigest()

    def _begin(self) -> bool:
        """A piece of the last trial is forgotten at each call, until nothing is left: no round is long."""
        return self._lead() and self._last_one_is_forgotten() and super()._begin()

    def _last_one_is_forgotten(self) -> bool:
        with self._held.begin():
            kept = self._held.scalar(select(Row.layout).where(Row.name == self.name))
            if kept is None or kept == self._shape(Engine(self._rules, {})):
                return True
            self._held.execute(update(Row).where(Row.name == self.name).values(layout=FORGOTTEN, since=None))
            if self._next_ledgers_are_forgotten():
                return False
            for table in (LateArrival, DetectorState):
                self._held.execute(delete(table).where(table.detector == self.name))
            self._held.execute(delete(Alert).where(Alert.shadow))
            self._held.execute(delete(Row).where(Row.name == self.name))
            return True

    def _next_ledgers_are_forgotten(self) -> bool:
        """Looks through so many ledgers of whichever detectors: in a table of many millions ours may be rare. False at
        its end."""
        next_ones = (select(CodeLedger.serial).where(CodeLedger.serial > self._forgotten_to)
                     .order_by(CodeLedger.serial).limit(LEDGERS_AT_ONCE).subquery())
        last = self._held.scalar(select(func.max(next_ones.c.serial)))
        if last is not None:
            self._held.execute(delete(CodeLedger).where(
                CodeLedger.detector == self.name, CodeLedger.serial > self._forgotten_to, CodeLedger.serial <= last))
        self._forgotten_to = -1 if last is None else last
        return last is not None

    def _due(self) -> bool:
        return time.monotonic() - self._saved_at >= max(KEPT_EVERY_S, self.cost_s / KEPT_SHARE)


def _tell_nobody(saved: Saved) -> None:
    """No page and no cache ever hears of a trial."""
