"""Microseconds since the epoch, as the spool keeps them, and aware times, as the tables do."""
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(at: int) -> datetime:
    """The aware time of `at` µs since the epoch, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=at)
