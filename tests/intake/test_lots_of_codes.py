import pytest

from tests.intake.office import (
    BLOCK,
    BLOCK_SIZE,
    GTIN,
    GTIN_2,
    STRANGERS_BLOCK,
    STRANGERS_GTIN,
    VOID_BLOCK,
    Office,
    code,
    refusals,
    run_of,
)
from webapp.models import Batch


def test_a_run_goes_onto_its_lot(issuing_office: Office) -> None:
    batch = issuing_office.one(Batch, gtin=GTIN)["id"]
    answer = issuing_office.hand_in("lots_of_codes", run_of(100, 10), run_of(110), run_of(0, 100))
    assert (answer.status, answer.accepted) == ("accepted", 3)
    assert sorted(issuing_office.runs()) == [(0, 99, batch), (100, 109, batch), (110, 110, batch)]


def test_codes_may_be_given_as_printed_or_as_scanned(issuing_office: Office) -> None:
    answer = issuing_office.hand_in("lots_of_codes", run_of(
        0, 2, first_code=f"https://scan.example/{code(BLOCK)}", last_code=code(BLOCK + 1).lower()))
    assert answer.status == "accepted"


def test_the_same_run_or_a_part_of_it_changes_nothing(issuing_office: Office) -> None:
    issuing_office.hand_in("lots_of_codes", run_of(0, 100))
    before = issuing_office.count()
    answer = issuing_office.hand_in("lots_of_codes", run_of(0, 100), run_of(50, 10))
    assert (answer.accepted, answer.duplicates, answer.rejected) == (0, 2, 0)
    assert issuing_office.count() == before


@pytest.mark.parametrize(("first", "count"), [(0, 100), (50, 100), (99, 1), (0, 1000)])
def test_refuses_a_run_that_touches_another_lot(issuing_office: Office, first: int, count: int) -> None:
    issuing_office.hand_in("batches", {"lot": "L2"})
    issuing_office.hand_in("lots_of_codes", run_of(20, 80, lot="L2"))
    answer = issuing_office.hand_in("lots_of_codes", run_of(first, count))
    assert [(error.code, error.message) for error in answer.errors] == [
        ("run_overlaps", "codes of this run are on lot L2 already")]
    assert len(issuing_office.runs()) == 1


def test_refuses_runs_of_one_file_that_touch_each_other(issuing_office: Office) -> None:
    issuing_office.hand_in("batches", {"lot": "L2"})
    answer = issuing_office.hand_in("lots_of_codes", run_of(0, 100), run_of(99, 100, lot="L2"))
    assert refusals(answer) == [(3, "first_code", "run_overlaps")]


@pytest.mark.parametrize(("row", "column", "why"), [
    ({"lot": "L9"}, "lot", "unknown_lot"), ({"gtin": STRANGERS_GTIN}, "lot", "other_enterprise"),
    ({"first_code": "ABC"}, "first_code", "code_malformed"),
    ({"last_code": "0" * 20}, "last_code", "code_forged"),
    ({"first_code": code(BLOCK + 9), "last_code": code(BLOCK + 8)}, "last_code", "code_order"),
    ({"first_code": code(STRANGERS_BLOCK), "last_code": code(STRANGERS_BLOCK)}, "first_code", "code_not_issued"),
    ({"first_code": code(BLOCK - 1)}, "first_code", "code_not_issued"),
    ({"last_code": code(BLOCK + 2 * BLOCK_SIZE)}, "last_code", "code_not_issued"),
    ({"last_code": code(BLOCK + BLOCK_SIZE)}, "last_code", "block_crossed"),
    ({"first_code": code(VOID_BLOCK), "last_code": code(VOID_BLOCK)}, "first_code", "block_void"),
])
def test_refuses_a_row_when_a_code_is_not_right(quick_office: Office, row: dict, column: str, why: str) -> None:
    before = quick_office.count()
    assert refusals(quick_office.hand_in("lots_of_codes", run_of(0, 5) | row)) == [(2, column, why)]
    assert quick_office.count() == before


def test_refuses_codes_that_were_issued_for_another_product(issuing_office: Office) -> None:
    issuing_office.hand_in("products", {"gtin": GTIN_2})
    issuing_office.hand_in("batches", {"gtin": GTIN_2})
    answer = issuing_office.hand_in("lots_of_codes", run_of(0, 5, gtin=GTIN_2))
    assert refusals(answer) == [(2, "gtin", "block_other_product")]
