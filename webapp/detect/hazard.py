"""How often bags are first scanned, by the age of their lot in days since shipment: learned as scans come in."""
from collections.abc import Iterable
from itertools import accumulate

from webapp.detect.event import DAY
from webapp.detect.lots import Lot

BIN_DAYS = 10.0
PRIOR_BAGS = 10_000.0  # the prior curve counts like so many bags watched over all ages


class Hazard:
    """First scans per bag in each 10-day bin of age; the last bin is open-ended."""

    def __init__(self, prior: list[float]) -> None:
        self._prior = prior
        self.bins = len(prior)
        self._firsts = [0.0] * self.bins
        self._bag_days = [0.0] * self.bins
        self._today = -1
        self.rate = list(prior)  # relative until the first day is over
        self.sold = list(accumulate(prior))
        self._per_bag = BIN_DAYS * sum(prior)
        self.means: dict[int, float] = {}
        self.sold_means: dict[int, float] = {}
        self.bags: dict[int, float] = {}

    def bin(self, age: float) -> int:
        return min(self.bins - 1, max(0, int(age / (BIN_DAYS * DAY))))

    def first(self, age: float) -> None:
        self._firsts[self.bin(age)] += 1

    def advance(self, at: float, lots: Iterable[Lot]) -> bool:
        """Once a day: bags at risk by age, and what a bag's scan rate is today by destination (0: all)."""
        today = int(at // DAY)
        if today <= self._today:
            return False
        passed = today - self._today if self._today >= 0 else 1
        self._today = today
        self._scale()
        rate, sold = self.rate, self.sold
        means: dict[int, float] = {}
        sold_means: dict[int, float] = {}
        bags: dict[int, float] = {}
        for lot in lots:
            age = at - lot.shipped_at
            if not lot.shipped_at or age < 0:
                continue
            b = self.bin(age)
            self._bag_days[b] += lot.quantity * passed
            for key, share in ((0, 1.0), *(part for part in lot.parts() if part[0])):
                quantity = lot.quantity * share
                means[key] = means.get(key, 0.0) + quantity * rate[b]
                sold_means[key] = sold_means.get(key, 0.0) + quantity * sold[b]
                bags[key] = bags.get(key, 0.0) + quantity
        self.means = {key: total / bags[key] for key, total in means.items() if bags[key]}
        self.sold_means = {key: total / bags[key] for key, total in sold_means.items() if bags[key]}
        self.bags = bags
        return True

    def _scale(self) -> None:
        expected = sum(p * d for p, d in zip(self._prior, self._bag_days, strict=True))
        scale = sum(self._firsts) / expected if expected else 1.0
        for b, prior in enumerate(self._prior):
            weight = PRIOR_BAGS * BIN_DAYS
            self.rate[b] = (self._firsts[b] + weight * prior * scale) / (self._bag_days[b] + weight)
        self._per_bag = BIN_DAYS * sum(self.rate)
        total = sum(self.rate[:-1]) or 1.0
        self.sold = [x / total for x in accumulate(self.rate[:-1])] + [1.0]

    def per_bag(self) -> float:
        """First scans one bag gets over its life, as far as lots have lived."""
        return self._per_bag
