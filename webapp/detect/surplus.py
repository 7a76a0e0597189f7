"""More bags of one lot scanned than its size and the scan rate of all lots allow: bags exist that were never made.

Shipping late, standing long in a store or going elsewhere only moves scans; nothing genuine adds to their number.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Volume
from webapp.detect.event import Event
from webapp.detect.hazard import Hazard
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules


class Surplus:
    def __init__(self, rules: Rules, hazard: Hazard) -> None:
        self.rules, self.own, self.hazard = rules, rules.surplus, hazard
        self.volume = Volume(rules.clusters, rules.surplus.margin)
        self.dispersion = rules.surplus.dispersion

    def nats(self, lot: Lot) -> float:
        """Evidence that `lot` has more bags on the market than were made; 0 while it has not."""
        expected = lot.quantity * self.hazard.per_bag()
        if expected <= 0 or lot.firsts <= expected:
            return 0.0
        return (lot.firsts * log(lot.firsts / expected) - (lot.firsts - expected)) / self.dispersion

    def learn(self, lot: Lot, event: Event) -> Alert | None:
        self.volume.tick(event.at)
        nats = self.nats(lot)
        if not nats or nats < self.volume.threshold():
            return None
        expected = lot.quantity * self.hazard.per_bag()
        words = (evidence.cluster(
            f"该批次 {lot.quantity} 袋中已有 {lot.firsts} 袋被查询，按各批次查询率只应有约 {expected:.0f} 袋",
            f"{lot.firsts} of the lot's {lot.quantity} bags have been checked; at the rate of all lots about "
            f"{expected:.0f} would be", nats),)
        return Alert(Kind.MULTIUSE, event.at, round(nats, 2), "case", words, lot=lot.id, serials=tuple(lot.recent))
