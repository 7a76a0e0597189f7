"""What happened in the demo world: copies, a display bag, a forwarded post, goods that went astray."""
import random
from collections.abc import Iterator
from typing import NamedTuple

from webapp.demo.forgery import forge
from webapp.demo.geoip import address
from webapp.demo.lots import UNRELEASED
from webapp.demo.people import DAY_US, HOUR_US, Shopper, Visit, any_city, hour_of_day
from webapp.demo.scans import Issued
from webapp.geolocate import truncate_ip
from webapp.keys import CodeKeys
from webapp.scanlog.wrong_codes import Summary, Try
from webapp.verify.code import code_of

GUANGZHOU, FOSHAN, CHENGDU, CHANGSHA = 440100, 440600, 510100, 430100
HANGZHOU, NANJING, SUZHOU, HEFEI, NANCHANG = 330100, 320100, 320500, 340100, 360100
WUHAN, ZHENGZHOU, KUNMING, DALI, JINAN, HARBIN = 420100, 410100, 530100, 532900, 370100, 230100


class Story(NamedTuple):
    """`visits` in no order; `about` says in one line what happened, for the announcement."""

    name: str
    about: str
    serial: int
    visits: list[Visit]


def tell_stories(seed: int, issued: list[Issued], now_us: int) -> list[Story]:
    """Every story, by the lots of the plan (oldest first)."""
    rng = random.Random(f"stories/{seed}")
    copied, sample, display, forwarded, astray = (issued[order] for order in (36, 48, 45, 44, 50))
    early, warned, family = issued[UNRELEASED], issued[50], issued[55]
    return [
        Story("clone", "one code on many bags in Guangzhou, Chengdu and around", copied.reserved(1), list(_copies(
            rng, copied.reserved(1), (GUANGZHOU,) * 6 + (CHENGDU,) * 3 + (FOSHAN, CHANGSHA), 55, 24, now_us))),
        Story("suspect", "another copied code, along the lower Yangtze", sample.reserved(1), list(_copies(
            rng, sample.reserved(1), (HANGZHOU, NANJING, SUZHOU, HEFEI, NANCHANG), 30, 18, now_us))),
        Story("caution", "three strangers in two provinces", warned.reserved(1), list(_strangers(
            rng, warned.reserved(1), (HANGZHOU, HANGZHOU, JINAN), now_us))),
        Story("again", "one family, three visits", family.reserved(1), list(_family(rng, family.reserved(1), now_us))),
        Story("display", "a bag on display in one shop in Wuhan", display.reserved(1), list(_display(
            rng, display.reserved(1), WUHAN, now_us))),
        Story("forwarded", "a page forwarded in a chat, opened hundreds of times", forwarded.reserved(1), list(
            _forwarded(rng, forwarded.reserved(1), now_us))),
        Story("diversion", "bags for another province sold in Yunnan", astray.reserved(40), list(_astray(
            rng, astray, (KUNMING, KUNMING, DALI), now_us))),
        Story("prerelease", "bags of a lot that has not left the store, seen in Zhengzhou", early.reserved(40), list(
            _early(rng, early, ZHENGZHOU, now_us))),
    ]


def _copies(rng: random.Random, serial: int, cities: tuple[int, ...], people: int, days: int,
            now_us: int) -> Iterator[Visit]:
    """Buyers of bags that carry the same copied code; strangers to each other."""
    for number in range(people):
        buyer = Shopper(rng, cities[number % len(cities)])
        yield buyer.visit(_on_day(rng, now_us, 1 + number * days // people), serial, at_home=number % 3 != 2)


def _strangers(rng: random.Random, serial: int, cities: tuple[int, ...], now_us: int) -> Iterator[Visit]:
    """Every one on a line of their own, whose addresses are where they are."""
    for number, city in enumerate(cities):
        yield _at(rng, serial, city, 300 + 7 * number, _on_day(rng, now_us, 12 - 3 * number))


def _family(rng: random.Random, serial: int, now_us: int) -> Iterator[Visit]:
    for device, days_ago in ((1, 9), (1, 8), (2, 3)):
        visit = _at(rng, serial, 650100, 400, _on_day(rng, now_us, days_ago))
        yield visit._replace(device=serial << 2 | device, agent="wechat")


def _display(rng: random.Random, serial: int, city: int, now_us: int) -> Iterator[Visit]:
    """Customers of one shop: two thirds on its Wi-Fi, all in one city."""
    for number in range(32):
        days_ago = 1 + number * 26 // 32
        if number % 3:
            yield _at(rng, serial, city, 55, _on_day(rng, now_us, days_ago))
        else:
            yield _at(rng, serial, city, rng.randrange(20), _on_day(rng, now_us, days_ago))._replace(wifi=False)


def _forwarded(rng: random.Random, serial: int, now_us: int) -> Iterator[Visit]:
    """One buyer in Shanghai looks, and sends the page on; openers carry the messenger's marker."""
    posted = _on_day(rng, now_us, 6)
    yield Shopper(rng, 310100).visit(posted, serial, at_home=True)
    for _ in range(420):
        at = posted + HOUR_US // 2 + int(rng.expovariate(1 / (6 * HOUR_US)))
        if at < now_us - HOUR_US:
            yield Shopper(rng, any_city(rng)).visit(at, serial, shared=True)._replace(agent="wechat")


def _astray(rng: random.Random, one: Issued, cities: tuple[int, ...], now_us: int) -> Iterator[Visit]:
    for number in range(36):
        buyer = Shopper(rng, rng.choice(cities))
        yield buyer.visit(_on_day(rng, now_us, 1 + number // 3), one.reserved(40 + number), at_home=True)


def _early(rng: random.Random, one: Issued, city: int, now_us: int) -> Iterator[Visit]:
    """After the lot was packed (the day after it was made), before it was shipped."""
    for number in range(5):
        yield _at(rng, one.reserved(40 + number), city, 500 + number, now_us - HOUR_US - number * 2 * HOUR_US)


def _at(rng: random.Random, serial: int, city: int, network: int, at: int) -> Visit:
    return Visit(at, serial, rng.getrandbits(63), address(city, network, rng.randrange(254)), "wechat", wifi=True)


def _on_day(rng: random.Random, now_us: int, days_ago: int) -> int:
    shift = 8 * HOUR_US
    midnight = (now_us + shift) // DAY_US * DAY_US - shift
    return midnight - days_ago * DAY_US + hour_of_day(rng)


def forged_codes(seed: int, good: int, keys: CodeKeys, now_us: int) -> Iterator[Summary]:
    """Invented codes on bags in Harbin, as the web processes sum them up: every phone at home on its own line."""
    rng = random.Random(f"forged/{seed}")
    for number in range(36):
        at, text = _on_day(rng, now_us, 1 + number // 6), forge(code_of(good - number % 8, keys), keys)
        yield Summary(
            f"{rng.getrandbits(128):032x}", at, HARBIN, truncate_ip(address(HARBIN, 600 + number, 9)),
            rng.randint(1, 3), 1, 0, text, (Try(rng.getrandbits(32), text, False),))
