"""Promises of the engine: order within a minute, replays, sabotage, and what a shopper must never hear."""
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detect.market import START, Market, alerts_of
from webapp.detect.alert import Kind
from webapp.detect.engine import Engine
from webapp.detect.event import DAY, MOBILE, WIFI, BagFacts, Event
from webapp.detect.in_order import TooLate, in_order
from webapp.detect.people import Drop
from webapp.detect.rules import load_rules


def attacked(seed: int = 1) -> Market:
    market = Market(seed, lots=20, days=110)
    market.clone(5005, 500, market.city(33), START + 30 * DAY, 20)
    market.moved(8, 120, 2, market.city(market.elsewhere(8)), START + 40 * DAY)
    market.genuine()
    return market


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1 << 30))
def test_order_of_arrival_within_a_minute_does_not_change_the_outcome(seed: int) -> None:
    market = attacked()
    market.events.sort(key=lambda event: (event.at, event.serial, event.device))
    r = Random(seed)
    arrived = sorted(market.events, key=lambda event: event.at + r.uniform(0, 59))
    outcomes = []
    for stream in (market.events, arrived):
        engine = Engine(load_rules(), {})
        learned = [engine.learn(event, market.bags[event.serial])
                   for event, _ in in_order((event, None) for event in stream)]
        outcomes.append(([one.alerts for one in learned], [one.opinion for one in learned], engine.states))
    assert outcomes[0] == outcomes[1]


def test_visits_of_one_instant_come_in_one_order_whichever_arrived_first() -> None:
    twins = [(Event(5.0, serial, device, 1, 0), None) for serial in (1, 2) for device in (1, 2)]
    assert list(in_order(twins)) == list(in_order(reversed(twins))) == twins


def test_scans_at_home_take_away_what_scans_elsewhere_added() -> None:
    engine = Engine(load_rules(), {})
    bag = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
    for n, city in enumerate((440100, *[510100] * 60, 440100)):
        engine.learn(Event(START + 20 * DAY + n * 3600, n, 100 + n, 500 + 97 * n, city, link=WIFI), bag)
    cell = engine.lots[1].away[44]
    assert (cell.hits, cell.sources) == (1, 1)  # emptied in between, and begun again


def test_a_visit_more_than_a_minute_late_is_refused_by_its_tag() -> None:
    events = [(Event(at, 1, 1, 1, 0), n) for n, at in enumerate((0.0, 100.0, 200.0, 20.0))]
    with pytest.raises(TooLate) as refused:
        list(in_order(events))
    assert refused.value.tag == 3


def test_replaying_a_stream_gives_the_same_outcome_to_the_byte() -> None:
    first, second = Engine(load_rules(), {}), Engine(load_rules(), {})
    one, two = attacked().play(first), attacked().play(second)
    assert [learned for _, learned in one] == [learned for _, learned in two]
    assert first.states == second.states


def test_diversion_never_reaches_a_shopper() -> None:
    market = Market(3)
    market.moved(10, 300, 1, market.city(market.elsewhere(10)), START + 45 * DAY)
    market.genuine()
    played = market.play()
    assert Kind.DIVERSION in {alert.kind for alert in alerts_of(played)}
    warned = [event for event, learned in played
              if event.serial in market.attack and learned.opinion.word not in ("first", "again")]
    assert len(warned) <= 1


def test_scans_without_a_place_raise_no_alert_about_places() -> None:
    market = Market(4)
    market.moved(10, 300, 1, market.city(market.elsewhere(10)), START + 45 * DAY)
    market.genuine()
    market.events = [Event(e.at, e.serial, e.device, e.network, 0, link=e.link, wechat=e.wechat)
                     for e in market.events]
    assert alerts_of(market.play()) == []


FLOODS = {
    "one address, a new pseudonym each time": lambda r, n: {"network": 77, "link": WIFI},
    "a hundred addresses of one network": lambda r, n: {"network": 77, "link": WIFI, "wechat": bool(n % 2)},
    "one carrier's mobile data": lambda r, n: {"network": r.choice((900, 901, 902)), "link": MOBILE},
    "a data centre": lambda r, n: {"network": r.getrandbits(32), "link": WIFI, "hosting": True},
    "robots that say so": lambda r, n: {"network": r.getrandbits(32), "link": WIFI, "agent": 2},
}


@pytest.mark.parametrize("way", FLOODS)
def test_a_photographed_code_scanned_ten_thousand_times_turns_no_bag_red(way: str) -> None:
    r = Random(way)
    engine = Engine(load_rules(), {})
    bag = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
    owner = Event(START + 20 * DAY, 7, 1, 500, 510100, link=WIFI, wechat=True)
    engine.learn(owner, bag)
    for n in range(10_000):
        flood = {"city": 510100} | FLOODS[way](r, n)
        engine.learn(Event(START + 25 * DAY + n * 60, 7, r.getrandbits(60), **flood), bag)
    later = START + 40 * DAY
    relative = engine.learn(Event(later, 7, 2, 501, 510100, link=WIFI, wechat=True), bag)
    assert relative.opinion.word != "suspect"
    assert engine.learn(Event(later, 7, 1, 500, 510100, link=WIFI), bag).opinion.word in ("again", "caution")
    sibling = engine.learn(Event(later, 8, 3, 502, 510100, link=WIFI), bag)
    assert sibling.opinion.word == "first"
    assert not relative.alerts


@pytest.mark.parametrize(("more", "drop"), [
    ({"agent": 2}, Drop.BOT), ({"hosting": True}, Drop.HOSTING), ({"agent": 1}, Drop.DESKTOP),
    ({"staff": True}, Drop.STAFF),
])
def test_who_is_no_witness_is_dropped_with_a_reason_and_counted(more: dict, drop: Drop) -> None:
    engine = Engine(load_rules(), {})
    bag = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
    learned = engine.learn(Event(START + DAY, 7, 1, 2, 510100, **more), bag)
    assert learned.drop == drop
    assert engine.people.drops[drop] == 1


def test_a_retailers_phone_gives_no_evidence_and_what_it_alone_opened_is_forgotten() -> None:
    engine = Engine(load_rules(), {})
    bag = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
    for serial in range(1, 8):
        learned = engine.learn(Event(START + DAY + serial * 20, serial, 1, 2, 510100), bag)
    assert learned.drop == Drop.OPERATOR
    assert not {1, 2, 3, 4} & engine.states.keys()
    assert engine.learn(Event(START + 2 * DAY, 1, 99, 3, 510100), bag).opinion.word == "first"


def test_a_forwarded_page_is_said_to_be_one() -> None:
    engine = Engine(load_rules(), {})
    bag = BagFacts(lot=1, destination=51, shipped_at=START, quantity=1000)
    engine.learn(Event(START + DAY, 7, 1, 2, 510100), bag)
    opened = engine.learn(Event(START + 2 * DAY, 7, 5, 6, 510100, shared=True), bag)
    assert (opened.opinion.word, opened.drop) == ("shared_link", Drop.SHARED)


def test_every_alert_lists_evidence_in_both_languages() -> None:
    for alert in alerts_of(attacked().play()):
        assert alert.evidence
        assert all(one.zh and one.en for one in alert.evidence)
