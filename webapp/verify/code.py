"""The 20 characters on a bag: making, reading and checking them without any I/O.

A code is Crockford base32 (no I L O U), big-endian: V 1 character (key version 0..31), S 9 characters (45 bits, the
hidden running number), T 10 characters (50 bits, the tag). N is the running number, 0 <= N < 2^45. BLAKE2b is keyed,
unsalted, digest_size 8; "first n bits" are the top n bits of the digest read as a big-endian number.

    T = first 50 bits of BLAKE2b(key=Kt[V], V as 1 byte || N as 6 bytes)
    S = N xor first 45 bits of BLAKE2b(key=Ke[V], V as 1 byte || T right-aligned in 7 bytes)

To check: N = S xor mask(T), recompute T, compare in constant time. `code_vectors.json` holds 1,000 worked examples.
"""
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
from typing import Literal, NamedTuple

from webapp.keys import CodeKeys

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
NUMBER_BITS = 45
TAG_BITS = 50
NUMBERS = 1 << NUMBER_BITS
MAX_TYPED = 64  # characters looked at, separators included

_SEPARATORS = " -"
_DIGITS = "0123456789abcdefghijklmnopqrstuv"  # Python's own base 32, so that int(…, 32) does the work
_READ_AS = {"O": "0", "I": "1", "L": "1"}


class BadCodeReason(StrEnum):
    """Why a text is not one of our codes; the first four cannot be a code at all, the last two are well-formed."""

    EMPTY = "empty"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    BAD_CHARACTER = "bad_character"
    UNKNOWN_VERSION = "unknown_version"
    WRONG_TAG = "wrong_tag"


class Code(NamedTuple):
    """A code whose tag is ours. It says nothing about whether the number was issued."""

    text: str
    version: int
    number: int

    @property
    def serial(self) -> int:
        """The 50-bit number that stands for this code everywhere."""
        return self.version << NUMBER_BITS | self.number


class BadCode(NamedTuple):
    """`text` is what was read, cut to MAX_TYPED printable characters: safe to show and to log."""

    kind: Literal["malformed", "forged"]
    reason: BadCodeReason
    text: str


def _byte_table(target: str) -> bytes:
    """A bytes.translate table: every accepted character to its place in `target`, all others to '!'."""
    table = bytearray(b"!" * 256)
    for read, meant in [*zip(ALPHABET, ALPHABET, strict=True), *_READ_AS.items()]:
        for spelling in (read, read.lower()):
            table[ord(spelling)] = ord(target[ALPHABET.index(meant)])
    return bytes(table)


_TO_DIGITS = _byte_table(_DIGITS)
_TO_TEXT = bytes.maketrans(_DIGITS.encode(), ALPHABET.encode())
_TO_CANONICAL = {ord(x): None for x in _SEPARATORS} | {ord(x): y for x, y in _READ_AS.items()}


def normalise(text: str) -> str:
    """Upper case without spaces and hyphens, O as 0, I and L as 1; at most MAX_TYPED characters are looked at."""
    return text[:MAX_TYPED].upper().translate(_TO_CANONICAL)


def read_code(text: str, keys: CodeKeys) -> Code | BadCode:
    """Check what somebody scanned or typed. Never raises and does no I/O; about 2 µs."""
    if len(text) > MAX_TYPED or not text.isascii():
        return _malformed(text)
    digits = text.encode("ascii").translate(_TO_DIGITS, b" -")
    if len(digits) != LENGTH or b"!" in digits:
        return _malformed(text)
    value = int(digits, 32)
    canonical = digits.translate(_TO_TEXT).decode("ascii")
    version = value >> (NUMBER_BITS + TAG_BITS)
    if version not in keys.hashes:
        return BadCode("forged", BadCodeReason.UNKNOWN_VERSION, canonical)
    number = _open(value, keys)
    if number is None:
        return BadCode("forged", BadCodeReason.WRONG_TAG, canonical)
    return Code(canonical, version, number)


def make_code(version: int, number: int, keys: CodeKeys) -> str:
    """The code of a running number. Raises ValueError outside 0 <= number < 2^45 or for a version without keys."""
    if not 0 <= number < NUMBERS:
        raise ValueError(f"running number {number} is not in 0..2^{NUMBER_BITS}-1")
    if version not in keys.hashes:
        raise ValueError(f"there are no code keys of version {version}")
    hashes = keys.hashes[version]
    tag = tag_of(hashes.tag, version, number)
    value = (version << NUMBER_BITS | number ^ mask_of(hashes.mask, version, tag)) << TAG_BITS | tag
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def code_of(serial: int, keys: CodeKeys) -> str:
    """The code of a 50-bit serial (version << 45 | number). Raises ValueError as `make_code` does."""
    return make_code(serial >> NUMBER_BITS, serial & NUMBERS - 1, keys)


def tag_of(keyed: blake2b, version: int, number: int) -> int:
    """T of a version and number, by a BLAKE2b state that holds Kt."""
    state = keyed.copy()
    state.update((version << 48 | number).to_bytes(7, "big"))
    return int.from_bytes(state.digest(), "big") >> 64 - TAG_BITS


def mask_of(keyed: blake2b, version: int, tag: int) -> int:
    """The 45 bits that hide the number, by a BLAKE2b state that holds Ke."""
    state = keyed.copy()
    state.update((version << 56 | tag).to_bytes(8, "big"))
    return int.from_bytes(state.digest(), "big") >> 64 - NUMBER_BITS


def nearest(text: str, keys: CodeKeys) -> list[str]:
    """Codes of ours that are one slip of the finger away from `text`, best first, at most 3.

    Slips: one character wrong, two neighbours swapped, one missing, one too many; full-width letters are taken as
    plain ones. At most 645 tags are checked (about 1 ms).
    """
    # compared within the bound: NFKC can make eighteen characters out of one
    typed = normalise(unicodedata.normalize("NFKC", text[:MAX_TYPED]))
    found: list[str] = []
    for candidate in _one_slip_away(typed):
        code = read_code(candidate, keys)
        if isinstance(code, Code) and code.text not in found:
            found.append(code.text)
            if len(found) == 3:
                break
    return found


def _one_slip_away(typed: str) -> Iterator[str]:
    wrong = [i for i, x in enumerate(typed) if x not in ALPHABET]
    if len(wrong) > 1:
        return
    at = wrong or range(len(typed))  # a character that cannot be right is the one that slipped
    if len(typed) == LENGTH:
        yield typed
        for i in range(LENGTH - 1):
            yield typed[:i] + typed[i + 1] + typed[i] + typed[i + 2:]
        for i in at:
            yield from (typed[:i] + x + typed[i + 1:] for x in ALPHABET)
    elif len(typed) == LENGTH + 1:
        yield from (typed[:i] + typed[i + 1:] for i in at)
    elif len(typed) == LENGTH - 1 and not wrong:
        yield from (typed[:i] + x + typed[i:] for i in range(LENGTH) for x in ALPHABET)


def _open(value: int, keys: CodeKeys) -> int | None:
    """The running number inside a 100-bit code, or None when its tag is not ours."""
    version = value >> (NUMBER_BITS + TAG_BITS)
    hashes = keys.hashes[version]
    tag = value & (1 << TAG_BITS) - 1
    number = value >> TAG_BITS & NUMBERS - 1 ^ mask_of(hashes.mask, version, tag)
    ours = tag_of(hashes.tag, version, number)
    return number if compare_digest(ours.to_bytes(7, "big"), tag.to_bytes(7, "big")) else None


def _malformed(text: str) -> BadCode:
    """Name the first thing that keeps `text` from being a code."""
    typed = normalise(text)
    if len(text) > MAX_TYPED:
        reason = BadCodeReason.TOO_LONG
    elif not typed:
        reason = BadCodeReason.EMPTY
    elif not text.isascii() or any(x not in ALPHABET for x in typed):
        reason = BadCodeReason.BAD_CHARACTER
    else:
        reason = BadCodeReason.TOO_SHORT if len(typed) < LENGTH else BadCodeReason.TOO_LONG
    shown = "".join(x if x.isprintable() else "\ufffd" for x in text[:MAX_TYPED])
    return BadCode("malformed", reason, shown)
