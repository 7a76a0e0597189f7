"""The short form of a ledger, as the database and Valkey keep it: most of a ledger's 64 bytes are zero.

A code that one person looked at takes 22 bytes, which keeps the hash of its neighbours small enough to stay compact.
"""
from functools import lru_cache
from struct import Struct

from webapp.detect.ledger import SIZE

_WORDS = Struct("<32H")
_MASK = Struct("<I")
_MOST = 29  # words beside their mask that are shorter than the ledger itself
_FIRST, _LAST = slice(0, 4), slice(4, 8)


def shorten(ledger: bytes) -> bytes:
    """At most 64 bytes; b"" for no ledger. The time of the last visit is kept as its distance to the first, by xor."""
    if not ledger:
        return b""
    first, last = (int.from_bytes(ledger[part], "little") for part in (_FIRST, _LAST))
    words = _WORDS.unpack(ledger[:4] + (first ^ last).to_bytes(4, "little") + ledger[8:])
    kept = [word for word in words if word]
    if len(kept) > _MOST:
        return ledger
    mask = sum(1 << place for place, word in enumerate(words) if word)
    return _MASK.pack(mask) + Struct(f"<{len(kept)}H").pack(*kept)


def lengthen(short: bytes) -> bytes:
    """The ledger again. Of bytes that are no short form: b"", as if nothing were known."""
    if len(short) in (0, SIZE):
        return short
    if len(short) < _MASK.size:
        return b""
    mask, = _MASK.unpack_from(short)
    dense, spread = _forms(mask)
    if len(short) != dense.size:
        return b""
    whole = spread.pack(*dense.unpack(short)[1:])
    if not mask & 0xC:  # looked at once
        return whole[:4] + whole[:4] + whole[8:]
    first, apart = (int.from_bytes(whole[part], "little") for part in (_FIRST, _LAST))
    return whole[:4] + (first ^ apart).to_bytes(4, "little") + whole[8:]


@lru_cache(4096)
def _forms(mask: int) -> tuple[Struct, Struct]:
    """How the words that are not zero lie close together, and how in the ledger."""
    places = [place for place in range(32) if mask >> place & 1]
    layout = "".join("H" if place in places else "2x" for place in range(32))
    return Struct(f"<I{len(places)}H"), Struct("<" + layout)
