"""The detectors at work: one visit in, the code's new state, a verdict and perhaps an alert out. O(1) a visit.

The live worker and the back-test call the same `Engine.learn`; the page calls `opinion` on the packed state.
"""
from collections.abc import MutableMapping
from math import inf
from typing import NamedTuple

import msgspec

from webapp.detect import evidence, weigh
from webapp.detect.again import Again
from webapp.detect.alert import Alert, Evidence, Kind
from webapp.detect.away import Away
from webapp.detect.boxes import ALONE, Siblings, note, siblings
from webapp.detect.event import DAY, BagFacts, Event
from webapp.detect.forged import Forged
from webapp.detect.hazard import Hazard
from webapp.detect.late import Late
from webapp.detect.leak import Leak
from webapp.detect.ledger import ALERTED, EARLY, SEEN, Ledger, unpack
from webapp.detect.lots import Lot
from webapp.detect.networks import Networks
from webapp.detect.opinion import Open, Opinion, speak
from webapp.detect.people import Drop, People
from webapp.detect.reuse import reuse
from webapp.detect.rules import Rules
from webapp.detect.second import Second
from webapp.detect.surplus import Surplus

YEAR = 365 * DAY
MARKED_USUALLY = 0.02  # marked openings a witness, from which share markers are believed to work


class Learned(NamedTuple):
    """`state`: the code's packed ledger after the visit (b"" where nothing is kept of it)."""

    state: bytes
    alerts: list[Alert]
    opinion: Opinion
    drop: Drop | None


class Engine:
    """`states` maps a serial to its packed ledger: a dict, or anything that behaves like one."""

    def __init__(self, rules: Rules, states: MutableMapping[int, bytes]) -> None:
        self.rules, self.states = rules, states
        self.people, self.networks = People(rules.people), Networks(rules.networks)
        self.lots: dict[int, Lot] = {}
        self.touched: set[int] = set()  # lots that changed since whoever keeps the state last cleared this
        self.hazard = Hazard(rules.late.hazard_prior)
        self.away, self.second = Away(rules), Second(rules)
        self.late, self.surplus = Late(rules, self.hazard), Surplus(rules, self.hazard)
        self.again = Again(rules)
        self.leak, self.forged = Leak(rules), Forged(rules)
        self.open = Open()
        self._silent: dict[tuple[str, int, int], float] = {}
        self._marked, self._witnesses = 20.0, 500.0
        self._off = frozenset(rules.trial.off)

    def learn(self, event: Event, bag: BagFacts) -> Learned:
        """Judge one visit. The caller guarantees that each visit is learned once, by its scan id."""
        if event.bad or not bag.issued:
            return self._wrong(event)
        state = self.states.get(event.serial, b"")
        lot = self._lot(bag, event)
        reason = self.people.machine(event)
        if reason is not None:
            if lot:
                lot.robot(event.at, self.rules.people)
            return self._dropped(reason, state, event, bag, keep_day=True)
        if event.staff:
            return self._dropped(Drop.STAFF, state, event, bag)
        reason, alone = self.people.many(event, bag.lot)
        if reason is not None:
            self._reset(alone)
            return self._dropped(reason, state, event, bag)
        return self._visit(event, bag, lot, unpack(state))

    def _visit(self, event: Event, bag: BagFacts, lot: Lot | None, ledger: Ledger) -> Learned:
        rules = self.rules
        if self._crawled(event, lot, ledger):
            self.people.drops[Drop.CRAWLED] += 1
            return Learned(b"", [], speak(ledger, weigh.CRAWLED, event, bag, self.open, rules), Drop.CRAWLED)
        crowded = self.networks.carrier(event)
        step = weigh.fold(ledger, event, crowded, self.networks.line(event), self.open.trust, rules.ledger)
        drop = DROP.get(step.kind)
        alerts: list[Alert] = []
        if step.kind == weigh.WITNESS:
            self._witnesses += 1
            self.networks.learn(event)
            self.forged.witness(event.city // 10000)
            drop = Drop.PENDING
            if lot:
                box = siblings(lot, bag.box, event.city // 10000) if bag.box else ALONE
                drop = self._clusters(event, bag, lot, ledger, step, box, alerts)
                if box.place and not bag.home():  # nobody knows where it was sent, but its box is there
                    bag = msgspec.structs.replace(bag, destination=box.place)
            self._clone(event, bag, ledger, alerts)
            if ledger.people == rules.ledger.storm_people and not ledger.flags & ALERTED:
                alerts.append(_storm(event, bag, evidence.everywhere(ledger)))
        elif step.kind == weigh.SHARED:
            self._marked += 1
            if ledger.links == rules.ledger.storm_links:
                alerts.append(_storm(event, bag, evidence.opened(ledger)))
        if drop:
            self.people.drops[drop] += 1
        opinion = speak(ledger, step.kind, event, bag, self.open, rules)
        state = self.states[event.serial] = ledger.pack()
        return Learned(state, alerts, opinion, drop)

    def _clusters(self, event: Event, bag: BagFacts, lot: Lot, ledger: Ledger, step: weigh.Step, box: Siblings,
                  alerts: list[Alert]) -> Drop | None:
        if self.leak.early(bag, event):
            if not ledger.flags & EARLY:
                ledger.flags |= EARLY
                if "leak" not in self._off:
                    self._raise(self.leak.learn(lot, event, bag), alerts)
            return Drop.EARLY
        province = event.city // 10000
        if not ledger.flags & SEEN:
            ledger.flags |= SEEN
            lot.firsts += 1
            lot.recent.append(event.serial)
            del lot.recent[:-60]
            lot.sent[bag.destination] = lot.sent.get(bag.destination, 0) + 1
            if bag.shipped_at:
                self.hazard.first(event.at - bag.shipped_at)
            if "away" not in self._off:
                self._raise(self.away.learn(lot, event, bag, False, True, box), alerts)
            note(lot, bag.box, province)
            self._upgrade(lot, event)
            if province and bag.shipped_at:
                if "late" not in self._off:
                    self._raise(self.late.first(lot, event, bag), alerts)
                self.again.witness(event)
                if "again" not in self._off:
                    self._raise(reuse(self.late, self.again, event, self.rules), alerts)
        elif 2 <= ledger.people <= 4 and not ledger.flags & EARLY and lot.id not in self.open.leaks:
            self.second.learn(lot, event, step, ledger.links > 0)
            if step.far and not ledger.links and "away" not in self._off:
                self._raise(self.away.learn(lot, event, bag, True, False, box), alerts)
                self._upgrade(lot, event)
            stranger = step.line != weigh.SAME_LINE and not (step.far and ledger.links)
            if "again" not in self._off and stranger and self.again.learn(event, step.lag, step.line):
                self._raise(reuse(self.late, self.again, event, self.rules), alerts)
        else:
            return None
        surplus = self.surplus.nats(lot)
        if "second" not in self._off and self.second.over(lot.second, surplus, event.at):
            lot.second.muted = event.at + self.rules.clusters.mute_days * DAY
            if lot.id not in self.open.leaks:
                self.open.copies.add((lot.id, 0))
            self._raise(self._copies(lot, event, surplus), alerts)
        return None

    def _upgrade(self, lot: Lot, event: Event) -> None:
        """What began as diversion may turn out to be copies or an old lot: then shoppers there are told to look."""
        province = event.city // 10000
        cell = lot.away.get(province)
        if cell is None or (lot.id, province) not in self.open.diversions:
            return
        if self.away.copied(cell):
            self.open.copies.add((lot.id, province))
        elif self.away.old(cell):
            self.open.old.add((lot.id, province))

    def _copies(self, lot: Lot, event: Event, surplus: float) -> Alert:
        cell = lot.second
        words = [evidence.cluster(
            f"该批次 {len(cell.codes)} 个码被互不相关的人先后查询，间隔和线路不像同一户人家",
            f"{len(cell.codes)} codes of this lot were checked by a second, unrelated person, too late and on other "
            "lines than a household's", cell.c)]
        if surplus:
            words.append(self.surplus.words(lot))
        return Alert(Kind.MULTIUSE, event.at, round(cell.c + surplus, 2), "case", tuple(words), lot=lot.id,
                     serials=tuple(cell.codes or lot.recent))

    def _clone(self, event: Event, bag: BagFacts, ledger: Ledger, alerts: list[Alert]) -> None:
        own = self.rules.ledger
        if ledger.flags & ALERTED or "clone" in self._off or not weigh.independent(ledger, own):
            return
        open_there = (bag.lot, weigh.main_city(ledger) // 100) in self.open.diversions
        score = weigh.score(ledger, bag.destination, open_there, own, self.open.far_chance)
        if score < own.alert:
            return
        ledger.flags |= ALERTED
        if (bag.lot, 0) in self.open.copies or (ledger.flags & EARLY and bag.lot in self.open.leaks):
            return
        x = weigh.explanations(ledger, bag.destination, open_there, own, self.open.far_chance)
        words = tuple(evidence.against(name, x[name]) for name in sorted(x, key=x.__getitem__))
        alerts.append(Alert(Kind.CLONE, event.at, round(score, 2), "case", (*words, evidence.witnesses(ledger)),
                            serial=event.serial, lot=bag.lot))

    def _raise(self, alert: Alert | None, alerts: list[Alert]) -> None:
        """Hand on an alert unless it belongs to one that is open, and remember what it opens."""
        if alert is None:
            return
        lot, province, opened = alert.lot, alert.area // 10000, self.open
        until = alert.at + self.rules.clusters.mute_days * DAY
        if alert.kind == Kind.RECORD_GAP:
            opened.gaps.add(lot)
        elif lot:
            # A lot's codes in another province are another matter; what is said of the whole lot is not news there.
            subjects = [("lot", lot, province)] if province else [("lot", lot, 0)]
            if alert.kind == Kind.OLD_BATCH:  # many old lots in one place are one matter
                subjects.append(("area", 0, province))
            if any(self._silent.get(one, 0.0) > alert.at for one in subjects):
                return
            if alert.kind == Kind.PRERELEASE:  # what comes of leaked codes, there and in the whole lot, is that leak
                until = alert.at + YEAR
            self._silent["lot", lot, province] = self._silent["lot", lot, 0] = until
        elif alert.kind != Kind.FORGED:
            if self._silent.get(("area", 0, province), 0.0) > alert.at:
                return
            self._silent["area", 0, province] = until
        self._open(alert, lot, province)
        alerts.append(alert)

    def _open(self, alert: Alert, lot: int, province: int) -> None:
        opened = self.open
        if alert.kind == Kind.MULTIUSE:
            opened.copies.add((lot, province))
        elif alert.kind == Kind.DIVERSION:
            opened.diversions.add((lot, province))
        elif alert.kind == Kind.OLD_BATCH:
            opened.old.add((lot, province))
        elif alert.kind == Kind.REUSE:
            opened.places.add(province)
        elif alert.kind == Kind.PRERELEASE:
            opened.leaks.add(lot)

    def _lot(self, bag: BagFacts, event: Event) -> Lot | None:
        if not bag.lot:
            return None
        lot = self.lots.get(bag.lot)
        if lot is None:
            lot = self.lots[bag.lot] = Lot(bag)
        elif not 0 < lot.shipped_at < inf or lot.quantity != bag.quantity:
            lot.correct(bag)
        self.touched.add(bag.lot)
        if self.hazard.advance(event.at, self.lots.values()):
            self.surplus.daily(event.at, self.lots.values())
            self.open.far_chance = self.away.far_chance()
            self.open.trust = min(1.0, self._marked / self._witnesses / MARKED_USUALLY)
        return lot

    def _crawled(self, event: Event, lot: Lot | None, ledger: Ledger) -> bool:
        own = self.rules.people
        if event.point or event.shared or lot is None:
            return False
        day = int(event.at // DAY) & 0xFFFF
        fetched = ledger.bot_day and (day - ledger.bot_day) & 0xFFFF <= own.crawl_memory_days
        if not fetched and lot.crawling(event.at, own) <= own.crawl_guard:
            return False
        main = weigh.main_city(ledger)
        if main:
            return event.city // 10000 != main // 100
        return True

    def _reset(self, serials: tuple[int, ...]) -> None:
        """Codes that only one operator's phone opened start afresh."""
        for serial in serials:
            state = self.states.get(serial)
            if state and unpack(state).people <= 1:
                del self.states[serial]

    def _dropped(self, reason: Drop, state: bytes, event: Event, bag: BagFacts, keep_day: bool = False) -> Learned:
        self.people.drops[reason] += 1
        ledger = unpack(state)
        if keep_day:
            ledger.bot_day = int(event.at // DAY) & 0xFFFF
            state = self.states[event.serial] = ledger.pack()
        return Learned(state, [], speak(ledger, None, event, bag, self.open, self.rules), reason)

    def _wrong(self, event: Event) -> Learned:
        alerts: list[Alert] = []
        if self.people.machine(event) is None and not event.staff and "forged" not in self._off:
            self._raise(self.forged.learn(event), alerts)
        word = "malformed" if event.bad == "malformed" else "unknown"
        return Learned(b"", alerts, Opinion(word, ("wrong_code",), 0.0), None)


DROP = {weigh.AGAIN: Drop.AGAIN, weigh.SHARED: Drop.SHARED, weigh.FLOODED: Drop.FLOODED}


def _storm(event: Event, bag: BagFacts, words: Evidence) -> Alert:
    """A notice to operations: half the country looks at one code."""
    return Alert(Kind.SHARE_STORM, event.at, 0.0, "info", (words,), serial=event.serial, lot=bag.lot)
