import pytest

from tests.intake.office import GLN, GTIN, PLANT, RIGHT, STRANGER, WHOLESALER, Office, refusals
from webapp.intake.upload import KINDS
from webapp.models import Batch, Site


def test_a_site_goes_in_with_all_its_facts(bare: Office) -> None:
    result = bare.hand_in("sites", {})
    assert (result.status, result.rows, result.accepted) == ("accepted", 1, 1)
    site = bare.one(Site)
    assert site["owner_gln"] == GLN
    assert (site["adcode"], site["lat"], site["uscc"]) == (510300, 29.34, "91510300MA0000000U")


def test_optional_columns_may_be_missing_and_order_is_free(bare: Office) -> None:
    body = f"adcode,kind,name_zh,gln\n510300,producer,盐厂,{GLN}\n".encode()
    assert bare.hand_in("sites", body).status == "accepted"
    assert bare.one(Site)["phone"] is None


@pytest.mark.parametrize(("column", "value", "code"), [
    ("gln", "6901234500005", "gln"), ("gln", "690123450000", "gln"), ("gln", "69012345O0004", "gln"),
    ("gln", "", "required"), ("name_zh", "", "required"), ("name_zh", "盐" * 201, "too_long"),
    ("name_zh", "盐\u202e厂", "control_character"), ("name_zh", "盐\x07厂", "control_character"),
    ("kind", "factory", "choice"), ("adcode", "519999", "unknown_adcode"), ("adcode", "0", "unknown_adcode"),
    ("adcode", "5103", "unknown_adcode"), ("lat", "91", "out_of_range"), ("lat", "nan", "number"),
    ("lon", "1_0", "number"), ("uscc", "91510300MA0000000V", "uscc"), ("sc_licence", "SC10351030200019", "sc_licence"),
    ("sc_licence", "10351030200010", "sc_licence"), ("salt_certificate", "x" * 41, "too_long"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    quick_office.hand_in("sites", {})
    before = quick_office.count()
    result = quick_office.hand_in("sites", {"gln": PLANT, "name_zh": "分厂"}, {"gln": WHOLESALER} | {column: value})
    assert refusals(result) == [(3, column, code)]
    assert (result.status, result.accepted, result.rejected) == ("partially_accepted", 1, 1)
    assert quick_office.count() == before | {"site": before["site"] + 1}


def test_a_county_is_kept_as_its_prefecture(bare: Office) -> None:
    assert bare.hand_in("sites", {"adcode": "510302"}).status == "accepted"
    assert bare.one(Site)["adcode"] == 510300


def test_refuses_a_site_that_another_enterprise_introduced(office: Office) -> None:
    office.hand_in("sites", {"gln": WHOLESALER, "kind": "wholesaler"})
    result = office.hand_in("sites", {"gln": WHOLESALER, "kind": "warehouse"}, enterprise=STRANGER)
    assert refusals(result) == [(2, "gln", "other_enterprise")]
    assert office.one(Site, gln=WHOLESALER)["kind"] == "wholesaler"


def test_an_enterprise_owns_its_own_gln_whoever_introduced_it(office: Office) -> None:
    office.hand_in("sites", {"gln": WHOLESALER, "kind": "wholesaler"})
    assert office.hand_in("sites", {"gln": WHOLESALER, "phone": "1"}, enterprise=WHOLESALER).accepted == 1
    assert office.one(Site, gln=WHOLESALER)["owner_gln"] == WHOLESALER


def test_a_correction_keeps_history_and_makes_the_lots_pages_stale(office: Office) -> None:
    revision = office.one(Batch, gtin=GTIN)["revision"]
    office.hand_in("sites", {"name_en": "New Salt", "lat": "29.35"})
    assert office.history("site") == [
        (GLN, {"name_en": "Example Salt", "lat": 29.34}, {"name_en": "New Salt", "lat": 29.35})]
    assert office.one(Batch, gtin=GTIN)["revision"] == revision + 1


def test_only_a_trusted_hand_introduces_an_enterprise_and_only_with_its_own_row(bare: Office) -> None:
    assert refusals(bare.hand_in("sites", {}, trusted=False)) == [(0, "", "unknown_enterprise")]
    assert refusals(bare.hand_in("sites", {"gln": PLANT})) == [(0, "", "unknown_enterprise")]
    assert bare.count()["site"] == 0
    assert bare.hand_in("sites", {"gln": PLANT}, {}).status == "accepted"


def test_the_example_row_names_every_column() -> None:
    for kind, row in RIGHT.items():
        assert list(row) == [column.name for column in KINDS[kind].COLUMNS]
