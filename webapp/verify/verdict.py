"""The twelve words a shopper may read, worst first."""
from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """In order of severity: where several hold, the first of them is said."""

    RECALLED = "recalled"
    VOID = "void"
    SUSPECT = "suspect"
    UNRELEASED = "unreleased"
    EXPIRED = "expired"
    CAUTION = "caution"
    AGAIN = "again"
    SHARED_LINK = "shared_link"
    FIRST = "first"
    PENDING = "pending"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"


SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of at least one verdict."""
    return min(verdicts, key=SEVERITY.__getitem__)
