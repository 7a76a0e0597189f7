"""First scans of bags that should have been used up long ago: reuse of codes (旧码回流), old lots on the market again.

Genuine bags are first scanned at the age the hazard says, in numbers the hazard says; bags on the market a second time
at any age after their sale. Inside the destination the cell compares the flow of first scans with the expected flow of
every lot there (a CUSUM of Poisson counts); outside it, only the ages. Cells by province and by city.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell, Volume, mixture
from webapp.detect.event import DAY, BagFacts, Event
from webapp.detect.hazard import Hazard
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules
from webapp.detect.second import add


class Late:
    def __init__(self, rules: Rules, hazard: Hazard) -> None:
        self.rules, self.own, self.hazard = rules, rules.late, hazard
        self.volume = Volume(rules.clusters, rules.late.margin)
        self.cells: dict[tuple[int, bool], Cell] = {}
        self._home: dict[int, float] = {}  # first scans at their destination, by city and by province

    def first(self, lot: Lot, event: Event, bag: BagFacts) -> Alert | None:
        """The first scan of a code of `lot` by a witness; inside its destination see reuse.py for the alert."""
        self.volume.tick(event.at)
        if event.city // 10000 in bag.home():
            if bag.destination:
                self._at_home(lot, event, bag)
            return None
        nats = mixture(self._age_nats(event, bag), self.own.away_share)
        return self._learn(lot, event, nats, nats, home=False)

    def _at_home(self, lot: Lot, event: Event, bag: BagFacts) -> None:
        own, hazard = self.own, self.hazard
        province = event.city // 10000 * 10000
        for area in {province, event.city}:
            self._home[area] = self._home.get(area, 0.0) + 1
        sold = hazard.sold_means.get(bag.destination)
        age = event.at - bag.shipped_at
        if not sold or age < own.young_days * DAY:
            return
        b = hazard.bin(age)
        bags, quantity = hazard.bags[bag.destination], lot.quantity * dict(lot.parts()).get(bag.destination, 1.0)
        # scans a day of this lot by reuse, and as expected of it
        again = own.reuse_a_day * quantity * hazard.sold[b] / (bags * sold)
        expected = quantity * hazard.rate[b]
        city_share = (self._home[event.city] + 1) / (self._home[province] + 4)
        far = min(own.nats_max, log(1 + again / expected))
        near = min(own.nats_max, log(1 + again / (expected * city_share)))
        due = self._due(lot, b)
        if lot.firsts < due - own.still_to_come_sigmas * due ** 0.5:
            far, near = far * own.still_to_come, near * own.still_to_come
        self._learn(lot, event, far, near, home=True)

    def _due(self, lot: Lot, b: int) -> float:
        """Codes of `lot` that should have been scanned by now: while fewer were, late stock explains a late scan."""
        return lot.quantity * self.hazard.per_bag() * self.hazard.sold[b]

    def _age_nats(self, event: Event, bag: BagFacts) -> float:
        """Evidence of a first scan outside the destination, by the age of its lot alone."""
        own, hazard = self.own, self.hazard
        age = event.at - bag.shipped_at
        mean, sold = hazard.means.get(0), hazard.sold_means.get(0)
        if not mean or not sold:
            return 0.0
        b = hazard.bin(age)
        nats = log(max(1e-9, hazard.sold[b] / sold) * mean / hazard.rate[b])
        if age < own.young_days * DAY:
            nats = min(nats, own.young_nats)
        return min(own.nats_max, max(own.nats_min, nats))

    def _learn(self, lot: Lot, event: Event, in_province: float, in_city: float, home: bool) -> Alert | None:
        province = event.city // 10000 * 10000
        found = None
        for area, nats in ((province, in_province), (event.city, in_city))[: 2 if event.city != province else 1]:
            cell = self.cells.get((area, home))
            if cell is None:
                cell = self.cells[area, home] = Cell()
                cell.clock = event.at
            if home:  # the drain of a Poisson CUSUM: the scans that reuse would have brought by now
                cell.drain(-self.own.reuse_a_day * (event.at - cell.clock) / DAY)
                cell.clock = event.at
            if nats > 0 and home:  # a lot may have stood in a store: it proves no more than that is rare
                nats = min(nats, self.own.lot_max - cell.by_lot.get(lot.id, 0.0))
                if nats <= 0:
                    continue
            elif nats > 0:  # bags of one late part-shipment come together: each further one of a lot says less
                nats *= self.own.same_lot ** cell.lots.get(lot.id, 0)
            add(cell, nats, event, self.rules, lot.id, self.own.named if home else 0.0)
            found = found or (None if home else self._alert(area, cell, event))
        return found

    def _alert(self, area: int, cell: Cell, event: Event) -> Alert | None:
        own = self.own
        if len(cell.codes) < own.codes or cell.c < self.volume.threshold() or event.at < cell.muted:
            return None
        lot, most = max(cell.by_lot.items(), key=lambda item: (item[1], item[0]))
        several = cell.c - most >= own.strongest_lot
        cell.muted = event.at + self.rules.clusters.mute_days * DAY
        words = (
            evidence.cluster(f"{cell.hits} 个早该用完的码在此地首次被查询，涉及 {len(cell.by_lot)} 个批次",
                             f"{cell.hits} codes whose bags should be used up were checked here for the first time, "
                             f"from {len(cell.by_lot)} lots", cell.c),
        )
        return Alert(Kind.REUSE if several else Kind.OLD_BATCH, event.at, round(cell.c, 2), "case", words,
                     lot=0 if several else lot, area=area, serials=tuple(cell.codes))
