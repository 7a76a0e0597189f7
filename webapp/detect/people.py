"""Who is behind a request: a witness, or somebody whose scan says nothing about copying. Every drop has its reason."""
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from heapq import heapify, heappop, heappush

import msgspec

from webapp.detect.event import BOT, DAY, DESKTOP, Event
from webapp.detect.rules import PeopleRules

SHELVES = 1 << 16  # of phones: a shelf is kept as one piece, so that a visit writes the piece of a few phones


class Drop(StrEnum):
    """Why a visit gave no evidence (closed list; each has a counter)."""

    BOT = "bot"  # says so in its user agent
    HOSTING = "hosting"  # comes from a data centre
    DESKTOP = "desktop"  # nobody holds a bag before a desktop browser
    ROBOT = "robot"  # dozens of codes a day
    STAFF = "staff"  # registered by the brand
    OPERATOR = "operator"  # a retailer or tester: one phone, many bags
    AGAIN = "again"  # a phone this code knows
    SHARED = "shared"  # opened from a forwarded page
    FLOODED = "flooded"  # more mobile phones than lines: could be one person with many pseudonyms
    CRAWLED = "crawled"  # robots are fetching this lot right now
    EARLY = "early"  # before shipment: goes to the leak detector only
    PENDING = "pending"  # lot data has not arrived


class Phone(msgspec.Struct, array_like=True, gc=False):
    """What is remembered of one phone: the time of its first visit or of our last look through it, the latest visit to
    each lot of a month, and (time, serial) of its visits, of which those of a day count."""

    since: float
    lots: dict[int, float]
    visits: list[tuple[float, int]]


class People:
    """Remembers each phone's codes of a day and lots of a month. Forgets what is older.

    `shelves`: phones by device. `touched`: shelves that changed since whoever keeps the state last cleared this."""

    def __init__(self, rules: PeopleRules) -> None:
        self.rules = rules
        self.drops: Counter[Drop] = Counter()
        self.shelves: list[dict[int, Phone]] = [{} for _ in range(SHELVES)]
        self.touched: set[int] = set()
        self._order: list[tuple[float, int]] = []  # a heap of (since, device)

    def put_back(self, shelves: Mapping[int, dict[int, Phone]]) -> None:
        """What was kept, into a memory just made."""
        for number, phones in shelves.items():
            self.shelves[number] = phones
        self._order = [(phone.since, device) for phones in self.shelves for device, phone in phones.items()]
        heapify(self._order)

    def machine(self, event: Event) -> Drop | None:
        """Why nobody holds a bag here, or None."""
        if event.agent == BOT:
            return Drop.BOT
        if event.hosting:
            return Drop.HOSTING
        return Drop.DESKTOP if event.agent == DESKTOP else None

    def many(self, event: Event, lot: int) -> tuple[Drop | None, tuple[int, ...]]:
        """-> (reason, codes this phone alone may have opened: named once, when it is found out)."""
        at, device = event.at, event.device
        self._forget(at)
        phones = self._shelf(device)
        phone = phones.get(device)
        if phone is None:
            phones[device] = Phone(at, {lot: at}, [(at, event.serial)])
            heappush(self._order, (at, device))
            return None, ()
        lots, visits = phone.lots, phone.visits
        lots[lot] = at
        visits.append((at, event.serial))
        if len(visits) < self.rules.operator_codes_a_day and len(lots) < self.rules.operator_lots_a_month:
            return None, ()
        day = {serial for when, serial in visits if when > at - DAY}
        if len(visits) > self.rules.robot_codes_a_day:
            phone.visits = visits[-self.rules.robot_codes_a_day:]
        if len(day) >= self.rules.robot_codes_a_day:
            return Drop.ROBOT, ()
        if len(day) >= self.rules.operator_codes_a_day or len(lots) >= self.rules.operator_lots_a_month:
            return Drop.OPERATOR, tuple(sorted({serial for _, serial in visits} - {event.serial}))
        return None, ()

    def _shelf(self, device: int) -> dict[int, Phone]:
        number = device % SHELVES
        self.touched.add(number)
        return self.shelves[number]

    def _forget(self, now: float) -> None:
        order, month_ago = self._order, now - 30 * DAY
        while order and order[0][0] < month_ago:
            _, device = heappop(order)
            phones = self._shelf(device)
            phone = phones[device]
            phone.lots = {lot: at for lot, at in phone.lots.items() if at >= month_ago}
            if not phone.lots:
                del phones[device]
                continue
            phone.visits = [x for x in phone.visits if x[0] >= now - DAY]
            phone.since = now
            heappush(order, (now, device))
