"""The demo's producers and lots: enough of them, with numbers that every check accepts."""
from datetime import UTC, date, datetime

import pytest
from stdnum import ean
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from webapp.demo import lots as plan
from webapp.demo.enterprises import PRODUCERS, capital_of, product_rows, site_rows
from webapp.demo.identifiers import sscc
from webapp.demo.lots import plan_lots
from webapp.demo.uploads import as_csv, packing_rows, quality_rows, shipment_rows
from webapp.places import PLACES, province_of
from webapp.verify.gtin import read_gtin

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lots():
    return plan_lots(1, NOW)


def test_sites_carry_true_check_digits_at_true_places():
    for producer in PRODUCERS:
        for row in site_rows(producer):
            assert ean.is_valid(row["gln"])
            assert row["gln"].startswith("952")  # GS1's prefix for demonstrations
            assert row["adcode"] in PLACES
        head = site_rows(producer)[0]
        assert uscc.is_valid(head["uscc"])
        assert mod_11_10.is_valid(head["sc_licence"].removeprefix("SC"))
        assert head["sc_licence"][5:11] == head["uscc"][2:8] == str(producer.county)
        assert province_of(producer.county) == PLACES[producer.adcode].province


def test_every_number_is_given_once():
    rows = [row for producer in PRODUCERS for row in site_rows(producer) + product_rows(producer)]
    numbers = [row.get("gtin") or row["gln"] for row in rows]
    assert len(numbers) == len(set(numbers))


def test_products_are_of_every_kind():
    rows = [row for producer in PRODUCERS for row in product_rows(producer)]
    assert len(rows) >= 12
    assert all(read_gtin(row["gtin"]) == row["gtin"] for row in rows)
    assert {row["salt_source"] for row in rows} == {"sea", "lake", "well"}
    assert {row["iodised"] for row in rows} == {"yes", "no"}
    assert sum("低钠" in row["name_zh"] for row in rows) >= 2


def test_sscc_has_its_check_digit():
    assert len(sscc(1, 7)) == 18
    assert ean.calc_check_digit(sscc(1, 7)[:-1]) == sscc(1, 7)[-1]


def test_sixty_lots_a_million_codes_eighteen_months(lots):
    assert len({(lot.gtin, lot.number) for lot in lots}) == 60
    assert sum(lot.quantity for lot in lots) + plan.WAITING_CODES == 1_000_000
    assert (NOW.date() - lots[0].produced_on).days == 540
    assert all(len(lot.number) <= 20 for lot in lots)
    assert [lot.produced_on for lot in lots] == sorted(lot.produced_on for lot in lots)


def test_goods_reach_twenty_provinces_and_more(lots):
    assert len({province for lot in lots for province in lot.destinations}) >= 20


def test_days_are_in_order_and_none_lies_ahead(lots):
    for lot in lots:
        if lot.shipped_at is None:
            assert lot.order == plan.UNRELEASED
            continue
        assert datetime.combine(lot.produced_on, datetime.min.time(), UTC) < lot.shipped_at < lot.received_at
        assert lot.shipped_at < NOW


def test_one_lot_is_expired_and_the_others_are_good(lots):
    past = [lot.order for lot in lots if lot.best_before and lot.best_before < NOW.date()]
    assert past == [plan.EXPIRED]


def test_same_seed_same_lots(lots):
    assert plan_lots(1, NOW) == lots
    assert plan_lots(2, NOW) != lots


def test_months_are_added_as_calendars_do(lots):
    lot = lots[plan.EXPIRED]._replace(produced_on=date(2025, 12, 31))
    assert lot.best_before == date(2026, 12, 28)


def test_every_lot_has_results_and_one_has_a_wrong_one(lots):
    rows = quality_rows(lots, 1)
    assert {row["lot"] for row in rows} == {lot.number for lot in lots}
    iodine = {row["lot"]: row["value"] for row in rows if row["item"] == "iodine"}
    wrong = [lot.order for lot in lots
             if not (14 <= iodine[lot.number] <= 39 if lot.item.iodine else iodine[lot.number] < 5)]
    assert wrong == [plan.FAILED]


def test_a_boxed_lot_lies_in_boxes_on_pallets_and_leaves_by_pallet(lots):
    lot = lots[plan.BOXED[0]]
    rows = packing_rows(lot, lambda number: f"code {number}")
    boxes = [row for row in rows if row["level"] == "box"]
    assert [(row["child_first"], row["child_last"]) for row in boxes[:2]] == [
        ("code 0", "code 19"), ("code 20", "code 39")]
    assert boxes[-1]["child_last"] == f"code {lot.quantity - 1}"
    pallets = [row for row in rows if row["level"] == "pallet"]
    assert pallets[-1]["child_last"] == boxes[-1]["parent"]
    assert [row["unit"] for row in shipment_rows(lot)] == [row["parent"] for row in pallets]
    assert len({row["destination_adcode"] for row in shipment_rows(lot)}) == 2


def test_a_file_has_one_header_for_rows_of_different_columns():
    assert as_csv([{"a": 1}, {"b": "x,y"}]).decode() == 'a,b\r\n1,\r\n,"x,y"\r\n'


@pytest.mark.parametrize(("province", "city"), [(510000, 510100), (500000, 500100), (460000, 460100), (810000, 810000)])
def test_capitals(province, city):
    assert capital_of(province) == city
