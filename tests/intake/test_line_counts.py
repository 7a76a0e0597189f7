import pytest

from tests.intake.office import GLN, STRANGER, Office, refusals
from webapp.models import LineCount


def test_a_days_count_goes_in(office: Office) -> None:
    assert office.hand_in("line_counts", {}, {"line": "B", "bags_read": "0"}).accepted == 2
    assert office.one(LineCount, line="A")["bags_read"] == 990


@pytest.mark.parametrize(("column", "value", "code"), [
    ("site_gln", STRANGER, "other_enterprise"), ("site_gln", "6905555500002", "unknown_site"),
    ("line", "", "required"), ("date", "2026-11-21", "future"), ("bags_produced", "-1", "out_of_range"),
    ("bags_read", "1001", "more_read"), ("bags_read", "", "required"),
])
def test_refuses_a_row_when_a_value_is_wrong(quick_office: Office, column: str, value: str, code: str) -> None:
    before = quick_office.count()
    assert refusals(quick_office.hand_in("line_counts", {column: value})) == [(2, column, code)]
    assert quick_office.count() == before


def test_a_correction_keeps_history(office: Office) -> None:
    office.hand_in("line_counts", {})
    office.hand_in("line_counts", {"bags_read": "995"}, {"date": "2026-10-02"})
    assert office.history("line_count") == [(f"{GLN}/A/2026-10-01", {"bags_read": 990}, {"bags_read": 995})]
    assert len(office.all(LineCount)) == 2
