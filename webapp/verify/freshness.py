"""How long what was read of the registry may be believed."""
import random
import time
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

GOOD_S = 20.0  # an entry of the current version is read again after this long, give or take a quarter
UNVERSIONED_S = 1.0  # while nobody can say which version is current: a recall must still show within a second
UNFINISHED_S = 1.0  # data that is still to come (no block, no lot) is looked for again this soon
YOUNG_S = 5.0  # of a replica: it may still show what was before


class Held(NamedTuple, Generic[T]):
    """What was read under which version, by the monotonic clock (s)."""

    value: T
    version: int | None
    read_at: float
    good_for: float


class Read(NamedTuple):
    """The version under which something is about to be read, since when, and whether every replica knows it by now:
    right after a new version one may still lack it."""

    version: int | None
    at: float
    settled: bool

    def held(self, value: T, good_for: float = GOOD_S) -> Held[T]:
        """What was read, to be remembered so many seconds at most."""
        good_for = good_for if self.settled else min(good_for, UNVERSIONED_S)
        return Held(value, self.version, self.at, good_for * random.uniform(0.75, 1.25))


class Freshness:
    """One per process: which version of the registry is the current one. `version` None = not read yet. `young_s`: so
    long after a new version what is read may still lack it."""

    def __init__(self, young_s: float) -> None:
        self.young_s = young_s
        self.version: int | None = None
        self._since = 0.0

    def agrees(self, version: int | None) -> bool:
        """Take note of the version somebody brought; False when it is a new one."""
        if version == self.version:
            return True
        self.version, self._since = version, time.monotonic()
        return False

    def of(self, held: Held[T]) -> bool:
        """Whether this may be told without reading it again."""
        age = time.monotonic() - held.read_at
        return held.version == self.version and age < (held.good_for if self.version is not None else UNVERSIONED_S)

    def reading(self) -> Read:
        """Note it before you read, not after."""
        now = time.monotonic()
        return Read(self.version, now, now - self._since >= self.young_s)
