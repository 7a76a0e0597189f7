"""Cells: where evidence from many codes of a lot or a place adds up, so that one alert stands for hundreds of scans."""
from math import exp, log

from webapp.detect.event import DAY, Event
from webapp.detect.rules import ClusterRules

HOUR = 3600
BITS = 64  # bytes: a cell of sixty phones still knows a new one nine times in ten


class Cell:
    """A CUSUM: `c` >= 0 in nats, emptied when nothing speaks for it. A *source* is a phone not seen here before that
    does not follow within hours on the same network. `hits` counts what spoke for it, `marks` the hits of a special
    kind (the detector says which), `boxed` and `strays` those whose siblings were here or elsewhere, `at_n` a clock of
    the detector, `muted` the time until which it is silent."""

    __slots__ = ("c", "bits", "network", "last", "hits", "marks", "at_n", "sources", "muted", "codes", "by_lot", "lots",
                 "clock", "age", "boxed", "strays")

    def __init__(self) -> None:
        self.c = self.muted = 0.0
        self.bits = bytearray()  # a bit a phone, by its pseudonym
        self.network = self.hits = self.marks = self.at_n = self.sources = 0
        self.last = self.clock = self.age = 0.0
        self.boxed = self.strays = 0
        self.codes: list[int] = []
        self.by_lot: dict[int, float] = {}
        self.lots: dict[int, int] = {}

    def source(self, event: Event, hours: float) -> bool:
        """True when `event` is a source not counted yet; remembers it."""
        slot, bit = divmod(event.device % (BITS * 8), 8)
        if not self.bits:
            self.bits = bytearray(BITS)
        known = self.bits[slot] >> bit & 1
        echo = bool(event.network) and event.network == self.network and event.at < self.last + hours * HOUR
        new = not known and not echo
        self.bits[slot] |= 1 << bit
        self.network, self.last = event.network, event.at
        self.sources += new
        return new

    def note(self, serial: int, keep: int) -> None:
        if serial not in self.codes:
            self.codes.append(serial)
            if len(self.codes) > keep:
                del self.codes[0]

    def drain(self, nats: float) -> None:
        self.c += nats
        if self.c <= 0:
            self.c = 0.0
            if self.bits:
                self.empty()

    def empty(self) -> None:
        self.c, self.bits, self.hits, self.marks, self.sources = 0.0, bytearray(), 0, 0, 0
        self.age = 0.0
        self.boxed = self.strays = 0
        self.codes.clear()
        self.by_lot.clear()
        self.lots.clear()


def mixture(nats: float, share: float) -> float:
    """Evidence of one observation when only `share` of them would come from the attack."""
    return log(1 - share + share * exp(nats))


class Volume:
    """How many observations a day a detector sees; its threshold grows with them, so that the wanted interval between
    two false alarms holds: a CUSUM of log-likelihood ratios crosses h by chance at most every e^h observations."""

    def __init__(self, rules: ClusterRules, margin: float) -> None:
        self._days, self._wanted, self._margin = rules.volume_days, rules.false_alarm_days, margin
        self._count = 0.0
        self._at = self._start = 0.0

    def tick(self, at: float) -> None:
        if not self._start:
            self._start = self._at = at
        self._count = self._count * exp(-(at - self._at) / (self._days * DAY)) + 1
        self._at = at

    def threshold(self) -> float:
        span = self._days * (1 - exp(-max(1.0, (self._at - self._start) / DAY) / self._days))
        return log(max(1.0, self._count / span) * self._wanted) + self._margin
