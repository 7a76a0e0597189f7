"""Wrong codes (伪造码): a tag that does not fit, or a number never issued. One is a misprint, several in one place
are a print run.

A code one character away from one of ours was misread or mistyped and is left out; what remains should hardly happen.
After its alert a print run is watched on: how many texts it still hides is estimated by those seen once (Good-Turing);
more new texts than that, or a new text that is suddenly everywhere, are another run.
"""
from math import log

from webapp.detect import evidence
from webapp.detect.alert import Alert, Kind
from webapp.detect.clusters import Cell
from webapp.detect.event import DAY, Event
from webapp.detect.rules import Rules

MISREAD_KEPT = 4096
TEXTS_KEPT = 500  # of one print run
KNOWN_KEPT = 20_000
SETTLED = -1  # texts of a run beside which another one began: no news anywhere
NAMED = 60  # texts named in an alert


class Run:
    """A print run that has its alert. `texts`: phones counted before a text first came, and phones with it. At every
    doubling of `phones` it is summed up: `then` phones, of whose texts `once` came once; `strange` phones since then
    had a text that was new."""

    __slots__ = ("texts", "phones", "then", "once", "strange")

    def __init__(self, texts: dict[str, int]) -> None:
        self.texts = {text: [0, phones] for text, phones in texts.items()}
        self.phones = sum(texts.values())
        self.strange = 0
        self.sum_up()

    def sum_up(self) -> None:
        self.then, self.strange = self.phones, 0
        self.once = sum(phones == 1 for _, phones in self.texts.values())

    def add(self, text: str) -> None:
        seen = self.texts.get(text)
        if seen is None:
            if len(self.texts) == TEXTS_KEPT:
                del self.texts[next(iter(self.texts))]
            seen = self.texts[text] = [self.phones, 0]
        seen[1] += 1
        self.phones += 1
        self.strange += seen[0] >= self.then

    def hidden(self) -> float:
        """Share of its bags, at most, with a text that nobody had checked when it was summed up (Good-Turing)."""
        return min(1.0, (self.once + 1 + 2 * (self.once + 1) ** 0.5) / (self.then + 2))

    def sudden(self, text: str) -> float:
        """Nats by which `text` fits better if it is on the market only since it first came, than all the time."""
        born, phones = self.texts[text]
        since = self.phones - born
        return _likelihood(phones, since) - _likelihood(phones, self.phones)


def _likelihood(hits: int, of: int) -> float:
    share = hits / of
    return hits * log(share) + ((of - hits) * log(1 - share) if hits < of else 0.0)


class Forged:
    def __init__(self, rules: Rules) -> None:
        self.rules, self.own = rules, rules.forged
        self._cells: dict[int, Cell] = {}
        self._texts: dict[int, dict[str, int]] = {}
        self._runs: dict[int, Run] = {}
        self._persons: dict[int, int] = {}
        self._since: dict[int, int] = {}
        self._known: dict[str, int] = {}  # wrong codes of print runs that have their alert, and its province
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
        province = event.city // 10000
        if event.bad == "malformed" or event.shared or self._known.get(event.text, province) != province:
            return None  # a known run's bag on a journey
        if event.misread and not self._repeated(event):
            return None
        cell = self._cells.get(province)
        if cell is None or event.at > cell.last + self.own.idle_days * DAY:
            cell = self._cells[province] = Cell()
            self._texts[province] = {}
            self._runs.pop(province, None)
            self._since[province] = self._persons.get(province, 0)
        if not cell.source(event, self.rules.clusters.source_hours):
            return None
        run = self._runs.get(province)
        return self._another(run, event, province) if run else self._first(event, cell)

    def _first(self, event: Event, cell: Cell) -> Alert | None:
        """Wrong codes where no print run is known."""
        if event.text in self._known:
            return None
        province, own = event.city // 10000, self.own
        cell.hits += 1
        texts = self._texts[province]
        texts[event.text] = texts.get(event.text, 0) + 1
        expected = own.floor + own.rate * (self._persons.get(province, 0) - self._since[province])
        glr = _glr(cell.hits, expected)
        if cell.hits < own.sources or glr < own.glr or not province:
            return None
        self._runs[province] = Run(texts)
        return self._alert(event, list(texts), cell.hits, expected, glr)

    def _another(self, run: Run, event: Event, province: int) -> Alert | None:
        """One more phone where a run is known: of that run, or of another?"""
        own = self.own
        self._known.setdefault(event.text, province)
        self._bound()
        run.add(event.text)
        born, phones = run.texts[event.text]
        expected = run.hidden() * (run.phones - run.then)
        glr, sudden = _glr(run.strange, expected), run.sudden(event.text)
        if born >= run.then and run.strange >= own.sources and glr >= own.glr:
            return self._beside(run, event, run.then, run.strange, expected, glr)
        if phones >= own.sources and sudden >= own.glr + 2 * log(1 + len(run.texts)):  # any text, any time
            return self._beside(run, event, born, phones, 0.0, sudden)
        if run.phones >= 2 * run.then and run.strange <= max(1.0, expected):
            run.sum_up()
        return None

    def _beside(self, run: Run, event: Event, since: int, phones: int, expected: float, nats: float) -> Alert:
        """Another run, of the texts that are new `since` so many phones; the first one's are settled."""
        new = {text: seen[1] for text, seen in run.texts.items() if seen[0] >= since}
        self._known.update(dict.fromkeys(run.texts, SETTLED))
        self._runs[event.city // 10000] = Run(new)
        return self._alert(event, list(new), phones, expected, nats)

    def _bound(self) -> None:
        while len(self._known) > KNOWN_KEPT:
            del self._known[next(iter(self._known))]

    def _alert(self, event: Event, texts: list[str], phones: int, expected: float, glr: float) -> Alert:
        province = event.city // 10000
        self._known.update(dict.fromkeys(texts, province))
        words = (evidence.cluster(
            f"{phones} 部手机在同一省份查询了不属于本系统的码，误读和已知的伪造码只能解释约 {expected:.1f} 次",
            f"{phones} phones in one province checked codes that are not ours; misreading and known wrong codes "
            f"explain about {expected:.1f}", glr),)
        return Alert(Kind.FORGED, event.at, round(glr, 2), "case", words, area=province * 10000,
                     texts=tuple(texts[-NAMED:]))


def _glr(hits: int, expected: float) -> float:
    return hits * log(hits / expected) - (hits - expected) if hits > expected else 0.0
