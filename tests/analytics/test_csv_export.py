"""CSV: a spreadsheet shows what we wrote and runs nothing."""
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.analytics.csv_export import csv_text, safe_cell

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|'/C calc'!A0", "  =1+1", "＝1", "＋1",
            "=HYPERLINK(\"http://x\")", "\u00a0=1", "\ufeff=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_run_is_defused(text):
    assert str(safe_cell(text)).startswith("'")


def test_numbers_stay_numbers_and_negative_ones_too():
    assert [safe_cell(value) for value in (12, -3, 0.5, None)] == [12, -3, 0.5, ""]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_every_row_can_be_read_back_and_none_starts_a_formula(rows):
    text = csv_text(["a", "b"], rows)
    assert text.startswith("\ufeff")
    read = list(csv.reader(io.StringIO(text[1:], newline="")))[1:]
    assert len(read) == len(rows)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read for cell in row)
