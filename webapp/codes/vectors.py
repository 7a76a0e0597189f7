"""The 1,000 published examples of `verify/code_vectors.json`, so that others can build and check a reader.

Their keys are published and must never be used for real codes.
"""
import json
import random
from hashlib import blake2b
from typing import Any

from webapp.keys import CodeKeys, KeyPair
from webapp.verify.code import NUMBER_BITS, NUMBERS, make_code, mask_of, tag_of

COUNT = 1000
_FORMAT = [
    "TEST KEYS, published: never use them for real codes.",
    "code = V (1 character) S (9 characters, 45 bits) T (10 characters, 50 bits), Crockford base32, big-endian.",
    "T = first 50 bits of BLAKE2b(key=Kt[V], V as 1 byte || N as 6 bytes).",
    "S = N xor first 45 bits of BLAKE2b(key=Ke[V], V as 1 byte || T right-aligned in 7 bytes).",
    "BLAKE2b: digest_size 8, no salt, no personalisation; first n bits = top n bits of the big-endian digest.",
    "serial = V << 45 | N. Tags and masks are given as numbers in hexadecimal.",
]


def published_keys() -> CodeKeys:
    """Published keys of the versions 0, 1, 2 and 31."""
    return CodeKeys({v: KeyPair(_published("tag", v), _published("mask", v)) for v in (0, 1, 2, 31)}, current=1)


def make_vectors() -> dict[str, Any]:
    """The whole document, always the same."""
    keys = published_keys()
    edges = [0, 1, 2, NUMBERS - 2, NUMBERS - 1, *(1 << bit for bit in range(2, NUMBER_BITS))]
    chance = random.Random("saltcheck code vectors")
    numbers = edges + [chance.randrange(NUMBERS) for _ in range(COUNT // 4 - len(edges))]
    return {
        "format": _FORMAT,
        "keys": {str(v): {"tag": pair.tag.hex(), "mask": pair.mask.hex()} for v, pair in keys.versions.items()},
        "vectors": [_vector(version, number, keys) for version in keys.versions for number in numbers],
    }


def vectors_json() -> str:
    """The document as the file holds it: one vector a line."""
    document = make_vectors()
    rows = ",\n".join(json.dumps(row) for row in document.pop("vectors"))
    return json.dumps(document, indent=1)[:-2] + ',\n "vectors": [\n' + rows + "\n]}\n"


def _vector(version: int, number: int, keys: CodeKeys) -> dict[str, Any]:
    hashes = keys.hashes[version]
    tag = tag_of(hashes.tag, version, number)
    return {"version": version, "number": number, "serial": version << NUMBER_BITS | number, "tag": f"{tag:013x}",
            "mask": f"{mask_of(hashes.mask, version, tag):012x}", "code": make_code(version, number, keys)}


def _published(use: str, version: int) -> bytes:
    return blake2b(f"saltcheck published test key {use} {version}".encode(), digest_size=32).digest()
