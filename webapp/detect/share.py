"""Codes shared out (分片) among sets of detectors, so that several workers detect: which set learns which code.

Evidence hangs on lots, so codes of a lot stay together: a stretch of four million serials, and nearly every lot with
it, belongs to one set. Each set has a lead, a state and an end of its own; what phones and networks did with codes of
another set it does not know (what that costs: decision 0013). Wrong codes belong to the first.
"""
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, literal, or_, true

from cache.keys import STRETCH_BITS, share_of


class Share(NamedTuple):
    """`number` of `of`, from 0."""

    number: int = 0
    of: int = 1

    def named(self, kind: str) -> str:
        """The name of a set of detectors of this kind (live, shadow) that learns this share."""
        return kind if self.of == 1 else f"{kind}.{self.number}/{self.of}"

    def has(self, serial: int) -> bool:
        return share_of(serial, self.of) == self.number

    def among(self, serial: Any) -> ColumnElement[bool]:
        """The same as a condition on a column of serials."""
        return serial.bitwise_rshift(literal(STRETCH_BITS, Integer)) % self.of == self.number if self.of > 1 else true()


WHOLE = Share()


def is_of(kind: str, name: Any) -> ColumnElement[bool]:
    """Whether a column names a set of detectors of this kind, whatever its share."""
    return or_(name == kind, name.startswith(f"{kind}."))


def shares(of: int) -> list[Share]:
    return [Share(number, of) for number in range(of)]
