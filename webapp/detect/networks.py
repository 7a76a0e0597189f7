"""Which addresses strangers share: a carrier's exit has many different codes, a household's line a few."""
from webapp.detect.event import DAY
from webapp.detect.rules import NetworkRules

SLOTS = 1 << 16


class Networks:
    """Fading count of new (code, phone) pairs per network, in a table of fixed size (two networks may share a slot)."""

    def __init__(self, rules: NetworkRules) -> None:
        self._limit = rules.crowded_codes
        self._fade = 0.5 ** (1 / (rules.half_life_days * DAY))
        self._count = [0.0] * SLOTS
        self._at = [0.0] * SLOTS

    def crowded(self, network: int, at: float) -> bool:
        slot = network % SLOTS
        count = self._count[slot]
        return count >= self._limit and count * self._fade ** max(0.0, at - self._at[slot]) >= self._limit

    def learn(self, network: int, at: float) -> None:
        slot = network % SLOTS
        self._count[slot] = self._count[slot] * self._fade ** max(0.0, at - self._at[slot]) + 1.0
        self._at[slot] = at
