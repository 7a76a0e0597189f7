"""verify/code.py: making and reading codes, against an independent spelling-out of the published construction."""
import json
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.codes.vectors import make_vectors, published_keys, vectors_json
from webapp.keys import CodeKeys, KeyPair
from webapp.verify.code import (
    ALPHABET,
    MAX_TYPED,
    NUMBERS,
    BadCode,
    BadCodeReason,
    Code,
    code_of,
    make_code,
    normalise,
    read_code,
)

KEYS = CodeKeys({1: KeyPair(b"t" * 32, b"m" * 32), 9: KeyPair(b"T" * 32, b"M" * 32)}, current=9)
GOOD = make_code(9, 123_456_789, KEYS)
numbers = st.integers(0, NUMBERS - 1)
versions = st.sampled_from([1, 9])


def top_bits(key: bytes, message: bytes, bits: int) -> str:
    digest = blake2b(message, key=key, digest_size=8).digest()
    return "".join(f"{byte:08b}" for byte in digest)[:bits]


def spelt_out(version: int, number: int, keys: CodeKeys) -> str:
    """The contract word by word, in strings of bits; shares nothing with the code under test."""
    pair = keys[version]
    tag = top_bits(pair.tag, bytes([version]) + number.to_bytes(6, "big"), 50)
    mask = top_bits(pair.mask, bytes([version]) + int(tag, 2).to_bytes(7, "big"), 45)
    hidden = "".join(str(int(a != b)) for a, b in zip(f"{number:045b}", mask, strict=True))
    bits = f"{version:05b}" + hidden + tag
    return "".join(ALPHABET[int(bits[i:i + 5], 2)] for i in range(0, 100, 5))


@given(versions, numbers)
def test_code_is_the_published_construction(version, number):
    assert make_code(version, number, KEYS) == spelt_out(version, number, KEYS)


@given(versions, numbers)
def test_what_is_made_is_read(version, number):
    text = make_code(version, number, KEYS)
    code = read_code(text, KEYS)
    assert code == Code(text, version, number)
    assert code_of(code.serial, KEYS) == text


@given(numbers.filter(lambda n: n < NUMBERS - 500))
def test_consecutive_numbers_have_different_codes(first):
    assert len({make_code(1, n, KEYS) for n in range(first, first + 500)}) == 500


@given(versions, numbers)
def test_every_single_change_is_refused(version, number):
    text = make_code(version, number, KEYS)
    for i in range(len(text)):
        for other in ALPHABET.replace(text[i], ""):
            changed = read_code(text[:i] + other + text[i + 1:], KEYS)
            assert isinstance(changed, BadCode)
            assert changed.kind == "forged"


@given(versions, numbers, st.data())
def test_reading_tolerates_how_people_write(version, number, data):
    text = make_code(version, number, KEYS)
    spellings = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(spellings.get(x, x + x.lower()))) for x in text)
    for _ in range(data.draw(st.integers(0, 10))):
        at = data.draw(st.integers(0, len(typed)))
        typed = typed[:at] + data.draw(st.sampled_from(" -")) + typed[at:]
    assert read_code(typed, KEYS) == Code(text, version, number)
    assert normalise(typed) == text


@given(st.one_of(st.text(), st.text(ALPHABET, min_size=20, max_size=20), st.text(alphabet=st.characters(codec=None))))
def test_no_text_raises_or_passes_or_comes_back_unbounded(text):
    bad = read_code(text, KEYS)
    assert isinstance(bad, BadCode)
    assert len(bad.text) <= MAX_TYPED
    assert bad.text.isprintable()
    bad.text.encode()  # no lone surrogate survives


@pytest.mark.parametrize(("text", "kind", "reason"), [
    ("", "malformed", BadCodeReason.EMPTY),
    (" - ", "malformed", BadCodeReason.EMPTY),
    (GOOD[:-1], "malformed", BadCodeReason.TOO_SHORT),
    (GOOD + "0", "malformed", BadCodeReason.TOO_LONG),
    (GOOD + " " * MAX_TYPED, "malformed", BadCodeReason.TOO_LONG),
    ("0" * 1_000_000, "malformed", BadCodeReason.TOO_LONG),
    (GOOD[:-1] + "U", "malformed", BadCodeReason.BAD_CHARACTER),
    (GOOD[:-1] + "_", "malformed", BadCodeReason.BAD_CHARACTER),
    ("+" + GOOD[1:], "malformed", BadCodeReason.BAD_CHARACTER),
    (GOOD + "\n", "malformed", BadCodeReason.BAD_CHARACTER),
    (GOOD[:-1] + "\x00", "malformed", BadCodeReason.BAD_CHARACTER),
    (GOOD[:-1] + "０", "malformed", BadCodeReason.BAD_CHARACTER),
    ("ſ" * 20, "malformed", BadCodeReason.BAD_CHARACTER),
    ("盐" * 20, "malformed", BadCodeReason.BAD_CHARACTER),
    ("\ud800" * 20, "malformed", BadCodeReason.BAD_CHARACTER),
    ("2" + GOOD[1:], "forged", BadCodeReason.UNKNOWN_VERSION),
    ("1" + GOOD[1:], "forged", BadCodeReason.WRONG_TAG),
    (GOOD[:-1] + ALPHABET[ALPHABET.index(GOOD[-1]) ^ 1], "forged", BadCodeReason.WRONG_TAG),
])
def test_every_refusal_has_its_reason(text, kind, reason):
    bad = read_code(text, KEYS)
    assert isinstance(bad, BadCode)
    assert (bad.kind, bad.reason) == (kind, reason)


@pytest.mark.parametrize(("version", "number"), [(1, -1), (1, NUMBERS), (2, 0), (32, 0), (-1, 0)])
def test_no_code_outside_the_numbers_and_keys_there_are(version, number):
    with pytest.raises(ValueError, match="number|version"):
        make_code(version, number, KEYS)


def test_published_vectors_are_what_the_command_makes(root):
    published = (root / "webapp/verify/code_vectors.json").read_text()
    assert published == vectors_json()
    assert json.loads(published) == make_vectors()


def test_published_vectors_are_right():
    keys = published_keys()
    vectors = make_vectors()["vectors"]
    assert len({row["code"] for row in vectors}) == 1000
    for row in vectors:
        assert row["code"] == spelt_out(row["version"], row["number"], keys)
        code = read_code(row["code"], keys)
        assert isinstance(code, Code)
        assert code.serial == row["serial"]
