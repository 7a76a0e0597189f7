"""The ledger of one code: 64 bytes that weigh every innocent explanation against "this code was copied".

A code is innocent while at least one explanation holds: one *household*, a *display* bag in a shop, a *forwarded* page,
or a *viral* post. For each of them the ledger keeps X = ln P(scans | copies) - ln P(scans | explanation), in nats. The
score S = -ln sum(weight * e^-X) is therefore bounded by the best of the innocent explanations.
"""
from struct import Struct

LAYOUT = Struct("<IIHHBBH4H4B5H4HBBHhhhhHHH")
SIZE = LAYOUT.size
UNIT = 64.0  # the four explanations are kept in steps of 1/64 nat
LIMIT = 500 * 64

# flags
SEEN, ALERTED, CAUTIONED, EARLY = 1, 2, 4, 8


class Ledger:
    """Unpacked state of one code. `people` counts witnesses: new phones whose evidence was admitted."""

    __slots__ = ("first", "last", "scans", "people", "links", "flags", "bot_day", "cities", "counts", "phones", "nets",
                 "mobile", "fixed", "burst", "household", "display", "forwarded", "viral", "over", "lat", "lon")

    def __init__(self) -> None:
        self.first = self.last = self.scans = self.people = self.links = self.flags = self.bot_day = 0
        self.cities = [0, 0, 0, 0]
        self.counts = [0, 0, 0, 0]
        self.phones = [0, 0, 0, 0, 0]
        self.nets = [0, 0, 0, 0]
        self.mobile = self.fixed = self.burst = self.over = self.lat = self.lon = 0
        self.household = self.display = self.forwarded = self.viral = 0.0

    def pack(self) -> bytes:
        return LAYOUT.pack(
            self.first, self.last, min(self.scans, 65535), min(self.people, 65535), min(self.links, 255), self.flags,
            self.bot_day, *self.cities, *self.counts, *self.phones, *self.nets, min(self.mobile, 255),
            min(self.fixed, 255), min(self.burst, 65535), _short(self.household), _short(self.display),
            _short(self.forwarded), _short(self.viral), self.over, self.lat, self.lon)


def _short(nats: float) -> int:
    return round(max(-LIMIT, min(LIMIT, nats * UNIT)))


def unpack(state: bytes) -> Ledger:
    """The ledger in `state` (from `Ledger.pack`), or a fresh one for no bytes at all."""
    ledger = Ledger()
    if not state:
        return ledger
    v = LAYOUT.unpack(state)
    (ledger.first, ledger.last, ledger.scans, ledger.people, ledger.links, ledger.flags, ledger.bot_day) = v[:7]
    ledger.cities, ledger.counts = list(v[7:11]), list(v[11:15])
    ledger.phones, ledger.nets = list(v[15:20]), list(v[20:24])
    ledger.mobile, ledger.fixed, ledger.burst = v[24:27]
    ledger.household, ledger.display, ledger.forwarded, ledger.viral = (
        v[27] / UNIT, v[28] / UNIT, v[29] / UNIT, v[30] / UNIT)
    ledger.over, ledger.lat, ledger.lon = v[31:34]
    return ledger
