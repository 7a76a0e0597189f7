from datetime import date

import pytest
from sqlalchemy import insert

from tests.intake.office import BLOCK, GLN, GTIN, NOW, STRANGER, STRANGERS_GTIN, Office, refusals
from webapp.models import Batch, CodeBlock


def test_a_lot_goes_in(office: Office) -> None:
    lot = office.one(Batch, gtin=GTIN)
    assert (lot["produced_on"], lot["best_before"], lot["quantity"]) == (date(2026, 10, 1), date(2029, 10, 1), 1000)
    assert (lot["flagged"], lot["revision"]) == (False, 1)


@pytest.mark.parametrize(("column", "value", "code"), [
    ("gtin", "06901234500028", "unknown_product"), ("gtin", STRANGERS_GTIN, "other_enterprise"),
    ("site_gln", STRANGER, "other_enterprise"), ("site_gln", "6905555500002", "unknown_site"),
    ("lot", "", "required"), ("lot", "x" * 21, "lot"), ("lot", "批1", "lot"), ("lot", "a#b", "lot"),
    ("produced_on", "2026-11-21", "future"), ("produced_on", "2026-13-01", "date"),
    ("produced_on", "1.10.2026", "date"), ("produced_on", "1926-10-01", "date"),
    ("best_before", "2026-10-01", "date_order"),
    ("best_before", "2025-10-01", "date_order"), ("quantity", "0", "out_of_range"), ("quantity", "1,000", "number"),
    ("quantity", "ten", "number"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    before = quick_office.count()
    assert refusals(quick_office.hand_in("batches", {"lot": "L2"} | {column: value})) == [(2, column, code)]
    assert quick_office.count() == before


def test_today_in_china_is_not_the_future(office: Office) -> None:
    """NOW is noon of the 20th there."""
    assert office.hand_in("batches", {"lot": "L2", "produced_on": "2026-11-20"}).status == "accepted"


def test_a_salt_that_keeps_for_ever_needs_no_date(office: Office) -> None:
    assert office.hand_in("batches", {"lot": "L2", "best_before": ""}).status == "accepted"


def test_a_correction_replaces_and_keeps_history(office: Office) -> None:
    result = office.hand_in("batches", {"quantity": "900", "produced_on": "2026-10-02"})
    assert (result.accepted, result.duplicates) == (1, 0)
    lot = office.one(Batch, gtin=GTIN)
    assert (lot["quantity"], lot["revision"]) == (900, 2)
    assert office.history("batch") == [(f"{GTIN}/L1", {"quantity": 1000, "produced_on": "2026-10-01"},
                                        {"quantity": 900, "produced_on": "2026-10-02"})]


@pytest.mark.parametrize(("kind", "column"), [("shipments", "shipped_at"), ("quality", "tested_on")])
def test_refuses_a_correction_that_makes_a_lot_younger_than_what_happened_to_it(
        office: Office, kind: str, column: str) -> None:
    assert office.hand_in(kind, {}).status == "accepted"
    assert refusals(office.hand_in("batches", {"produced_on": "2026-11-01"})) == [(2, column, "date_order")]
    assert office.one(Batch, gtin=GTIN)["produced_on"] == date(2026, 10, 1)


def test_codes_issued_for_a_lot_before_it_was_known_go_onto_it(office: Office) -> None:
    with office.db.transaction() as connection:
        connection.execute(insert(CodeBlock).values(
            first_serial=BLOCK, last_serial=BLOCK + 99, gtin=GTIN, lot="L2", enterprise_gln=GLN, status="issued",
            issued_at=NOW))
    office.hand_in("batches", {"lot": "L3"})
    assert office.runs() == []
    office.hand_in("batches", {"lot": "L2"})
    assert office.runs() == [(0, 99, office.one(Batch, lot="L2")["id"])]
