"""Bags of one box travel together: what siblings say of a bag, of a lot, and that unknown boxes change nothing."""
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detect.market import START, Market, alerts_of
from webapp.detect.alert import Alert, Kind
from webapp.detect.boxes import BOXES_KEPT, SIBLINGS_KEPT, Siblings, note, siblings
from webapp.detect.engine import Engine
from webapp.detect.event import DAY, WIFI, BagFacts, Event
from webapp.detect.lots import Lot
from webapp.detect.rules import load_rules

HOME, AWAY = 51, 44
BAGS_A_BOX = 20


def bag(**more: object) -> BagFacts:
    known = {"lot": 1, "destination": HOME, "shipped_at": START, "quantity": 1000}
    return BagFacts(**known | more)  # type: ignore[arg-type]


def visit(n: int, province: int, day: float) -> Event:
    """A stranger on a line of their own checks bag `n`."""
    return Event(START + day * DAY, n, 1000 + n, 97 * n + 5, province * 10000 + 100, link=WIFI, wechat=True)


def kinds(alerts: list[Alert]) -> list[Kind]:
    return [alert.kind for alert in alerts if alert.severity == "case"]


def play(visits: list[tuple[Event, BagFacts]]) -> tuple[Engine, list[Alert]]:
    engine = Engine(load_rules(), {})
    return engine, [alert for event, facts in visits for alert in engine.learn(event, facts).alerts]


def test_siblings_say_where_the_box_is_once_two_of_them_agree() -> None:
    lot = Lot(bag())
    assert siblings(lot, 7, AWAY) == Siblings()
    note(lot, 7, HOME)
    assert siblings(lot, 7, AWAY) == Siblings(0, 1, 0)
    note(lot, 7, HOME)
    seen = siblings(lot, 7, AWAY)
    assert seen == Siblings(0, 2, HOME)
    assert seen.apart
    assert not seen.together
    assert siblings(lot, 7, HOME).together
    assert siblings(lot, 8, HOME) == Siblings()


def test_a_box_of_no_number_and_a_visit_without_a_place_leave_nothing_behind() -> None:
    lot = Lot(bag())
    note(lot, 0, HOME)
    note(lot, 7, 0)
    assert lot.boxes == {}


def test_a_lot_remembers_no_more_boxes_and_siblings_than_it_may() -> None:
    lot = Lot(bag())
    for box in range(1, 3 * BOXES_KEPT):
        note(lot, box, HOME)
    for _ in range(50):
        note(lot, 9, HOME)
    assert len(lot.boxes) == BOXES_KEPT
    assert len(lot.boxes[9]) == SIBLINGS_KEPT


def test_a_box_in_another_province_is_one_diversion_and_found_sooner_than_as_many_single_bags() -> None:
    quiet = [(visit(n, HOME, 20 + n / 10), bag(box=n)) for n in range(1, 60)]
    moved = [visit(100 + n, AWAY, 27 + n) for n in range(BAGS_A_BOX)]
    _, boxed = play(quiet + [(event, bag(box=77)) for event in moved])
    _, single = play(quiet + [(event, bag()) for event in moved])
    assert kinds(boxed) == kinds(single) == [Kind.DIVERSION]
    assert boxed[0].at <= single[0].at
    assert boxed[0].score > single[0].score
    assert "whole boxes" in " ".join(one.en for one in boxed[0].evidence)


def test_bags_elsewhere_whose_siblings_are_in_the_shop_are_copies_and_not_diverted_goods() -> None:
    shop = [(visit(20 * box + n, HOME, 20 + box / 5 + n / 50), bag(box=box)) for box in range(1, 12) for n in range(3)]
    strays = [(visit(20 * box + 9, AWAY, 27 + box), bag(box=box)) for box in range(1, 12)]
    _, alerts = play(shop + strays)
    assert kinds(alerts) == [Kind.MULTIUSE]
    assert "elsewhere" in " ".join(one.en for one in alerts[0].evidence)


def test_where_the_destination_is_unknown_the_siblings_place_takes_its_part() -> None:
    shop = [(visit(20 * box + n, HOME, 20 + box / 5 + n / 50), bag(box=box, destination=0))
            for box in range(1, 12) for n in range(3)]
    strays = [(visit(20 * box + 9, AWAY, 27 + box), bag(box=box, destination=0)) for box in range(1, 12)]
    assert kinds(play(shop + strays)[1]) == [Kind.MULTIUSE]
    assert kinds(play([(event, msgspec.structs.replace(facts, box=0)) for event, facts in shop + strays])[1]) == []


def test_a_lot_sent_to_several_provinces_is_away_only_where_none_of_it_was_sent() -> None:
    facts = bag(destination=0, places=(43, HOME))
    sold = [(visit(n, (43, HOME)[n % 2], 20 + n / 10), facts) for n in range(1, 80)]
    assert kinds(play(sold)[1]) == []
    moved = [(visit(100 + n, AWAY, 29 + n), facts) for n in range(12)]
    assert kinds(play(sold + moved)[1]) == [Kind.DIVERSION]


def test_pallets_of_one_lot_sent_to_different_provinces_are_each_at_home_there() -> None:
    sold = [(visit(n, (43, HOME)[n % 2], 20 + n / 10), bag(destination=(43, HOME)[n % 2])) for n in range(1, 200)]
    engine, alerts = play(sold)
    assert kinds(alerts) == []
    assert dict(engine.lots[1].parts())[43] == pytest.approx(0.5, abs=0.01)


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 1 << 30))
def test_boxes_sold_where_they_were_sent_raise_nothing(seed: int) -> None:
    market = Market(seed, lots=20, days=110)
    market.genuine()
    market.bags = {serial: msgspec.structs.replace(facts, box=serial // BAGS_A_BOX)
                   for serial, facts in market.bags.items()}
    assert len(alerts_of(market.play())) <= 1


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 1 << 30))
def test_boxes_of_one_bag_each_say_what_unknown_boxes_say(seed: int) -> None:
    outcomes = []
    for box in (0, 1):
        market = Market(seed, lots=15, days=90)
        market.moved(8, 120, 2, market.city(market.elsewhere(8)), START + 40 * DAY)
        market.genuine()
        market.bags = {serial: msgspec.structs.replace(facts, box=box * serial)
                       for serial, facts in market.bags.items()}
        outcomes.append([learned for _, learned in market.play()])
    assert outcomes[0] == outcomes[1]
