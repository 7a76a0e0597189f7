"""Scans by place: counted from roll-ups, inside the scope, to the last scan."""
from datetime import date, timedelta

import pytest

from tests.factories import (
    AT,
    BRAND_A,
    BRAND_B,
    CHENGDU,
    GTIN_A,
    GTIN_B,
    LHASA,
    LOT_A,
    LOT_B,
    NANJING,
    ZIGONG,
    add_registry,
    add_rollup,
)
from webapp.analytics.filters import ScanFilter, Visitor
from webapp.analytics.products import NotYours, lots, products
from webapp.analytics.scans_by_place import scans_by_place
from webapp.analytics.scans_over_time import scans_by_day, scans_by_product
from webapp.auth.permissions import Scope

WEEK = ScanFilter(date(2026, 11, 17), date(2026, 11, 23))
A, B, ALL = Scope(brand=BRAND_A), Scope(brand=BRAND_B), Scope(everything=True)


@pytest.fixture
def counted(database):
    ids = add_registry(database)
    for adcode, first, other in ((CHENGDU, 30, 10), (ZIGONG, 6, 0), (NANJING, 8, 2), (LHASA, 1, 1), (0, 11, 0)):
        add_rollup(database, GTIN_A, adcode, "first", first, batch_id=ids[LOT_A])
        if other:
            add_rollup(database, GTIN_A, adcode, "other", other)
    add_rollup(database, GTIN_A, CHENGDU, "repeat", 9)
    add_rollup(database, GTIN_A, CHENGDU, "machine", 3)
    add_rollup(database, GTIN_B, NANJING, "first", 500, batch_id=ids[LOT_B])
    add_rollup(database, GTIN_A, CHENGDU, "first", 7, hour=AT - timedelta(days=30))
    with database.read.connect() as connection:
        yield connection


def test_located_and_unlocated_make_the_total(counted):
    found = scans_by_place(counted, A, WEEK)
    assert (found.located.scans, found.unlocated, found.total) == (58, 11, 69)
    leaves = [row.scans for row in found.rows() if row.level in ("place", "rest", "elsewhere", "unlocated")]
    assert sum(leaves) == found.total


def test_first_scans_and_other_phones_are_people_and_nobody_else_is(counted):
    found = scans_by_place(counted, A, WEEK)
    assert found.by_visitor == {Visitor.PEOPLE: 69, Visitor.REPEAT: 9, Visitor.SHARED: 0, Visitor.STAFF: 0,
                                Visitor.MACHINE: 3}


def test_small_place_is_only_shown_together_with_another(counted):
    rows = list(scans_by_place(counted, A, WEEK).rows())
    assert LHASA not in {row.adcode for row in rows}
    assert [(row.level, row.places, row.scans) for row in rows if row.level == "elsewhere"] == [("elsewhere", 2, 12)]


def test_other_brands_scans_are_not_counted(counted):
    assert scans_by_place(counted, A, WEEK).total + scans_by_place(counted, B, WEEK).total == \
        scans_by_place(counted, ALL, WEEK).total
    assert scans_by_place(counted, Scope(), WEEK).total == 0


def test_province_sees_what_was_scanned_there(counted):
    assert scans_by_place(counted, Scope(province=510000), WEEK).total == 46


@pytest.mark.parametrize(("gtin", "lot"), [(GTIN_B, None), (GTIN_B, LOT_B), (GTIN_A, LOT_B), ("00000000000000", None)])
def test_product_or_lot_of_another_brand_does_not_exist(counted, gtin, lot):
    with pytest.raises(NotYours):
        scans_by_place(counted, A, ScanFilter(WEEK.first_day, WEEK.last_day, gtin, lot))


def test_lot_below_five_people_shows_neither_places_nor_total(database):
    ids = add_registry(database)
    add_rollup(database, GTIN_A, CHENGDU, "first", 4, batch_id=ids[LOT_A])
    with database.read.connect() as connection:
        found = scans_by_place(connection, A, ScanFilter(WEEK.first_day, WEEK.last_day, GTIN_A, LOT_A))
    assert found.total is None
    assert [(row.level, row.scans) for row in found.rows()] == [("total", None), ("unlocated", 0), ("elsewhere", None)]
    assert found.by_visitor[Visitor.PEOPLE] is None


def test_choices_are_of_ones_own(counted):
    assert [product.gtin for product in products(counted, A)] == [GTIN_A]
    assert lots(counted, A, GTIN_A) == [LOT_A]
    assert lots(counted, A, GTIN_B) == []


def test_days_and_products_add_up_to_the_same(counted):
    days = scans_by_day(counted, A, WEEK)
    assert len(days) == 7
    assert sum(day.scans for day in days) == scans_by_place(counted, A, WEEK).total
    assert scans_by_product(counted, A, WEEK) == {GTIN_A: 69}


def test_scans_after_four_in_the_afternoon_utc_belong_to_the_next_day(database):
    add_registry(database)
    add_rollup(database, GTIN_A, CHENGDU, "first", 5, hour=AT.replace(hour=16))
    with database.read.connect() as connection:
        found = {day.day: day.scans for day in scans_by_day(connection, A, WEEK)}
    assert (found[date(2026, 11, 20)], found[date(2026, 11, 21)]) == (0, 5)
