"""Days as the calendar in China counts them (UTC+8, no summer time); everything else inside is in UTC."""
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

CHINA = timezone(timedelta(hours=8), "CST")
_SHIFT_US = 8 * 3600 * 1_000_000
_DAY_US = 86400 * 1_000_000
_EPOCH = date(1970, 1, 1).toordinal()


def day_of(at_us: int) -> date:
    """The day in China at `at_us` (µs since the epoch)."""
    return _date(_EPOCH + (at_us + _SHIFT_US) // _DAY_US)


_date = lru_cache(4096)(date.fromordinal)


def microseconds(at: datetime) -> int:
    """µs since the epoch of an aware time."""
    return int(at.timestamp()) * 1_000_000 + at.microsecond
