"""Detectors on trial: they learn the same scans as the live ones, with a lead, a state and alerts of their own.

What is kept of them is of one trial. Other numbers, or detectors that keep something else, are another one: it forgets
all that and learns the kept scans from the first, so that what it makes of old scans can be compared as well. Nobody
waits for what a trial raises: it is written down seldom, and only with the rest.
"""
import time
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection, delete

from webapp.db import Database
from webapp.detect.engine import Engine
from webapp.detect.live import Bags, Closed, Detector, Raise, Saved
from webapp.detect.rules import Rules
from webapp.models import Alert
from webapp.models import Detector as Row
from webapp.models.detector import SHADOW

KEPT_EVERY_S = 5.0  # between two checkpoints ...
KEPT_SHARE = 0.1  # ... but no more than this share of the time is spent on them


class Trial(Detector):
    """`write_alerts` must keep them apart from the live ones."""

    def __init__(self, db: Database, bags: Bags, rules: Rules, write_alerts: Raise, close: Closed) -> None:
        super().__init__(SHADOW, db, bags, rules, write_alerts, close, _tell_nobody)

    def _shape(self, engine: Engine) -> str:
        numbers = msgspec.json.encode(self._numbers(), order="deterministic")
        return blake2b(numbers, key=super()._shape(engine).encode(), digest_size=12).hexdigest()

    def _forget_rest(self, connection: Connection) -> None:
        """Also what the last trial raised: it would be taken for this one's."""
        super()._forget_rest(connection)
        connection.execute(delete(Alert).where(Alert.shadow))
        connection.execute(delete(Row).where(Row.name == self.name))

    def _due(self) -> bool:
        return time.monotonic() - self._saved_at >= max(KEPT_EVERY_S, self.cost_s / KEPT_SHARE)


def _tell_nobody(saved: Saved) -> None:
    """No page and no cache ever hears of a trial."""
