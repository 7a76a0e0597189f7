"""First scans of bags that should have been used up long ago: reuse of codes, old lots on the market again.

Bags sold in the usual way are first scanned at the age the hazard says; bags on the market a second time at any age
after their sale. Cells by province and by city, apart for bags inside and outside their destination.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell, Volume, mixture
from webapp.detect.event import DAY, Event
from webapp.detect.hazard import Hazard
from webapp.detect.lots import Lot
from webapp.detect.rules import Rules
from webapp.detect.second import add


class Late:
    def __init__(self, rules: Rules, hazard: Hazard) -> None:
        self.rules, self.own, self.hazard = rules, rules.late, hazard
        self.volume = Volume(rules.clusters, rules.late.margin)
        self.cells: dict[tuple[int, bool], Cell] = {}

    def first(self, lot: Lot, event: Event) -> Alert | None:
        """The first scan of a code of `lot` by a witness."""
        self.volume.tick(event.at)
        return self._learn(lot, event, self._nats(lot, event))

    def second(self, lot: Lot, event: Event, lag_days: float, nats: float) -> Alert | None:
        """A second user of a code, long after the first: the same story told by a code that was scanned before."""
        if lag_days < self.own.second_days:
            return None
        return self._learn(lot, event, nats)

    def _nats(self, lot: Lot, event: Event) -> float:
        own, hazard = self.own, self.hazard
        age = event.at - lot.shipped_at
        key = lot.destination if event.city // 10000 == lot.destination else 0
        mean, sold = hazard.means.get(key), hazard.sold_means.get(key)
        if not mean or not sold:
            return 0.0
        b = hazard.bin(age)
        nats = log(max(1e-9, hazard.sold[b] / sold) * mean / hazard.rate[b])
        if age < own.young_days * DAY:
            nats = min(nats, own.young_nats)
        return min(own.nats_max, max(own.nats_min, nats))

    def _learn(self, lot: Lot, event: Event, nats: float) -> Alert | None:
        home = event.city // 10000 == lot.destination
        province = event.city // 10000 * 10000
        share = self.own.home_share if home else self.own.away_share
        found = None
        for area in (province, event.city) if event.city != province else (province,):
            cell = self.cells.get((area, home))
            if cell is None:
                cell = self.cells[area, home] = Cell()
            # Bags of one late part-shipment come together: each further one of a lot says less.
            x = mixture(nats, share)
            if x > 0:
                x *= self.own.same_lot ** cell.marks_of(lot.id)
            add(cell, x, event, self.rules, lot.id)
            found = found or self._alert(area, home, cell, event)
        return found

    def _alert(self, area: int, home: bool, cell: Cell, event: Event) -> Alert | None:
        own = self.own
        if len(cell.codes) < own.codes or cell.c < self.volume.threshold() or event.at < cell.muted:
            return None
        lot, most = max(cell.by_lot.items(), key=lambda item: (item[1], item[0]))
        several = cell.c - most >= own.strongest_lot
        if home and not several:
            return None  # one lot, at its destination: slow stock
        cell.muted = event.at + self.rules.clusters.mute_days * DAY
        words = (
            evidence.cluster(f"{cell.hits} 个早该用完的码在此地首次被查询，涉及 {len(cell.by_lot)} 个批次",
                             f"{cell.hits} codes whose bags should be used up were checked here for the first time, "
                             f"from {len(cell.by_lot)} lots", cell.c),
        )
        alert = Alert(Kind.REUSE if several else Kind.OLD_BATCH, event.at, round(cell.c, 2), "case", words,
                      lot=0 if several else lot, area=area, serials=tuple(cell.codes))
        return alert
