import pytest

from tests.intake.office import GLN, GTIN, GTIN_2, STRANGER, STRANGERS_GTIN, Office, refusals
from webapp.models import Batch, Product, Quality

INDUSTRIAL = ["GB/T 5462", "GB 5462", "GB/T5462-2015", "gbt 5462", "ＧＢ／Ｔ ５４６２", "GB-T_5462.2015", "5462",
              "GB/T 5461；GB/T 5462", "GB/T 05462", "GB/T٥٤٦٢", "工业盐 GB/T5462—2015"]


def test_a_product_goes_in_with_fourteen_digits(office: Office) -> None:
    assert office.hand_in("products", {"gtin": GTIN_2[1:], "iodised": "no", "iodine_mg_kg": ""}).status == "accepted"
    product = office.one(Product, gtin=GTIN_2)
    assert (product["iodised"], product["net_weight_g"], product["iodine_mg_kg"]) == (False, 400.0, None)


@pytest.mark.parametrize(("column", "value", "code"), [
    ("gtin", "06901234500027", "gtin"), ("gtin", "6.90123E+12", "gtin"), ("brand", "", "required"),
    ("net_weight_g", "0", "out_of_range"), ("net_weight_g", "400 g", "number"), ("salt_source", "rock", "choice"),
    ("iodised", "maybe", "choice"), ("iodine_mg_kg", "-1", "out_of_range"), ("standard", "", "required"),
    ("producer_gln", GLN[:-1] + "5", "gln"), ("producer_gln", "6905555500002", "unknown_site"),
    ("producer_gln", STRANGER, "other_enterprise"), ("gtin", STRANGERS_GTIN, "other_enterprise"),
    ("shelf_life_months", "36.5", "number"), ("shelf_life_months", "0", "out_of_range"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    before = quick_office.count()
    assert refusals(quick_office.hand_in("products", {"gtin": GTIN_2} | {column: value})) == [(2, column, code)]
    assert quick_office.count() == before


@pytest.mark.parametrize("standard", INDUSTRIAL)
def test_refuses_industrial_salt_however_its_standard_is_spelt(quick_office: Office, standard: str) -> None:
    result = quick_office.hand_in("products", {"gtin": GTIN_2, "standard": standard})
    assert refusals(result) == [(2, "standard", "industrial_salt")]


@pytest.mark.parametrize("standard", ["GB/T 5461-2016", "GB 2721", "GB/T 54620", "GB/T 15462", "QB/T 2020"])
def test_other_standards_are_none_of_its_business(quick_office: Office, standard: str) -> None:
    assert quick_office.hand_in("products", {"gtin": GTIN_2, "standard": standard}).status == "accepted"


def test_a_correction_keeps_history_and_judges_old_results_again(office: Office) -> None:
    office.hand_in("quality", {"value": "25"})
    assert office.one(Quality)["failed"] is False
    revision = office.one(Batch, gtin=GTIN)["revision"]
    office.hand_in("products", {"iodised": "no"})
    assert office.history("product") == [(GTIN, {"iodised": True}, {"iodised": False})]
    assert (office.one(Quality)["failed"], office.one(Quality)["limit_text"]) == (True, "< 5 mg/kg")
    assert office.one(Batch, gtin=GTIN)["flagged"] is True
    assert office.one(Batch, gtin=GTIN)["revision"] > revision
