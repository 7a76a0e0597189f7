"""One code in all the country at once: a viral post, a flood through proxies, or copies sold in many cities."""
from random import Random

import pytest

from tests.detect.market import START
from webapp.detect.alert import Alert, Kind
from webapp.detect.engine import Engine
from webapp.detect.event import DAY, MOBILE, WIFI, BagFacts, Event
from webapp.detect.rules import load_rules
from webapp.places import PLACES

BAG = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
CITIES = [adcode for adcode in PLACES if adcode % 100 == 0 and adcode % 10000]


def witness(r: Random, at: float, city: int, fixed: float = 0.6) -> Event:
    wifi = r.random() < fixed
    network = r.getrandbits(31) if wifi else 5 + r.randrange(50)
    return Event(at, 7, r.getrandbits(60), network, city, link=WIFI if wifi else MOBILE, wechat=r.random() < 0.85)


def play(engine: Engine, visits: list[Event]) -> list[Alert]:
    return [alert for event in sorted(visits, key=lambda one: one.at) for alert in engine.learn(event, BAG).alerts]


@pytest.mark.parametrize("cities", [6, 12, 24])
def test_copies_sold_in_many_cities_are_found(cities: int) -> None:
    for seed in range(3):
        r = Random(seed)
        sold = r.sample(CITIES, cities)
        visits = [witness(r, START + (20 + r.uniform(0, 60)) * DAY, r.choice(sold)) for _ in range(300)]
        assert Kind.CLONE in {alert.kind for alert in play(Engine(load_rules(), {}), visits)}


def test_a_flood_from_everywhere_is_told_to_operations_and_its_owner_sees_no_red() -> None:
    red = 0
    for seed in range(4):
        r = Random(seed)
        engine = Engine(load_rules(), {})
        engine.learn(Event(START + 20 * DAY, 7, 1, 500, 510100, link=WIFI, wechat=True), BAG)
        flood = [witness(r, START + (25 + r.uniform(0, 8)) * DAY, r.choice(CITIES), 1.0) for _ in range(400)]
        alerts = play(engine, flood)
        assert [alert.kind for alert in alerts if alert.severity == "info"] == [Kind.SHARE_STORM]
        relative = Event(START + 35 * DAY, 7, 2, 501, 510100, link=WIFI, wechat=True)
        red += engine.learn(relative, BAG).opinion.word == "suspect"
    assert red <= 1


def test_a_leak_of_its_lot_does_not_hide_a_code_on_many_bags() -> None:
    engine = Engine(load_rules(), {})
    engine.open.leaks.add(BAG.lot)
    r = Random(1)
    visits = [witness(r, START + (20 + r.uniform(0, 40)) * DAY, r.choice((510100, 510300))) for _ in range(100)]
    assert Kind.CLONE in {alert.kind for alert in play(engine, visits)}


def test_a_page_that_went_viral_is_no_copy_when_shoppers_see_its_bag_weeks_later() -> None:
    engine = Engine(load_rules(), {})
    r = Random(2)
    storm = []
    for _ in range(900):
        event = witness(r, START + (20 + r.expovariate(1.2)) * DAY, r.choice(CITIES))
        storm.append(Event(event.at, 7, event.device, event.network, event.city, link=event.link, wechat=True,
                           shared=r.random() < 0.65))
    later = [witness(r, START + (40 + n) * DAY, 510100) for n in range(12)]
    assert not [alert for alert in play(engine, storm + later) if alert.severity == "case"]


def test_what_is_crowded_grows_with_the_volume_of_scans() -> None:
    engine = Engine(load_rules(), {})
    r = Random(3)
    serial = 100
    for n in range(6000):  # fixed lines with six bags each: a busy market
        serial += 1
        engine.networks.learn(Event(START + n * 60, serial, r.getrandbits(60), 1000 + n % 1000, 510100, link=WIFI))
    ours = Event(START + 6001 * 60, 1, 1, 40_000, 510100)
    for n in range(10):
        engine.networks.learn(Event(START + 6000 * 60 + n, serial + n, n, 40_000, 510100))
    assert not engine.networks.carrier(ours)
    for n in range(20):
        engine.networks.learn(Event(START + 6000 * 60 + n, serial + n, n, 40_000, 510100))
    assert engine.networks.carrier(ours)
