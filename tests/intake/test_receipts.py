import pytest

from tests.intake.office import GLN, GTIN, STRANGER, WHOLESALER, Office, refusals
from webapp.models import Batch, Receipt

AT_WHOLESALER = {"at_gln": WHOLESALER}


def test_goods_arrive_and_the_lots_pages_become_stale(office: Office) -> None:
    office.hand_in("shipments", {})
    revision = office.one(Batch, gtin=GTIN)["revision"]
    assert office.hand_in("receipts", {}).status == "accepted"
    assert office.one(Receipt)["quantity"] == 1000
    assert office.one(Batch, gtin=GTIN)["revision"] == revision + 1


def test_the_consignee_reports_what_somebody_else_sent_to_it(office: Office) -> None:
    office.hand_in("sites", {"gln": WHOLESALER, "kind": "wholesaler"})
    office.hand_in("shipments", {}, {"shipment_no": "S2", "to_gln": ""})
    assert office.hand_in("receipts", AT_WHOLESALER, enterprise=WHOLESALER).status == "accepted"
    answer = office.hand_in("receipts", AT_WHOLESALER | {"shipment_no": "S2"}, enterprise=WHOLESALER)
    assert refusals(answer) == [(2, "shipment_no", "unknown_shipment")]


@pytest.mark.parametrize(("column", "value", "code"), [
    ("shipment_no", "S9", "unknown_shipment"), ("at_gln", STRANGER, "other_enterprise"),
    ("at_gln", WHOLESALER, "unknown_site"), ("received_at", "2026-10-05T07:59:00+08:00", "date_order"),
    ("received_at", "2026-11-21T08:00:00+08:00", "future"), ("received_at", "", "required"),
    ("quantity", "-1", "out_of_range"), ("quantity", "1.5", "number"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    quick_office.hand_in("shipments", {})
    before = quick_office.count()
    assert refusals(quick_office.hand_in("receipts", {column: value})) == [(2, column, code)]
    assert quick_office.count() == before


def test_a_correction_keeps_history(office: Office) -> None:
    office.hand_in("shipments", {})
    office.hand_in("receipts", {})
    office.hand_in("receipts", {"quantity": "998"})
    assert office.history("receipt") == [(f"{GLN}/S1/{GLN}", {"quantity": 1000}, {"quantity": 998})]
