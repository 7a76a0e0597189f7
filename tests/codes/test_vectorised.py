"""codes/vectorised.py: many codes at once are the same codes as one at a time."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.codes.vectorised import make_codes
from webapp.codes.vectors import make_vectors, published_keys
from webapp.keys import CodeKeys, KeyPair
from webapp.verify.code import NUMBERS, make_code

secret = st.binary(min_size=32, max_size=32)


@given(secret, secret, st.integers(0, 31), st.integers(0, NUMBERS - 1), st.integers(1, 40))
def test_same_codes_as_one_at_a_time(tag, mask, version, first, count):
    if tag == mask:
        mask = bytes(32) if any(tag) else b"\x01" * 32
    count = min(count, NUMBERS - first)
    keys = CodeKeys({version: KeyPair(tag, mask)}, current=version)
    rows = make_codes(version, first, count, keys)
    assert [bytes(row).decode() for row in rows] == [make_code(version, first + i, keys) for i in range(count)]


def test_published_vectors():
    keys = published_keys()
    for row in make_vectors()["vectors"]:
        assert make_codes(row["version"], row["number"], 1, keys).tobytes().decode() == row["code"]


@pytest.mark.parametrize(("version", "first", "count"), [(1, -1, 2), (1, 0, 0), (1, NUMBERS - 1, 2), (3, 0, 1)])
def test_refuses_numbers_and_versions_that_do_not_exist(version, first, count):
    with pytest.raises(ValueError, match="number|version"):
        make_codes(version, first, count, published_keys())
