"""Many codes at once: the same codes as `verify/code.py:make_code`, as rows of bytes.

The two BLAKE2b calls a code stay with hashlib (0.35 µs each from a keyed state); everything round them, packing and
spelling, is done on whole columns by numpy. BLAKE2b itself in numpy was tried: 0.24 µs at best, too little gain for
an own copy of a hash function.
"""
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from webapp.keys import CodeKeys
from webapp.verify.code import ALPHABET, LENGTH, NUMBER_BITS, NUMBERS, TAG_BITS

Rows = NDArray[np.uint8]
Words = NDArray[np.uint64]

_PAIRS = np.array([first + second for first in ALPHABET for second in ALPHABET], "S2").view("<u2")


def make_codes(version: int, first: int, count: int, keys: CodeKeys) -> Rows:
    """The codes of `count` running numbers from `first`, ASCII, as a matrix of count × 20 bytes."""
    if first < 0 or count < 1 or first + count > NUMBERS:
        raise ValueError(f"running numbers {first}..{first + count - 1} are not in 0..2^{NUMBER_BITS}-1")
    if version not in keys.hashes:
        raise ValueError(f"there are no code keys of version {version}")
    hashes = keys.hashes[version]
    numbers = np.arange(first, first + count, dtype=np.uint64)
    tags = _hash_each(hashes.tag, numbers | np.uint64(version << 48), 7) >> np.uint64(64 - TAG_BITS)
    masks = _hash_each(hashes.mask, tags | np.uint64(version << 56), 8) >> np.uint64(64 - NUMBER_BITS)
    return _spell(numbers ^ masks | np.uint64(version << NUMBER_BITS), tags)


def _hash_each(keyed: blake2b, messages: Words, width: int) -> Words:
    """The 64-bit digest of the last `width` bytes of each message, big-endian."""
    body = messages.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - width:].tobytes()
    copy = keyed.copy
    digests = []
    for start in range(0, len(body), width):
        state = copy()
        state.update(body[start:start + width])
        digests.append(state.digest())
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def _spell(heads: Words, tags: Words) -> Rows:
    """Version and hidden number (50 bits), then the tag (50 bits), as 20 letters; two letters a look-up."""
    pairs = np.empty((len(heads), LENGTH // 2), "<u2")
    for column in range(5):
        shift, ten_bits = np.uint64(40 - 10 * column), np.uint64(1023)
        pairs[:, column] = _PAIRS[heads >> shift & ten_bits]
        pairs[:, column + 5] = _PAIRS[tags >> shift & ten_bits]
    return pairs.view(np.uint8)
