"""Which addresses strangers share: a carrier's exit has many different codes and phones that say so, a household's line
few, and phones that say Wi-Fi."""
from webapp.detect.event import DAY, MOBILE, Event
from webapp.detect.rules import NetworkRules

SLOTS = 1 << 16


class Networks:
    """Fading count of witnesses per network, in a table of fixed size (two networks may share a slot), and which of them
    a phone has called mobile data."""

    def __init__(self, rules: NetworkRules) -> None:
        self._limit = rules.crowded_codes
        self._fade = 0.5 ** (1 / (rules.half_life_days * DAY))
        self._count = [0.0] * SLOTS
        self._at = [0.0] * SLOTS
        self._carrier = bytearray(SLOTS)

    def carrier(self, event: Event) -> bool:
        """Strangers share this network, as far as is known by now."""
        slot = event.network % SLOTS
        if self._carrier[slot]:
            return True
        count = self._count[slot]
        return count >= self._limit and (
            count * self._fade ** max(0.0, event.at - self._at[slot]) >= self._limit)

    def learn(self, event: Event) -> None:
        slot = event.network % SLOTS
        if event.link == MOBILE:
            self._carrier[slot] = 1
        self._count[slot] = self._count[slot] * self._fade ** max(0.0, event.at - self._at[slot]) + 1.0
        self._at[slot] = event.at
