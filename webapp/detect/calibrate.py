"""What genuine scans look like here (校准), measured on codes and lots that nobody doubts, beside what rules assume.

Each figure is a share with the count behind it. Drift is told where the assumed share lies outside the Wilson interval
of the measured one, taken so wide that of all figures together one in a hundred calibrations errs, and differs by more
than a tenth: a difference that is certain, and one that matters. Counts of one lot hang together; where lots differ by
more than chance, the interval widens by as much.
"""
from collections.abc import Iterable, Mapping, MutableMapping
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from webapp.detect import weigh
from webapp.detect.event import DAY, BagFacts, Event
from webapp.detect.ledger import EARLY, SEEN, Ledger, unpack
from webapp.detect.networks import Networks
from webapp.detect.people import People
from webapp.detect.rules import Rules

ERRS = 0.01  # of calibrations, where nothing has drifted
MATTERS = 0.1
ENOUGH = 30  # of whatever a share is of
WATCHED_DAYS = 30  # a code so long known has had most of its people
FOLLOWERS = 3  # second, third, fourth phone


class Figure(NamedTuple):
    """`hits` of `of` observed; `assumed` is the rules' share, None where they have none; `spread` >= 1: by how much
    lots differ beyond chance."""

    name: str
    hits: int
    of: int
    assumed: float | None = None
    spread: float = 1.0

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    def interval(self, errs: float = 0.05) -> tuple[float, float]:
        """Wilson's: in `errs` of all cases it does not hold the true share."""
        n = self.of / self.spread
        if not n:
            return 0.0, 1.0
        z, p = NormalDist().inv_cdf(1 - errs / 2), self.share
        middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))

    def drifted(self, figures: int) -> bool:
        """Whether the assumed share is wrong, `figures` being judged together."""
        if self.assumed is None or self.of < ENOUGH:
            return False
        low, high = self.interval(ERRS / figures)
        return not low <= self.assumed <= high and abs(self.share - self.assumed) > MATTERS * self.assumed


class Calibration:
    """Takes genuine visits in order of time, drops those of no witness as the engine does, and counts the rest."""

    def __init__(self, rules: Rules, states: MutableMapping[int, bytes]) -> None:
        self.rules, self.states = rules, states
        self._people, self._networks = People(rules.people), Networks(rules.networks)
        self._first: dict[str, dict[int, list[int]]] = {"mobile": {}, "fixed": {}}  # lot -> [away, placed]
        bins = len(rules.ledger.lag_days) + 1
        self._lags = {"mobile": [0] * bins, "fixed": [0] * bins}
        self._far, self._placed = 0, 0
        self._marked, self._unmarked = 0, 0
        self._until = 0.0

    def learn(self, event: Event, bag: BagFacts) -> None:
        """One visit of an issued code."""
        self._until = max(self._until, event.at)
        if event.staff or self._people.machine(event) or self._people.many(event, bag.lot)[0]:
            return
        ledger = unpack(self.states.get(event.serial, b""))
        main = weigh.main_city(ledger) // 100
        abroad = bool(main) and bool(event.city) and event.city // 10000 != main
        step = weigh.fold(ledger, event, self._networks.carrier(event), self._networks.line(event), 1.0,
                          self.rules.ledger)
        if step.kind == weigh.WITNESS:
            self._networks.learn(event)
            self._witness(event, bag, ledger, step, abroad)
        elif step.kind == weigh.SHARED:
            self._marked += abroad and ledger.links > 1  # counted as the unmarked: after a first marked one
        self.states[event.serial] = ledger.pack()

    def _witness(self, event: Event, bag: BagFacts, ledger: Ledger, step: weigh.Step, abroad: bool) -> None:
        if bag.shipped_at and event.at < bag.shipped_at:
            ledger.flags |= EARLY
        kind = "mobile" if step.line is weigh.NO_LINE else "fixed"
        if not ledger.flags & SEEN:
            ledger.flags |= SEEN
            home = bag.home()
            if home and event.city and not ledger.flags & EARLY:
                counts = self._first[kind].setdefault(bag.lot, [0, 0])
                counts[0] += event.city // 10000 not in home
                counts[1] += 1
        elif ledger.links:  # opened from a forward, or not: nobody can say, but few in a household are far
            self._unmarked += abroad
        elif 2 <= ledger.people <= FOLLOWERS + 1 and step.line is not weigh.SAME_LINE:
            late = sum(step.lag >= limit for limit in self.rules.ledger.lag_days)
            self._lags[kind][late] += 1
            self._placed += bool(event.city)
            self._far += step.far

    def figures(self, scanned: Mapping[str, Mapping[int, tuple[int, int]]]) -> list[Figure]:
        """All of them. `scanned`: by product and lot that is sold out, codes scanned and bags shipped."""
        genuine = self.rules.genuine
        out = [_over_lots(f"codes scanned: {gtin}", lots, genuine.scanned.get(gtin)) for gtin, lots in
               sorted(scanned.items())]
        for kind, assumed in (("mobile", genuine.away_mobile), ("fixed", genuine.away_fixed)):
            lots = {lot: (away, placed) for lot, (away, placed) in self._first[kind].items()}
            out.append(_over_lots(f"first scans placed outside the destination: {kind}", lots, assumed))
        out.append(Figure("second phones placed in another province", self._far, self._placed, genuine.far))
        codes = self._followed()
        for n, assumed in enumerate(genuine.followers):
            out.append(Figure(f"codes with phone {n + 1} that had phone {n + 2}", codes[n + 1], codes[n], assumed))
        for kind, shares in (("mobile", genuine.lag_mobile), ("fixed", genuine.lag_fixed)):
            counts = self._lags[kind]
            for name, hits, assumed in zip(_bins(self.rules.ledger.lag_days), counts, shares, strict=True):
                out.append(Figure(f"later phones by lag: {kind}, {name}", hits, sum(counts), assumed))
        out.append(Figure("far openings of forwarded pages that carry a share marker", self._marked,
                          self._marked + self._unmarked, genuine.marked))
        return out

    def _followed(self) -> list[int]:
        """Codes known long enough that had one phone, two, three, four."""
        codes = [0] * (FOLLOWERS + 1)
        for state in self.states.values():
            ledger = unpack(state)
            if ledger.links == 0 and 0 < ledger.first < self._until - WATCHED_DAYS * DAY:
                for n in range(min(ledger.people, FOLLOWERS + 1)):
                    codes[n] += 1
        return codes


def _bins(limits: list[float]) -> Iterable[str]:
    names = [f"{limit * 24:.0f} h" if limit < 1 else f"{limit:.0f} d" for limit in limits]
    return [*(f"under {name}" for name in names), f"{names[-1]} and more"]


def _over_lots(name: str, lots: Mapping[int, tuple[int, int]], assumed: float | None) -> Figure:
    """A share over lots, with what they differ by beyond chance (Pearson's statistic by degree of freedom)."""
    hits, of = sum(hit for hit, _ in lots.values()), sum(all_ for _, all_ in lots.values())
    share = hits / of if of else 0.0
    spread = 1.0
    if len(lots) > 1 and 0 < share < 1:
        excess = sum((hit - all_ * share) ** 2 / (all_ * share * (1 - share)) for hit, all_ in lots.values() if all_)
        spread = max(1.0, excess / (len(lots) - 1))
    return Figure(name, hits, of, assumed, spread)
