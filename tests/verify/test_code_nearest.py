"""verify/code.py: corrections for what was typed or read wrongly."""
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.keys import CodeKeys, KeyedHashes, KeyPair
from webapp.verify.code import ALPHABET, NUMBERS, make_code, nearest

KEYS = CodeKeys({1: KeyPair(b"t" * 32, b"m" * 32)}, current=1)
numbers = st.integers(0, NUMBERS - 1)
places = st.integers(0, 19)


@given(numbers, places, st.sampled_from(ALPHABET + "U!盐"))
def test_one_wrong_character_is_found(number, at, other):
    text = make_code(1, number, KEYS)
    assert nearest(text[:at] + other + text[at + 1:], KEYS) == [text]


@given(numbers, st.integers(0, 18))
def test_two_swapped_neighbours_are_found(number, at):
    text = make_code(1, number, KEYS)
    assert nearest(text[:at] + text[at + 1] + text[at] + text[at + 2:], KEYS) == [text]


@given(numbers, places)
def test_a_missing_character_is_found(number, at):
    text = make_code(1, number, KEYS)
    assert nearest(text[:at] + text[at + 1:], KEYS) == [text]


@given(numbers, st.integers(0, 20), st.sampled_from(ALPHABET + "u?"))
def test_a_character_too_many_is_found(number, at, extra):
    text = make_code(1, number, KEYS)
    assert nearest(text[:at] + extra + text[at:], KEYS) == [text]


@given(numbers)
def test_full_width_letters_of_a_chinese_keyboard_are_understood(number):
    text = make_code(1, number, KEYS)
    assert nearest("".join(chr(ord(x) + 0xFEE0) for x in text), KEYS) == [text]


@pytest.mark.parametrize("text", ["", "hello", "U" * 20, "0" * 20, "0" * 200, "\ud800" * 20, "ﷺ" * 64])
def test_nothing_is_offered_for_what_is_far_from_a_code(text):
    assert nearest(text, KEYS) == []


@given(st.one_of(st.text(), *(st.text(ALPHABET, min_size=n, max_size=n) for n in (19, 20, 21))))
def test_work_is_bounded_for_any_text(text):
    keys, checks = counting_keys()
    assert nearest("1" + text[1:], keys) == []
    assert len(checks) <= 700


def test_a_hopeless_text_costs_a_few_milliseconds_at_most():
    best = min(_seconds("0123456789ABCDEFGH" + tail) for tail in ("J", "JK", "JKM") for _ in range(5))
    assert best < 0.02


def test_never_more_than_three_are_offered():
    keys = CodeKeys({1: KeyPair(b"t" * 32, b"m" * 32)}, current=1)
    object.__setattr__(keys, "hashes", {1: KeyedHashes(ZeroHash(), ZeroHash())})  # every tag of zeros is right
    assert len(nearest("1" + "0" * 18, keys)) == 3


class ZeroHash:
    """A hash that gives zeros for everything."""

    def copy(self):
        return self

    def update(self, _message):
        pass

    def digest(self):
        return bytes(8)


def counting_keys() -> tuple[CodeKeys, list[int]]:
    """Keys that write down every use of them."""
    checks: list[int] = []

    class Counting(dict):
        def __getitem__(self, version):
            checks.append(version)
            return super().__getitem__(version)

    keys = CodeKeys(KEYS.versions, current=1)
    object.__setattr__(keys, "hashes", Counting(KEYS.hashes))
    return keys, checks


def _seconds(text: str) -> float:
    start = time.perf_counter()
    nearest(text, KEYS)
    return time.perf_counter() - start
