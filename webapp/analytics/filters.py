"""What a brand page is asked to count: days, product, lot and class of visitor, read from the address and nowhere else,
so that an address shows the same thing to whoever may open it."""
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT_DAYS = 30
LONGEST_DAYS = 731  # records are kept two years


class Visitor(StrEnum):
    """Who made a scan: `people` = first scans of a code and scans by another phone; the rest never mix into them."""

    PEOPLE = "people"
    REPEAT = "repeat"
    SHARED = "shared"
    STAFF = "staff"
    MACHINE = "machine"


CLASSES: Mapping[Visitor, tuple[str, ...]] = {
    Visitor.PEOPLE: ("first", "other"), Visitor.REPEAT: ("repeat",), Visitor.SHARED: ("shared",),
    Visitor.STAFF: ("staff",), Visitor.MACHINE: ("machine",),
}
VISITOR_OF: Mapping[str, Visitor] = {word: visitor for visitor, words in CLASSES.items() for word in words}


class BadFilter(Exception):
    """A part of the address cannot be read; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class ScanFilter:
    """Days are the calendar's in Asia/Shanghai, both ends in."""

    first_day: date
    last_day: date
    gtin: str | None = None
    lot: str | None = None
    visitor: Visitor = Visitor.PEOPLE

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def begin(self) -> datetime:
        """The first moment counted, in UTC (a full hour, so roll-ups fit exactly)."""
        return _midnight(self.first_day)

    @property
    def end(self) -> datetime:
        """The first moment no longer counted, in UTC."""
        return _midnight(self.last_day + timedelta(days=1))

    def before(self) -> "ScanFilter":
        """The same question about the equally long period before."""
        return replace(self, first_day=self.first_day - timedelta(days=self.days),
                       last_day=self.first_day - timedelta(days=1))

    def address(self, **changes: object) -> dict[str, Any]:
        """The filter as query parameters, with some of them changed; empty ones are left out."""
        parts = {"from": self.first_day, "to": self.last_day, "gtin": self.gtin, "lot": self.lot,
                 "visitor": self.visitor} | changes
        return {name: str(value) for name, value in parts.items() if value}


def read_filter(parts: Mapping[str, str], today: date) -> ScanFilter:
    """The filter an address means; the last 30 days up to `today` where it names none. Raises BadFilter."""
    last = _day(parts, "to", today)
    first = _day(parts, "from", last - timedelta(days=_number(parts, "days", DEFAULT_DAYS) - 1))
    if first > last or (last - first).days >= LONGEST_DAYS:
        raise BadFilter("from")
    try:
        visitor = Visitor(parts.get("visitor") or Visitor.PEOPLE)
    except ValueError:
        raise BadFilter("visitor") from None
    gtin = parts.get("gtin") or None
    return ScanFilter(first, last, gtin, (parts.get("lot") or None) if gtin else None, visitor)


def today_in_china(now: datetime | None = None) -> date:
    """The calendar day it is in Asia/Shanghai."""
    return (now or datetime.now(UTC)).astimezone(SHANGHAI).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _day(parts: Mapping[str, str], field: str, otherwise: date) -> date:
    text = parts.get(field)
    if not text:
        return otherwise
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadFilter(field) from None
    if not 2015 <= day.year <= 2100:
        raise BadFilter(field)
    return day


def _number(parts: Mapping[str, str], field: str, otherwise: int) -> int:
    text = parts.get(field)
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= LONGEST_DAYS):
        raise BadFilter(field)
    return int(text)
