"""The shoppers of the demo world: where they live, which network their phone is on, when they look at a bag."""
import random
from bisect import bisect
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from webapp.demo.enterprises import capital_of
from webapp.demo.geoip import ABROAD, DATA_CENTRE, address, networks
from webapp.places import PROVINCE_TABLE, province_of

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
# Scans by the hour in China, from midnight: shopping in the morning, cooking and shopping in the evening.
BY_HOUR = (2, 1, 1, 1, 1, 3, 8, 16, 26, 34, 38, 34, 28, 22, 22, 26, 34, 46, 52, 48, 38, 26, 14, 6)
AGENTS = ("wechat",) * 39 + ("alipay",) * 4 + ("browser",) * 7
CARRIER_NETWORKS = 24  # /24 networks behind which a carrier puts the phones of a city
MOBILE_HERE, MOBILE_CAPITAL, FIXED_HERE = 0.40, 0.92, 0.95  # where an address seems to be, against where the phone is


class Visit(NamedTuple):
    """One look at a code's page, before anything is known about it. `at` µs since the epoch, UTC."""

    at: int
    serial: int
    device: int
    ip: str
    agent: str
    wifi: bool = False
    shared: bool = False
    role: str = "shopper"


class Shopper:
    """A household's phone in a city: its own line at home, a carrier's address elsewhere."""

    def __init__(self, rng: random.Random, city: int, home: int | None = None) -> None:
        self.rng, self.city = rng, city
        self.device = rng.getrandbits(63)
        self.agent = rng.choice(AGENTS)
        self.home = rng.randrange(100, 2048) if home is None else home  # network number within the city
        self.host = rng.randrange(254)

    def relative(self) -> "Shopper":
        """Another phone of the same household."""
        return Shopper(self.rng, self.city, self.home)

    def visit(self, at: int, serial: int, at_home: bool | None = None, shared: bool = False) -> Visit:
        wifi = self.rng.random() < 0.5 if at_home is None else at_home
        return Visit(at, serial, self.device, self._address(wifi), self.agent, wifi, shared)

    def _address(self, wifi: bool) -> str:
        draw = self.rng.random()
        if wifi:
            seems = self.city if draw < FIXED_HERE else other_city(self.rng, self.city)
            return address(seems, self.home, self.host)
        capital = capital_of(province_of(self.city))
        seems = self.city if draw < MOBILE_HERE else capital if draw < MOBILE_CAPITAL else any_city(self.rng)
        return address(seems, self.rng.randrange(CARRIER_NETWORKS), self.rng.randrange(254))


def city_in(rng: random.Random, province: int) -> int:
    """A prefecture of a province; the capital is drawn four times as often as any other."""
    cities = _cities()[province]
    return rng.choice((*cities, *[cities[0]] * 3))


def any_city(rng: random.Random) -> int:
    """A prefecture anywhere, by the provinces' population."""
    ends, provinces = _by_population()
    return city_in(rng, provinces[bisect(ends, rng.random() * ends[-1])])


def other_city(rng: random.Random, city: int) -> int:
    return city_in(rng, province_of(city))


def hour_of_day(rng: random.Random) -> int:
    """µs since midnight in China."""
    ends = _hours()
    return bisect(ends, rng.random() * ends[-1]) * HOUR_US + rng.randrange(HOUR_US)


def robot(rng: random.Random, at: int, serial: int) -> Visit:
    """A browser that runs in a data centre."""
    return Visit(at, serial, rng.getrandbits(63), str(DATA_CENTRE[rng.randrange(65_536)]), "browser")


def traveller(rng: random.Random, at: int, serial: int) -> Visit:
    """A phone with an address abroad: a person, but unlocated."""
    return Visit(at, serial, rng.getrandbits(63), str(ABROAD[rng.randrange(65_536)]), rng.choice(AGENTS))


@cache
def _cities() -> dict[int, tuple[int, ...]]:
    """Prefectures by province, the capital first."""
    found: dict[int, list[int]] = {}
    for city in sorted(networks()):
        found.setdefault(province_of(city), []).append(city)
    return {province: tuple(cities) for province, cities in found.items()}


@cache
def _by_population() -> tuple[list[int], list[int]]:
    return list(accumulate(one.population for one in PROVINCE_TABLE)), [one.adcode for one in PROVINCE_TABLE]


@cache
def _hours() -> list[int]:
    return list(accumulate(BY_HOUR))
