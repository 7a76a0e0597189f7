"""Which addresses strangers share: a carrier's exit has many different codes and phones that say so, a household's line
few, and phones that say Wi-Fi."""
from webapp.detect.event import DAY, MOBILE, UNSTATED, WIFI, Event
from webapp.detect.rules import NetworkRules

SLOTS = 1 << 16
CARRIER, LINE = 1, 2
STATED_USUALLY = 0.4
CROWD_KNOWN, CROWD_MEMORY = 0.42, 500
TIMES_USUAL = 3.0  # a network with so many times a fixed line's witnesses is shared by strangers


class Networks:
    """Fading count of witnesses per network, in a table of fixed size (two networks may share a slot), and what
    phones there called it."""

    def __init__(self, rules: NetworkRules) -> None:
        self._limit = rules.crowded_codes
        self._fade = 0.5 ** (1 / (rules.half_life_days * DAY))
        self._count = [0.0] * SLOTS
        self._at = [0.0] * SLOTS
        self._says = bytearray(SLOTS)  # CARRIER, LINE or both
        self._stated, self._all = 1.0, 1.0
        self._usual = 1.0  # witnesses on a network that is said to be a fixed line: grows with the volume of scans
        self._crowd = 0.0  # share of witnesses that came by a network known to be shared

    def carrier(self, event: Event) -> bool:
        """Strangers share this network, as far as is known by now. Where phones do not say, nothing is believed to be
        a household's line before the carriers' exits are known."""
        slot = event.network % SLOTS
        if self._says[slot] & CARRIER:
            return True
        if event.link == UNSTATED and not self._stating() and self._crowd < CROWD_KNOWN:
            return True
        count, limit = self._count[slot], self._crowded()
        return count >= limit and count * self._fade ** max(0.0, event.at - self._at[slot]) >= limit

    def _crowded(self) -> float:
        return max(self._limit, TIMES_USUAL * self._usual)

    def line(self, event: Event) -> bool:
        """This is somebody's own line for certain: the phone says so, or another one did; where phones do not usually
        say, what is not a carrier's must do."""
        if event.link != UNSTATED or self._says[event.network % SLOTS] & LINE:
            return True
        return not self._stating()

    def _stating(self) -> bool:
        return self._stated > STATED_USUALLY * self._all

    def learn(self, event: Event) -> None:
        slot = event.network % SLOTS
        self._all += 1
        if event.link != UNSTATED:
            self._stated += 1
            self._says[slot] |= CARRIER if event.link == MOBILE else LINE
        full = self._count[slot] >= self._crowded()
        self._crowd += (full - self._crowd) / CROWD_MEMORY
        self._count[slot] = self._count[slot] * self._fade ** max(0.0, event.at - self._at[slot]) + 1.0
        self._at[slot] = event.at
        if event.link == WIFI:
            self._usual += (self._count[slot] - self._usual) / CROWD_MEMORY
