"""A small market with known truth, for tests of the engine: genuine households and one kind of attack at a time.

Eight provinces with three cities each (the first is the capital, where half of the mobile data seems to come from).
"""
from dataclasses import dataclass, field
from random import Random

from webapp.detect.alert import Alert
from webapp.detect.engine import Engine, Learned
from webapp.detect.event import DAY, MOBILE, UNSTATED, WIFI, BagFacts, Event
from webapp.detect.rules import load_rules

START = 1_735_689_600.0  # 2025-01-01 UTC
PROVINCES = (11, 32, 33, 37, 41, 43, 44, 51)
BAGS = 400


@dataclass
class Market:
    """`attack` holds the serials of copied or misdirected codes, by which the test tells right alerts from false."""

    seed: int
    lots: int = 40
    days: int = 150
    scan_rate: float = 0.12
    random: Random = field(init=False)
    events: list[Event] = field(default_factory=list)
    bags: dict[int, BagFacts] = field(default_factory=dict)
    attack: set[int] = field(default_factory=set)
    lines: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        for lot in range(1, self.lots + 1):
            shipped = START + (lot - 1) * 2.2 * DAY
            facts = BagFacts(lot=lot, destination=self.random.choice(PROVINCES), shipped_at=shipped, quantity=BAGS)
            for n in range(BAGS):
                self.bags[lot * 1000 + n] = facts

    def city(self, province: int) -> int:
        return province * 10000 + 100 * self.random.choice((1, 1, 2, 3))

    def wifi(self, city: int) -> int:
        """A line of its own, as a hash of its /24."""
        self.lines += 1
        return self.random.getrandbits(40) | 1 << 41

    def visit(self, at: float, serial: int, city: int, device: int, line: int, **more: object) -> None:
        r = self.random
        wechat = r.random() < 0.8
        if line:
            network, link = line, WIFI if wechat else UNSTATED
        else:
            city = city if r.random() < 0.4 else city // 10000 * 10000 + 100
            network, link = city * 10 + r.randrange(3), MOBILE if wechat else UNSTATED
        given = {"network": network, "city": city, "link": link, "wechat": wechat} | more
        if START - 40 * DAY <= at < START + self.days * DAY:
            self.events.append(Event(at, serial, device, **given))  # type: ignore[arg-type]

    def household(self, at: float, serial: int, city: int, **more: object) -> None:
        """One bag at home: its buyer looks once or twice, sometimes another phone of the family."""
        r = self.random
        buyer, home = r.getrandbits(60), self.wifi(city)
        self.visit(at, serial, city, buyer, home if r.random() < 0.6 else 0, **more)
        while r.random() < 0.3:
            phone = buyer if r.random() < 0.6 else r.getrandbits(60)
            self.visit(at + r.expovariate(1 / (2 * DAY)), serial, city, phone, home if r.random() < 0.7 else 0, **more)

    def genuine(self) -> None:
        """Bags are sold two to eight weeks after shipment, three in a hundred in another province."""
        r = self.random
        for serial, facts in self.bags.items():
            if r.random() < self.scan_rate and serial not in self.attack:
                province = r.choice(PROVINCES) if r.random() < 0.03 else facts.destination
                age = r.lognormvariate(3.2, 0.5)
                self.household(facts.shipped_at + age * DAY, serial, self.city(province))

    def elsewhere(self, lot: int) -> int:
        return next(p for p in PROVINCES if p != self.bags[lot * 1000].destination)

    def clone(self, serial: int, bags: int, city: int, start: float, days: float) -> None:
        """`bags` bags with one code, sold in one city."""
        self.attack.add(serial)
        for _ in range(bags):
            if self.random.random() < self.scan_rate:
                self.household(start + self.random.uniform(0, days) * DAY, serial, city)

    def moved(self, lot: int, codes: int, copies: int, city: int, start: float) -> None:
        """`codes` codes of a lot on bags in another place, `copies` of each."""
        serials = [lot * 1000 + n for n in range(codes)]
        self.attack.update(serials)
        for serial in serials * copies:
            if self.random.random() < self.scan_rate:
                self.household(start + self.random.uniform(0, 30) * DAY, serial, city)

    def play(self, engine: Engine | None = None) -> list[tuple[Event, Learned]]:
        engine = engine or Engine(load_rules(), {})
        self.events.sort(key=lambda event: (event.at, event.serial, event.device))
        nothing = BagFacts(issued=False)
        return [(event, engine.learn(event, self.bags.get(event.serial, nothing))) for event in self.events]


def alerts_of(played: list[tuple[Event, Learned]]) -> list[Alert]:
    """Alerts worth a case."""
    return [alert for _, learned in played for alert in learned.alerts if alert.severity == "case"]
