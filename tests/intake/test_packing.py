import pytest

from tests.intake.office import BLOCK, STRANGERS_BLOCK, Office, box, code, pallet, refusals, run_of
from webapp.models import Packing


def placed(office: Office) -> dict[str, str]:
    """Which box stands on which pallet."""
    return {row["child_first"]: row["parent"] for row in office.all(Packing) if row["level"] == "pallet"}


def test_bags_go_into_boxes_and_boxes_onto_pallets_in_any_order(issuing_office: Office) -> None:
    answer = issuing_office.hand_in(
        "packing", pallet("P1", "BX001", "BX003"), box("BX001", 0, 20), box("BX002", 20, 20), box("BX003", 40, 1))
    assert (answer.status, answer.rows, answer.accepted) == ("accepted", 4, 4)
    assert placed(issuing_office) == {"BX001": "P1", "BX002": "P1", "BX003": "P1"}
    bags = issuing_office.one(Packing, parent="BX002")
    assert (bags["first_serial"], bags["last_serial"]) == (BLOCK + 20, BLOCK + 39)
    assert (bags["child_first"], bags["child_last"]) == (code(BLOCK + 20), code(BLOCK + 39))


def test_one_bag_may_be_named_alone(issuing_office: Office) -> None:
    assert issuing_office.hand_in("packing", box("BX1", 5) | {"child_last": ""}).status == "accepted"
    assert issuing_office.one(Packing)["last_serial"] == BLOCK + 5


@pytest.mark.parametrize(("first", "count"), [(0, 20), (19, 1), (10, 2), (5, 100)])
def test_refuses_a_bag_in_two_boxes(issuing_office: Office, first: int, count: int) -> None:
    issuing_office.hand_in("packing", box("BX1", 5, 15))
    answer = issuing_office.hand_in("packing", box("BX2", first, count))
    assert refusals(answer) == [(2, "child_first", "two_parents")]
    assert "BX1" in answer.errors[0].message


def test_refuses_a_bag_in_two_boxes_of_one_file(issuing_office: Office) -> None:
    answer = issuing_office.hand_in("packing", box("BX1", 0, 20), box("BX2", 19, 20))
    assert refusals(answer) == [(3, "child_first", "two_parents")]


def test_refuses_a_box_on_two_pallets(issuing_office: Office) -> None:
    issuing_office.hand_in("packing", pallet("P1", "BX001", "BX005"))
    answer = issuing_office.hand_in(
        "packing", pallet("P2", "BX005", "BX009"), pallet("P3", "BX007"), pallet("P4", "BX007"))
    assert refusals(answer) == [(2, "child_first", "two_parents"), (4, "child_first", "two_parents")]
    assert placed(issuing_office) == dict.fromkeys([f"BX00{n}" for n in range(1, 6)], "P1") | {"BX007": "P3"}


def test_the_same_rows_again_change_nothing(issuing_office: Office) -> None:
    rows = box("BX1", 0, 20), pallet("P1", "BX1", "BX4")
    issuing_office.hand_in("packing", *rows)
    before = issuing_office.count()
    answer = issuing_office.hand_in("packing", *rows)
    assert (answer.status, answer.duplicates) == ("accepted", 2)
    assert issuing_office.count() == before


def test_a_correction_by_parent_and_first_child_keeps_history(issuing_office: Office) -> None:
    issuing_office.hand_in("packing", box("BX1", 0, 20), pallet("P1", "BX1"))
    issuing_office.hand_in("packing", box("BX1", 0, 24), pallet("P1", "BX1", line="B"))
    assert issuing_office.one(Packing, parent="BX1")["last_serial"] == BLOCK + 23
    changed = [sorted(after) for _, _, after in issuing_office.history("packing")]
    assert changed == [["child_last", "last_serial"], ["line"]]


@pytest.mark.parametrize(("row", "column", "why"), [
    (box("BX2", 5, packed_at="2026-11-21T00:00:00Z"), "packed_at", "future"),
    (box("BX2", 5, packed_at="2026-09-30T23:00:00+08:00"), "packed_at", "date_order"),
    (box("BX2", 5, level="crate"), "level", "choice"),
    (box("P1", 5), "parent", "level"), (pallet("BX1", "BX8"), "parent", "level"),
    (pallet("P2", "P1"), "child_first", "level"),
    (box("006901234500000001", 5), "parent", "sscc"), (box("x" * 41, 5), "parent", "too_long"),
    (box("BX2", 5, child_first="BX1"), "child_first", "code_malformed"),
    (box("BX2", 5, child_first=code(STRANGERS_BLOCK), child_last=""), "child_first", "code_not_issued"),
    (pallet("P2", "BX9", "BX1"), "child_first", "box_run"), (pallet("P2", "BX1", "BX0002"), "child_first", "box_run"),
    (pallet("P2", "A1", "B2"), "child_first", "box_run"), (pallet("P2", "BX0000", "BX9999"), "child_first", "box_run"),
    (pallet("P2", "BX1", packed_at="2026-10-02T09:00:00+08:00"), "packed_at", "date_order"),
    (pallet("P2", "P2"), "child_first", "level"), (pallet("P2", "BX" + "1" * 40), "child_first", "too_long"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, row: dict, column: str, why: str) -> None:
    quick_office.hand_in("lots_of_codes", run_of(0, 100))
    quick_office.hand_in("packing", box("BX1", 0), pallet("P1", "BX7"))
    before = quick_office.count()
    assert refusals(quick_office.hand_in("packing", row)) == [(2, column, why)]
    assert quick_office.count() == before
