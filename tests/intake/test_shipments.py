from datetime import UTC, datetime

import pytest

from tests.intake.office import GLN, GTIN, STRANGER, STRANGERS_GTIN, WHOLESALER, Office, box, pallet, refusals, run_of
from webapp.models import Batch, Shipment


def test_a_lot_is_shipped(office: Office) -> None:
    assert office.hand_in("shipments", {"unit": f"{GTIN[1:]}/L1", "destination_adcode": "440305"}).status == "accepted"
    shipment = office.one(Shipment)
    assert (shipment["unit"], shipment["batch_id"]) == (f"{GTIN}/L1", office.one(Batch, gtin=GTIN)["id"])
    assert shipment["shipped_at"] == datetime(2026, 10, 5, 0, 0, tzinfo=UTC)
    assert shipment["destination_adcode"] == 440300  # a county is kept as its prefecture
    assert office.one(Batch, gtin=GTIN)["revision"] == 2


@pytest.mark.parametrize(("column", "value", "code"), [
    ("shipment_no", "", "required"), ("unit", f"{GTIN}/L9", "unknown_unit"), ("unit", "BOX-9", "unknown_unit"),
    ("unit", "00690123450000000", "unknown_unit"), ("unit", "006901234500000001", "sscc"),
    ("unit", "06901234500012/L1", "gtin"), ("unit", f"{GTIN}/", "lot"),
    ("unit", f"{STRANGERS_GTIN}/L1", "other_enterprise"), ("from_gln", STRANGER, "other_enterprise"),
    ("from_gln", WHOLESALER, "unknown_site"), ("to_gln", WHOLESALER[:-1] + "3", "gln"),
    ("destination_adcode", "999999", "unknown_adcode"), ("destination_adcode", "440399", "unknown_adcode"),
    ("shipped_at", "2026-09-30T23:59:00+08:00", "date_order"), ("shipped_at", "2026-11-20T04:11:00Z", "future"),
    ("shipped_at", "yesterday", "time"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    before = quick_office.count()
    assert refusals(quick_office.hand_in("shipments", {column: value})) == [(2, column, code)]
    assert quick_office.count() == before


@pytest.mark.parametrize(("written", "meant"), [
    ("2026-10-05T08:00:00Z", 8), ("2026-10-05T08:00:00+08:00", 0), ("2026-10-05T08:00:00", 0), ("2026-10-05 08:00", 0),
    ("2026/10/5 8:00", 0),
])
def test_a_time_without_an_offset_is_chinas(office: Office, written: str, meant: int) -> None:
    office.hand_in("shipments", {"shipped_at": written})
    assert office.one(Shipment)["shipped_at"] == datetime(2026, 10, 5, meant, 0, tzinfo=UTC)


def test_it_may_leave_on_the_day_it_was_made_and_clocks_may_differ_by_minutes(office: Office) -> None:
    assert office.hand_in("shipments", {"shipped_at": "2026-10-01T00:00:00+08:00"}).status == "accepted"
    assert office.hand_in("shipments", {"shipped_at": "2026-11-20T04:09:00Z"}).status == "accepted"


def test_a_box_or_pallet_is_shipped_after_it_was_packed(issuing_office: Office) -> None:
    issuing_office.hand_in("lots_of_codes", run_of(0, 100))
    issuing_office.hand_in("packing", box("BX1", 0, 10), pallet("P1", "BX1"), pallet("P1", "BX2"))
    revision = issuing_office.one(Batch, gtin=GTIN)["revision"]
    answer = issuing_office.hand_in("shipments", {"unit": "P1"}, {"unit": "BX1"}, {"unit": "BX2"})
    assert (answer.accepted, answer.errors) == (3, [])
    assert issuing_office.one(Batch, gtin=GTIN)["revision"] == revision + 1  # the lot of the bags inside
    early = issuing_office.hand_in("shipments", {"unit": "BX1", "shipped_at": "2026-10-02T09:59:00+08:00"})
    assert refusals(early) == [(2, "shipped_at", "date_order")]


def test_a_wholesaler_sends_on_what_was_sent_to_it(office: Office) -> None:
    office.hand_in("sites", {"gln": WHOLESALER, "kind": "wholesaler"})
    onwards = {"shipment_no": "W1", "from_gln": WHOLESALER, "to_gln": "", "shipped_at": "2026-10-09T08:00:00Z"}
    refused = office.hand_in("shipments", onwards, enterprise=WHOLESALER)
    assert refusals(refused) == [(2, "unit", "other_enterprise")]
    office.hand_in("shipments", {})
    assert office.hand_in("shipments", onwards, enterprise=WHOLESALER).status == "accepted"


def test_a_correction_keeps_history(office: Office) -> None:
    office.hand_in("shipments", {})
    answer = office.hand_in("shipments", {"destination_adcode": "510000"})
    assert (answer.accepted, answer.duplicates) == (1, 0)
    assert office.history("shipment") == [
        (f"{GLN}/S1/{GTIN}/L1", {"destination_adcode": 440000}, {"destination_adcode": 510000})]
    assert office.one(Batch, gtin=GTIN)["revision"] == 3
