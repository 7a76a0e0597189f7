"""A short benchmark with known truth: what must be found, how soon, and what must stay silent.

The figures of docs/detection.md come from larger simulations; these limits only notice when something breaks.
"""
from statistics import median

import pytest

from tests.detect.market import BAGS, START, Market, alerts_of
from webapp.detect.alert import Alert, Kind
from webapp.detect.event import DAY, WIFI
from webapp.places import PLACES

SEEDS = (1, 2, 3)


def about(alert: Alert, market: Market) -> bool:
    """The alert names codes that are really copied or misdirected."""
    named = {alert.serial} if alert.serial else set(alert.serials)
    return bool(named & market.attack)


def scans_until(market: Market, alerts: list[Alert]) -> int:
    first = min(alert.at for alert in alerts if about(alert, market))
    return sum(event.serial in market.attack and event.at <= first for event in market.events)


def test_an_honest_market_raises_next_to_no_alert_and_warns_next_to_nobody() -> None:
    false, warned, scans = 0, 0, 0
    for seed in SEEDS:
        market = Market(seed)
        market.genuine()
        played = market.play()
        false += len(alerts_of(played))
        warned += sum(learned.opinion.word in ("suspect", "caution") for _, learned in played)
        scans += len(played)
    assert false <= 1
    assert warned <= 0.001 * scans


def test_one_code_on_many_bags_of_one_city_is_found_within_thirty_scans() -> None:
    needed = []
    for seed in SEEDS:
        market = Market(seed)
        serial = 9005
        market.clone(serial, 900, market.city(market.bags[serial].destination), START + 40 * DAY, 45)
        market.genuine()
        alerts = alerts_of(market.play())
        assert any(alert.kind == Kind.CLONE and alert.serial == serial for alert in alerts)
        needed.append(scans_until(market, alerts))
    assert median(needed) <= 30


@pytest.mark.parametrize(("copies", "kinds"), [
    (1, {Kind.DIVERSION}), (3, {Kind.DIVERSION, Kind.MULTIUSE}),
])
def test_bags_of_a_lot_in_another_province_are_found_within_ten_scans(copies: int, kinds: set[Kind]) -> None:
    needed = []
    for seed in SEEDS:
        market = Market(seed)
        market.moved(10, 200, copies, market.city(market.elsewhere(10)), START + 45 * DAY)
        market.genuine()
        alerts = [alert for alert in alerts_of(market.play()) if about(alert, market)]
        assert alerts[0].kind in kinds
        assert alerts[0].lot == 10
        needed.append(scans_until(market, alerts))
    assert median(needed) <= 10


def test_codes_scanned_before_their_lot_left_are_found_and_the_shopper_is_told() -> None:
    market = Market(1)
    market.moved(35, 150, 1, market.city(market.elsewhere(35)), market.bags[35_000].shipped_at - 35 * DAY)
    market.genuine()
    played = market.play()
    assert {alert.kind for alert in alerts_of(played) if alert.lot == 35} == {Kind.PRERELEASE}
    early = [learned.opinion.word for event, learned in played
             if event.serial in market.attack and event.at < market.bags[35_000].shipped_at - DAY]
    assert early.count("unreleased") > 0.8 * len(early)


def test_wrong_codes_in_one_province_are_found_and_a_misread_code_is_not() -> None:
    market = Market(1)
    market.genuine()
    for n in range(60):
        city = market.city(44)
        market.visit(START + (60 + n / 2) * DAY, 0, city, n + 1, market.wifi(city), bad="forged", text=f"F{n % 5}")
        away = market.city(51)
        market.visit(START + (60 + n / 2) * DAY, 0, away, n + 999, market.wifi(away), bad="forged", text=f"M{n}",
                     misread=True)
    alerts = [alert for alert in alerts_of(market.play()) if alert.kind == Kind.FORGED]
    assert [PLACES[alert.area].name_zh for alert in alerts] == ["广东省"]
    assert alerts[0].at < START + 62 * DAY


def test_a_forwarded_page_and_a_crawler_raise_nothing() -> None:
    market = Market(2)
    market.genuine()
    r = market.random
    for _ in range(600):  # a post that everybody opens; two in three openings still carry the mark
        city = market.city(r.choice((11, 32, 33, 37, 41, 43, 44, 51)))
        market.visit(START + (50 + r.expovariate(1.2)) * DAY, 12_007, city, r.getrandbits(60), market.wifi(city),
                     shared=r.random() < 0.65, wechat=True, link=WIFI)
    for n in range(900):
        market.visit(START + (70 + n / 900) * DAY, 14_000 + n % BAGS, 110100, r.getrandbits(60), 77, hosting=True)
    assert alerts_of(market.play()) == []
