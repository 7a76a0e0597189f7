"""GET /brand: the last 30 days of one's own products at a glance."""
from typing import NamedTuple

from flask import url_for

from webapp.analytics.filters import ScanFilter, Visitor, read_filter, today_in_china
from webapp.analytics.products import ProductChoice, products
from webapp.analytics.scans_by_place import ScansByPlace, scans_by_place
from webapp.analytics.scans_over_time import Day, scans_by_day, scans_by_product
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff

HEIGHT = 120


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    day: Day


class Overview(NamedTuple):
    counts: ScansByPlace
    before: ScansByPlace
    days: list[Day]
    products: list[ProductChoice]
    by_product: dict[str, int]


def brand_overview():
    wanted = read_filter({}, today_in_china())
    mine = scope()
    facts = staff().db.ask(lambda connection: Overview(
        scans_by_place(connection, mine, wanted), scans_by_place(connection, mine, wanted.before()),
        scans_by_day(connection, mine, wanted), products(connection, mine),
        scans_by_product(connection, mine, wanted)))
    ranked = sorted(facts.products, key=lambda product: -facts.by_product.get(product.gtin, 0))
    return render("brand/overview.html", wanted=wanted, counts=facts.counts, before=facts.before, products=ranked,
                  by_product=facts.by_product, most=max(facts.by_product.values(), default=0) or 1,
                  bars=bars(facts.days), height=HEIGHT, visitors=Visitor,
                  map_of=lambda **changes: _map_address(wanted, **changes))


def bars(days: list[Day]) -> list[Bar]:
    """One bar a day in a drawing 600 wide."""
    most = max((day.scans for day in days), default=0) or 1
    step = 600 / len(days)
    return [Bar(round(n * step + 1, 1), round(HEIGHT - day.scans / most * HEIGHT, 1), round(step - 2, 1),
                round(day.scans / most * HEIGHT, 1), day) for n, day in enumerate(days)]


def _map_address(wanted: ScanFilter, **changes: object) -> str:
    return url_for("brand_map", **wanted.address(**changes))
