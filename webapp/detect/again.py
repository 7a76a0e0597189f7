"""Second users after months (二次使用): a bag is eaten by then, its code should be silent.

Genuine codes hardly ever get a second user so late; how rarely is learned. A few in one place are codes on the market a
second time, or copies. Cells by province and by city; Poisson CUSUM: each hit adds, quiet days take away.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, Event
from webapp.detect.rules import Rules


class Again:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.again
        self.cells: dict[int, Cell] = {}
        self._people: dict[int, float] = {}
        self._all = 0.0
        self._start = 0.0
        self._hits = rules.again.prior_hits

    def witness(self, event: Event) -> None:
        """One more first scan: where people are."""
        self._start = self._start or event.at
        self._all += 1
        for area in {event.city, event.city // 10000 * 10000}:
            self._people[area] = self._people.get(area, 0.0) + 1

    def learn(self, event: Event, lag_days: float) -> Alert | None:
        """A second user `lag_days` after the first."""
        own = self.own
        if lag_days < own.lag_days or not event.city:
            return None
        self._hits += 1
        days = max(own.prior_days, (event.at - self._start) / DAY)
        found = None
        province = event.city // 10000 * 10000
        for area in (province, event.city) if event.city != province else (province,):
            cell = self.cells.get(area)
            if cell is None:
                cell = self.cells[area] = Cell()
                cell.clock = event.at
            cell.drain(-own.hits_a_day * (event.at - cell.clock) / DAY)
            cell.clock = event.at
            if event.serial in cell.codes or not cell.source(event, self.rules.clusters.source_hours):
                continue
            share = (self._people.get(area, 0.0) + 1) / (self._all + own.places)
            usual = self._hits / days * share
            cell.hits += 1
            cell.c += log(1 + own.hits_a_day / usual)
            cell.note(event.serial, self.rules.clusters.codes_kept)
            found = found or self._alert(area, cell, event)
        return found

    def _alert(self, area: int, cell: Cell, event: Event) -> Alert | None:
        own = self.own
        if len(cell.codes) < own.codes or cell.c < own.threshold or event.at < cell.muted:
            return None
        cell.muted = event.at + self.rules.clusters.mute_days * DAY
        words = (evidence.cluster(
            f"{len(cell.codes)} 个码在首次查询 {own.lag_days:.0f} 天以后又被陌生人在同一地区查询",
            f"{len(cell.codes)} codes were checked by a stranger more than {own.lag_days:.0f} days after their first "
            "check, in one area", cell.c),)
        return Alert(Kind.REUSE, event.at, round(cell.c, 2), "case", words, area=area,
                     serials=tuple(cell.codes))
