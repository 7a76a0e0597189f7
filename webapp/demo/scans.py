"""A month of scans: ordinary shoppers, and a handful of stories that somebody should notice or leave alone."""
import random
from collections.abc import Iterator
from typing import NamedTuple

from webapp.demo.geoip import address
from webapp.demo.lots import Lot
from webapp.demo.people import DAY_US, HOUR_US, Shopper, Visit, any_city, city_in, hour_of_day, robot, traveller
from webapp.verify.china_day import microseconds

DAYS = 30
BAGS = 15_000  # bags looked at for the first time in this month
RESERVED = 200  # the last codes of each lot are left to the stories and to the sample pages
QUIET_US = HOUR_US  # nothing in the last hour, so that a fresh visitor is never taken for a reload


class Issued(NamedTuple):
    """A lot and the serials its bags carry, both in."""

    lot: Lot
    first: int
    last: int

    def reserved(self, number: int) -> int:
        """A serial that no ordinary shopper gets; number 0 … RESERVED-1."""
        return self.last - number


def ordinary_scans(seed: int, issued: list[Issued], now_us: int) -> Iterator[Visit]:
    """Shoppers, their families, shopkeepers, staff, robots and travellers, in no order."""
    rng = random.Random(f"scans/{seed}")
    days = [(one, day) for one in issued if one.lot.shipped_at for day in range(DAYS)]
    weights = [_demand(one.lot, now_us - day * DAY_US) for one, day in days]
    used: set[int] = set()
    for one, day in rng.choices(days, weights, k=BAGS):
        serial = rng.randint(one.first, one.last - RESERVED)
        at = _moment(rng, now_us, day)
        assert one.lot.shipped_at is not None
        if serial not in used and microseconds(one.lot.shipped_at) + DAY_US < at < now_us - QUIET_US:
            used.add(serial)
            yield from _bag(rng, one, serial, at, now_us)
    shops = [one for one in issued if one.lot.shipped_at and microseconds(one.lot.shipped_at) < now_us - 20 * DAY_US]
    for _ in range(90):
        yield from _shopkeeper(rng, rng.choice(shops), now_us)
    for _ in range(150):
        one, at = rng.choice(shops), _moment(rng, now_us, rng.randrange(1, DAYS))
        serial = rng.randint(one.first, one.last - RESERVED)
        yield rng.choice((robot, traveller))(rng, at, serial)
        yield _inspector(rng, one, at + HOUR_US // 3)


def _demand(lot: Lot, at: int) -> float:
    """How many bags of a lot are opened on a day: none before the shelf, most after a month, then a long tail."""
    assert lot.shipped_at is not None
    age = (at - microseconds(lot.shipped_at)) / DAY_US - 4
    return lot.quantity * (age / 30 * 2.718 ** (1 - age / 30) + 0.08) if age > 0 else 0.0


def _bag(rng: random.Random, one: Issued, serial: int, at: int, now_us: int) -> Iterator[Visit]:
    """All visits to one bag: in the shop, again at home, later by another phone of the family."""
    buyer = Shopper(rng, city_in(rng, _sold_in(rng, one, serial)))
    yield buyer.visit(at, serial)
    more = [buyer] if rng.random() < 0.25 else []
    while rng.random() < 0.3:
        more.append(buyer.relative() if rng.random() < 0.4 else buyer)
    for who in more:
        at += HOUR_US + int(rng.expovariate(1 / (rng.choice((0.2, 1, 8)) * DAY_US)))
        if at < now_us - QUIET_US:
            yield who.visit(at, serial, at_home=True)


def _sold_in(rng: random.Random, one: Issued, serial: int) -> int:
    """Nearly always the province it was shipped to. Selling elsewhere is legal."""
    if rng.random() < 0.03:
        return any_city(rng) // 10000 * 10000
    half = (serial - one.first) * len(one.lot.destinations) // (one.last - one.first + 1)
    return one.lot.destinations[half]


def _shopkeeper(rng: random.Random, one: Issued, now_us: int) -> Iterator[Visit]:
    """One phone that looks at bag after bag of the same delivery."""
    keeper = Shopper(rng, city_in(rng, one.lot.destinations[0]))
    at = _moment(rng, now_us, rng.randrange(1, DAYS))
    first = rng.randint(one.first, one.last - RESERVED - 20)
    for number in range(rng.randint(4, 14)):
        yield keeper.visit(at + number * 40_000_000, first + number, at_home=True)


def _inspector(rng: random.Random, one: Issued, at: int) -> Visit:
    """The producer's own people, on phones that are registered."""
    device = random.Random(f"staff/{one.lot.producer.company}/{rng.randrange(4)}").getrandbits(63)
    ip = address(one.lot.producer.adcode, 90, rng.randrange(254))
    return Visit(at, rng.randint(one.first, one.last - RESERVED), device, ip, "wechat", True, role="staff")


def _moment(rng: random.Random, now_us: int, days_ago: int) -> int:
    """A time of day in China, some days before the demo's today."""
    shift = 8 * HOUR_US
    midnight = (now_us + shift) // DAY_US * DAY_US - shift
    return midnight - days_ago * DAY_US + hour_of_day(rng)
