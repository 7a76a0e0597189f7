"""More bags of one lot scanned than its size and the scan rate of all lots allow: bags exist that were never made.

Shipping late, standing long in a store or going elsewhere only moves scans; nothing genuine adds to their number.
"""
from collections.abc import Iterable
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Evidence
from webapp.detect.event import DAY
from webapp.detect.hazard import Hazard
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules

MATURE_DAYS = 90
TRIMMED = 0.1  # the fullest lots do not teach us how much lots differ: they may be the copied ones


class Surplus:
    """`dispersion`: how much more lots differ than chance alone would have it; learned from lots that are sold out."""

    def __init__(self, rules: Rules, hazard: Hazard) -> None:
        self.own, self.hazard = rules.surplus, hazard
        self.dispersion = rules.surplus.dispersion

    def daily(self, at: float, lots: Iterable[Lot]) -> None:
        """Once a day: measure the dispersion."""
        per_bag = self.hazard.per_bag()
        excess = sorted((lot.firsts - lot.quantity * per_bag) / (lot.quantity * per_bag) ** 0.5 for lot in lots
                        if lot.quantity and lot.shipped_at and lot.shipped_at < at - MATURE_DAYS * DAY)
        kept = excess[: round(len(excess) * (1 - TRIMMED))]
        if len(kept) >= self.own.lots:
            self.dispersion = max(self.own.dispersion, sum(x * x for x in kept) / len(kept))

    def nats(self, lot: Lot) -> float:
        """Evidence that `lot` has more bags on the market than were made; 0 while it has not."""
        expected = lot.quantity * self.hazard.per_bag()
        if expected <= 0 or lot.firsts <= expected:
            return 0.0
        return (lot.firsts * log(lot.firsts / expected) - (lot.firsts - expected)) / self.dispersion

    def words(self, lot: Lot) -> Evidence:
        expected = lot.quantity * self.hazard.per_bag()
        return evidence.cluster(
            f"该批次 {lot.quantity} 袋中已有 {lot.firsts} 袋被查询，按各批次查询率只应有约 {expected:.0f} 袋",
            f"{lot.firsts} of the lot's {lot.quantity} bags have been checked; at the rate of all lots about "
            f"{expected:.0f} would be", self.nats(lot))
