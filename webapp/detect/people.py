"""Who is behind a request: a witness, or somebody whose scan says nothing about copying. Every drop has its reason."""
from collections import Counter, deque
from enum import StrEnum

from webapp.detect.event import BOT, DAY, DESKTOP, Event
from webapp.detect.rules import PeopleRules


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


class People:
    """Remembers each phone's codes of a day and lots of a month. Forgets what is older."""

    def __init__(self, rules: PeopleRules) -> None:
        self.rules = rules
        self.drops: Counter[Drop] = Counter()
        self._codes: dict[int, list[tuple[float, int]]] = {}
        self._lots: dict[int, dict[int, float]] = {}
        self._order: deque[tuple[float, int]] = deque()

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
        lots = self._lots.get(device)
        if lots is None:
            self._lots[device] = {lot: at}
            self._codes[device] = [(at, event.serial)]
            self._order.append((at, device))
            return None, ()
        lots[lot] = at
        codes = self._codes[device]
        codes.append((at, event.serial))
        if len(codes) < self.rules.operator_codes_a_day and len(lots) < self.rules.operator_lots_a_month:
            return None, ()
        day = {serial for when, serial in codes if when > at - DAY}
        if len(codes) > self.rules.robot_codes_a_day:
            self._codes[device] = codes[-self.rules.robot_codes_a_day:]
        if len(day) >= self.rules.robot_codes_a_day:
            return Drop.ROBOT, ()
        if len(day) >= self.rules.operator_codes_a_day or len(lots) >= self.rules.operator_lots_a_month:
            return Drop.OPERATOR, tuple(sorted({serial for _, serial in codes} - {event.serial}))
        return None, ()

    def _forget(self, now: float) -> None:
        order = self._order
        while order and order[0][0] < now - 30 * DAY:
            _, device = order.popleft()
            lots = self._lots.get(device)
            if lots is None:
                continue
            latest = max(lots.values())
            if latest < now - 30 * DAY:
                del self._lots[device], self._codes[device]
            else:
                self._lots[device] = {lot: at for lot, at in lots.items() if at >= now - 30 * DAY}
                self._codes[device] = [x for x in self._codes[device] if x[0] >= now - DAY]
                order.append((now, device))
