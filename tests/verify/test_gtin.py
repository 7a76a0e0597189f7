"""verify/gtin.py: check digits of GS1 numbers."""
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.verify.gtin import BadNumber, read_gln, read_gtin, read_sscc


@pytest.mark.parametrize(("text", "stored"), [
    ("6901234567892", "06901234567892"),
    ("06901234567892", "06901234567892"),
    ("690-1234-56789 2", "06901234567892"),
    ("73513537", "00000073513537"),
    ("614141000036", "00614141000036"),
])
def test_gtin_of_any_length_becomes_fourteen_digits(text, stored):
    assert read_gtin(text) == stored


@pytest.mark.parametrize("text", ["", "6901234567893", "690123456789", "x", "1" * 1000, "6901234567892" + " " * 40])
def test_refuses_what_is_no_gtin(text):
    with pytest.raises(BadNumber):
        read_gtin(text)


def test_reads_gln_and_sscc():
    assert read_gln("6901234567892") == "6901234567892"
    assert read_sscc("106141412345678908") == "106141412345678908"


@pytest.mark.parametrize(("read", "text"), [
    (read_gln, "06901234567892"), (read_gln, "6901234567890"), (read_gln, ""), (read_gln, "690123456789²"),
    (read_sscc, "106141412345678909"), (read_sscc, "6901234567892"),
])
def test_refuses_what_is_no_gln_or_sscc(read, text):
    with pytest.raises(BadNumber):
        read(text)


@given(st.text())
def test_no_text_raises_anything_else(text):
    for read in (read_gtin, read_gln, read_sscc):
        with suppress(BadNumber):
            assert read(text).isdigit()
