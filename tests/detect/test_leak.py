"""Codes scanned before their lot left: one alert for each province the leak came to, none for bags that travelled."""
from itertools import count

from webapp.detect.event import DAY, WIFI, BagFacts, Event
from webapp.detect.leak import Leak
from webapp.detect.lots import Lot
from webapp.detect.rules import load_rules

SHIPPED = 1_790_000_000.0
BAG = BagFacts(lot=1, destination=51, shipped_at=SHIPPED, quantity=1000)
_numbers = count(1)


def scans(lot: Lot, province: int, days_before: float, many: int) -> list[tuple[str, int]]:
    """First scans of so many codes, a quarter of a day apart; -> (kind, province) of what was raised."""
    leak, told = Leak(load_rules()), []
    for n in range(many):
        number, at = next(_numbers), SHIPPED - days_before * DAY + n * DAY / 4
        event = Event(at, number, number, number, province * 10000 + 100, link=WIFI)
        alert = leak.learn(lot, event, BAG)
        if alert is not None:
            told.append((alert.kind, alert.area // 10000))
    return told


def test_a_leak_is_told_once_a_province() -> None:
    lot = Lot(BAG)
    assert scans(lot, 36, 30, 40) == [("prerelease", 36)]
    assert scans(lot, 50, 18, 20) == [("prerelease", 50)]
    assert scans(lot, 36, 14, 20) == []


def test_bags_of_a_leak_that_travelled_are_no_other_leak() -> None:
    lot = Lot(BAG)
    scans(lot, 36, 30, 80)
    assert scans(lot, 44, 9, 4) == []  # a twentieth of them
    assert scans(lot, 45, 9, 2) == []


def test_at_the_destination_a_late_record_explains_it_unless_it_would_be_very_late() -> None:
    assert scans(Lot(BAG), 51, 15, 40) == [("record_gap", 51)]
    assert scans(Lot(BAG), 51, 29, 10) == [("prerelease", 51)]


def test_what_is_leaked_elsewhere_is_no_late_record() -> None:
    lot = Lot(BAG)
    scans(lot, 36, 30, 20)
    assert scans(lot, 51, 15, 20) == []
