"""Codes on the market again where they were sold: late second users and late first scans add up; slow stock not."""
from tests.detect.market import START, Market, alerts_of
from webapp.detect.alert import Kind
from webapp.detect.engine import Engine
from webapp.detect.event import DAY
from webapp.detect.rules import load_rules


def sold_again(market: Market, province: int, codes: int, day: float) -> None:
    """Codes of many lots of one province, sold long ago, on bags in its capital."""
    r = market.random
    old = [serial for serial, facts in market.bags.items()
           if facts.destination == province and facts.shipped_at < START + (day - 80) * DAY]
    for serial in r.sample(old, min(codes, len(old))):
        market.attack.add(serial)
        age = r.lognormvariate(3.2, 0.5)
        if r.random() < market.scan_rate:
            market.household(market.bags[serial].shipped_at + age * DAY, serial, market.city(province))
        if r.random() < market.scan_rate:
            market.household(START + (day + r.uniform(0, 35)) * DAY, serial, province * 10000 + 100)


def test_codes_sold_again_where_they_were_sold_are_found_by_their_late_second_users_and_first_scans() -> None:
    found = 0
    for seed in (1, 2, 3, 4):
        market = Market(seed, lots=60)
        sold_again(market, 44, 500, 110)
        market.genuine()
        alerts = [alert for alert in alerts_of(market.play()) if alert.kind == Kind.REUSE]
        found += any(alert.area // 10000 == 44 and set(alert.serials) & market.attack for alert in alerts)
    assert found >= 3


def test_one_lot_that_waited_in_a_store_is_no_reuse() -> None:
    raised = 0
    for seed in range(1, 7):
        market = Market(seed, lots=60)
        market.attack.update(range(5000, 5080))  # sold late and only once
        market.genuine()
        facts = market.bags[5000]
        for n in range(80):  # a part of the lot, months late, in one city
            if market.random.random() < 0.5:
                market.household(START + (100 + market.random.uniform(0, 30)) * DAY, 5000 + n,
                                 facts.destination * 10000 + 100)
        engine = Engine(load_rules(), {})
        raised += any(alert.kind == Kind.REUSE for alert in alerts_of(market.play(engine)))
        said = [cell.by_lot.get(5, 0.0) for (_, home), cell in engine.late.cells.items() if home]
        assert max(said) <= load_rules().late.lot_max + 1e-9  # however many bags waited
    assert raised <= 1
