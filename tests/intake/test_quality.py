import pytest

from tests.intake.office import GTIN, GTIN_2, STRANGERS_GTIN, Office, refusals
from webapp.models import Batch, Quality

LOW_SODIUM = {"gtin": GTIN_2, "name_zh": "低钠盐", "name_en": "", "iodised": "no"}


def flagged(office: Office, *results: tuple[str, str, str], gtin: str = GTIN) -> bool:
    """Whether the lot is flagged after these (item, value, unit), which must all go in."""
    rows = [{"gtin": gtin, "item": item, "value": value, "unit": unit} for item, value, unit in results]
    answer = office.hand_in("quality", *rows)
    assert answer.status == "accepted", answer.errors
    return office.one(Batch, gtin=gtin)["flagged"]


@pytest.mark.parametrize(("item", "value", "unit", "bad"), [
    ("iodine", "14", "mg/kg", False), ("iodine", "39", "mg/kg", False), ("iodine", "13.9", "mg/kg", True),
    ("iodine", "39.1", "mg/kg", True), ("iodine", "0.0025", "g/100g", False), ("iodine", "0", "mg/kg", True),
    ("nacl", "97", "g/100g", False), ("nacl", "96.99", "g/100 g", True), ("nacl", "97.0", "%", False),
    ("nacl", "969", "g/kg", True), ("nacl", "990000", "mg/kg", False),
    ("lead", "1.0", "mg/kg", False), ("lead", "1.01", "mg/kg", True), ("lead", "900", "µg/kg", False),
    ("lead", "1100", "ug/kg", True), ("arsenic", "0.5", "mg/kg", False), ("arsenic", "0.51", "mg/kg", True),
    ("mercury", "0.1", "mg/kg", False), ("mercury", "0.11", "mg/kg", True), ("cadmium", "0.5", "ppm", False),
    ("cadmium", "0.6", "ppm", True), ("barium", "15", "mg/kg", False), ("barium", "15.1", "mg/kg", True),
    ("moisture", "3", "%", False), ("whiteness", "80", "度", False), ("insolubles", "0.1", "g/100g", False),
])
def test_a_result_outside_its_limit_flags_the_lot(
        quick_office: Office, item: str, value: str, unit: str, bad: bool) -> None:
    assert flagged(quick_office, (item, value, unit)) is bad
    result = quick_office.one(Quality)
    assert (result["failed"], result["value"], result["unit"]) == (bad, float(value), unit)


@pytest.mark.parametrize(("value", "bad"), [("4.99", False), ("5", True), ("25", True)])
def test_un_iodised_salt_has_hardly_any_iodine(office: Office, value: str, bad: bool) -> None:
    office.hand_in("products", {"iodised": "no"})
    assert flagged(office, ("iodine", value, "mg/kg")) is bad


@pytest.mark.parametrize("words", [{}, {"name_zh": "食用盐", "name_en": "Low-Sodium Salt"},
                                   {"name_zh": "食用盐", "grade": "低钠"}])
def test_low_sodium_salt_may_have_less_nacl_and_must_have_its_kcl(office: Office, words: dict) -> None:
    office.hand_in("products", LOW_SODIUM | words)
    office.hand_in("batches", {"gtin": GTIN_2})
    assert flagged(office, ("nacl", "70", "g/100g"), ("kcl", "25", "g/100g"), gtin=GTIN_2) is False
    assert flagged(office, ("kcl", "9.9", "g/100g"), gtin=GTIN_2) is True
    assert flagged(office, ("kcl", "35", "%"), gtin=GTIN_2) is False
    assert flagged(office, ("kcl", "35.1", "%"), gtin=GTIN_2) is True


def test_potassium_put_in_on_purpose_makes_it_low_sodium_salt_and_traces_do_not(office: Office) -> None:
    assert flagged(office, ("nacl", "98", "g/100g"), ("kcl", "0.02", "g/100g")) is False
    assert flagged(office, ("nacl", "70", "g/100g")) is True
    assert flagged(office, ("kcl", "25", "g/100g")) is False  # the NaCl result is judged again
    assert flagged(office, ("kcl", "40", "g/100g")) is True


def test_a_corrected_result_replaces_keeps_history_and_takes_the_flag_back(office: Office) -> None:
    assert flagged(office, ("iodine", "50", "mg/kg")) is True
    lot = office.one(Batch, gtin=GTIN)
    assert flagged(office, ("iodine", "25", "mg/kg")) is False
    assert office.one(Batch, gtin=GTIN)["revision"] == lot["revision"] + 1
    assert office.history("quality") == [(f"{lot['id']}/iodine", {"value": 50.0}, {"value": 25.0})]
    assert [after for _, _, after in office.history("batch")] == [{"flagged": True}, {"flagged": False}]


def test_the_same_result_again_changes_nothing(office: Office) -> None:
    office.hand_in("quality", {"value": "50"})
    before = office.one(Batch, gtin=GTIN), office.count()
    answer = office.hand_in("quality", {"value": "50"})
    assert (answer.status, answer.duplicates) == ("accepted", 1)
    assert (office.one(Batch, gtin=GTIN), office.count()) == before


@pytest.mark.parametrize(("column", "value", "code"), [
    ("gtin", STRANGERS_GTIN, "other_enterprise"), ("lot", "L9", "unknown_lot"), ("item", "gold", "choice"),
    ("value", "", "required"), ("value", "<0.05", "number"), ("value", "-1", "out_of_range"),
    ("value", "1000001", "out_of_range"), ("unit", "mg", "unit"), ("unit", "度", "unit"),
    ("tested_on", "2026-09-30", "date_order"), ("tested_on", "2026-11-21", "future"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    before = quick_office.count()
    answer = quick_office.hand_in("quality", {column: value})
    expected = "lot" if code == "other_enterprise" else column
    assert refusals(answer) == [(2, expected, code)]
    assert quick_office.count() == before


@pytest.mark.parametrize(("item", "value", "unit", "column"), [
    ("nacl", "991", "g/100g", "value"), ("whiteness", "101", "度", "value"), ("whiteness", "80", "mg/kg", "unit")])
def test_refuses_a_value_that_its_unit_makes_impossible(
        quick_office: Office, item: str, value: str, unit: str, column: str) -> None:
    answer = quick_office.hand_in("quality", {"item": item, "value": value, "unit": unit})
    assert refusals(answer) == [(2, column, "out_of_range" if column == "value" else "unit")]
