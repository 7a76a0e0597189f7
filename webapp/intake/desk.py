"""The desk on which one file is worked: who hands it in, through which transaction, and what became of its rows."""
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select

from webapp.intake.refusals import Refusal, Refusals, Why
from webapp.keys import CodeKeys
from webapp.verify.china_day import CHINA

CLOCK_SLACK = timedelta(minutes=10)
CHUNK = 2_000  # values of one IN list; SQLite takes 32,766, PostgreSQL plans short lists best


class Desk:
    """One upload at work. `now` is aware UTC; `accepted` and `duplicates` count rows of the file."""

    def __init__(self, connection: Connection, enterprise: str, actor: str, now: datetime, keys: CodeKeys,
                 trusted: bool = False) -> None:
        self.connection, self.enterprise, self.actor = connection, enterprise, actor
        self.now, self.keys, self.trusted = now, keys, trusted
        self.today: date = now.astimezone(CHINA).date()
        self.refusals = Refusals()
        self.accepted = self.duplicates = 0
        self.seen: dict[tuple[Any, ...], int] = {}  # keys this file named so far, and in which row first

    def refuse(self, row: int, column: str, why: Why, **values: Any) -> None:
        """Say that this row of the file does not go in."""
        self.refusals.add(Refusal(row, column, why, values))

    def in_future(self, row: int, column: str, value: date | datetime) -> bool:
        """Refuse a day or time that has not come (clocks may differ by ten minutes); tells whether it did."""
        limit = self.now + CLOCK_SLACK if isinstance(value, datetime) else self.today
        if value <= limit:
            return False
        self.refuse(row, column, Why.FUTURE, value=day_or_time(value))
        return True

    def out_of_order(self, row: int, early: tuple[str, Any], late: tuple[str, Any], same: bool = True) -> bool:
        """Refuse two named days or two named times in the wrong order; tells whether it did.

        An empty one is in order. `same`: whether both may be the same. The refusal is put on the late one.
        """
        if early[1] is None or late[1] is None or early[1] < late[1] or (same and early[1] == late[1]):
            return False
        self.refuse(row, late[0], Why.DATE_ORDER, early=early[0], early_value=day_or_time(early[1]),
                    late=late[0], late_value=day_or_time(late[1]))
        return True

    def fetch(self, query: Select[*tuple[Any, ...]], column: Any, values: Iterable[Any]) -> list[Any]:
        """The rows of `query` whose `column` is one of many values, a few thousand at a time."""
        wanted = sorted(set(values))
        found: list[Any] = []
        for start in range(0, len(wanted), CHUNK):
            found += self.connection.execute(query.where(column.in_(wanted[start:start + CHUNK]))).all()
        return found


def day_or_time(value: date | datetime) -> str:
    """As a person in China reads it."""
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat(timespec="minutes")
    return value.isoformat()
