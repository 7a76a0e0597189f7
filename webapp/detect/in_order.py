"""Visits arrive from many machines a little out of order; what they mean must not depend on that."""
import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TypeVar

from webapp.detect.event import Event

HOLD_S = 60.0

T = TypeVar("T")


class TooLate(Exception):
    """A visit arrived after one that is more than a minute later. `tag` is the caller's."""

    def __init__(self, tag: object) -> None:
        super().__init__(tag)
        self.tag = tag


def in_order(events: Iterable[tuple[Event, T]], hold_s: float = HOLD_S) -> Iterator[tuple[Event, T]]:
    """Hand `events` on in order of time, each held back until `hold_s` of later time was seen. Two of one instant come
    by code and device, so any order of arrival within the minute gives the same order. Raises TooLate."""
    waiting: list[tuple[float, int, str, int, int, Event, T]] = []
    tie = count()
    newest = float("-inf")
    for event, tag in events:
        at = event.at
        if at < newest - hold_s:
            raise TooLate(tag)
        newest = max(newest, at)
        heapq.heappush(waiting, (at, event.serial, event.text, event.device, next(tie), event, tag))
        while waiting[0][0] < newest - hold_s:
            entry = heapq.heappop(waiting)
            yield entry[5], entry[6]
    while waiting:
        entry = heapq.heappop(waiting)
        yield entry[5], entry[6]
