"""Wrong codes (伪造码): a tag that does not fit, or a number never issued. One is a misprint, several in one place
are a print run.

A code one character away from one of ours was misread or mistyped and is left out; what remains should hardly happen.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, Event
from webapp.detect.rules import Rules

MISREAD_KEPT = 4096


class Forged:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.forged
        self._cells: dict[int, Cell] = {}
        self._texts: dict[int, list[str]] = {}
        self._persons: dict[int, int] = {}
        self._since: dict[int, int] = {}
        self._known: set[str] = set()  # wrong codes of print runs that have their alert
        self._misread: dict[str, int] = {}

    def witness(self, province: int) -> None:
        """One more person in `province`: the chance of wrong codes grows with them."""
        self._persons[province] = self._persons.get(province, 0) + 1

    def _repeated(self, event: Event) -> bool:
        """Another phone read the very same wrong code: it is printed so."""
        first = self._misread.setdefault(event.text, event.device)
        if len(self._misread) > MISREAD_KEPT:
            del self._misread[next(iter(self._misread))]
        return first != event.device

    def learn(self, event: Event) -> Alert | None:
        if event.bad == "malformed" or event.shared or event.text in self._known:
            return None
        if event.misread and not self._repeated(event):
            return None
        province = event.city // 10000
        cell = self._cells.get(province)
        persons = self._persons.get(province, 0)
        if cell is None or event.at > cell.last + self.own.idle_days * DAY:
            muted = cell.muted if cell else 0.0
            cell = self._cells[province] = Cell()
            cell.muted = muted
            self._texts[province] = []
            self._since[province] = persons
        if not cell.source(event, self.rules.clusters.source_hours):
            return None
        cell.hits += 1
        texts = self._texts[province]
        if event.text not in texts:
            texts.append(event.text)
            del texts[:-60]
        expected = self.own.floor + self.own.rate * (persons - self._since[province])
        glr = cell.hits * log(cell.hits / expected) - (cell.hits - expected) if cell.hits > expected else 0.0
        if cell.hits < self.own.sources or glr < self.own.glr or event.at < cell.muted or not province:
            return None
        cell.muted = event.at + self.own.mute_days * DAY
        self._known.update(texts)
        words = (evidence.cluster(
            f"{cell.hits} 部手机在同一省份查询了不属于本系统的码，只有约 {expected:.1f} 次可用误读解释",
            f"{cell.hits} phones in one province checked codes that are not ours; misreading explains about "
            f"{expected:.1f}", glr),)
        return Alert(Kind.FORGED, event.at, round(glr, 2), "case", words, area=province * 10000, texts=tuple(texts))
