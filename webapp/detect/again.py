"""Second users after weeks and months (二次使用): a bag is eaten by then, its code should be silent.

Genuine codes seldom get a second user so late: how seldom is learned, by how late and on what line, as a share of the
codes scanned. A few in one place are codes on the market a second time, or copies. Cells by province and by city;
Poisson CUSUM: each hit adds, quiet days take away. See reuse.py for the alert.
"""
from math import log

from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, Event
from webapp.detect.rules import Rules
from webapp.detect.weigh import FIRST_LINE, NO_LINE, OTHER_LINE

LINES = {NO_LINE: 0, OTHER_LINE: 1, FIRST_LINE: 2}


class Again:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.again
        self.cells: dict[int, Cell] = {}
        self._people: dict[int, float] = {}
        self._all = 0.0
        self._start = 0.0
        self._hits = [0.0] * (len(LINES) * len(rules.again.lag_days))

    def witness(self, event: Event) -> None:
        """One more first scan: where people are."""
        self._start = self._start or event.at
        self._all += 1
        for area in {event.city, event.city // 10000 * 10000}:
            self._people[area] = self._people.get(area, 0.0) + 1

    def learn(self, event: Event, lag_days: float, line: str) -> bool:
        """A second user `lag_days` after the first, on `line`. True when it counts."""
        own = self.own
        late = sum(lag_days >= limit for limit in own.lag_days) - 1
        if late < 0 or not event.city:
            return False
        kind = late * len(LINES) + LINES[line]
        province = event.city // 10000 * 10000
        usual, attack = self._usual(kind, event), own.hits_a_day * own.lag_shares[late] * own.line_shares[LINES[line]]
        busy = False
        for area in (province, event.city) if event.city != province else (province,):
            cell = self.cells.get(area)
            if cell is None:
                cell = self.cells[area] = Cell()
                cell.clock = event.at
            cell.drain(-own.hits_a_day * (event.at - cell.clock) / DAY)
            cell.clock = event.at
            busy = busy or cell.hits >= 3
            if event.serial in cell.codes or not cell.source(event, self.rules.clusters.source_hours):
                continue
            share = (self._people.get(area, 0.0) + 1) / (self._all + own.places)
            cell.hits += 1
            cell.c += min(own.nats_max, log(1 + attack / (usual * share)))
            cell.note(event.serial, self.rules.clusters.codes_kept)
        if not busy:  # reuse must not teach us that it is usual
            self._hits[kind] += 1
        return True

    def _usual(self, kind: int, event: Event) -> float:
        """Such second users a day, everywhere, of genuine codes."""
        own = self.own
        rate = (self._hits[kind] + own.prior_codes * own.prior[kind]) / (self._all + own.prior_codes)
        return rate * (self._all + 1) / max(30.0, (event.at - self._start) / DAY)
