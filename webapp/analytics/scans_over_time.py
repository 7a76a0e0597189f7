"""How scans of a brand's codes came in: by day and by product. Reads `rollup` only."""
from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from webapp.analytics.filters import CLASSES, SHANGHAI, ScanFilter
from webapp.analytics.scans_by_place import counted
from webapp.auth.permissions import Scope
from webapp.models import Rollup


class Day(NamedTuple):
    day: date
    scans: int


def scans_by_day(connection: Connection, scope: Scope, wanted: ScanFilter) -> list[Day]:
    """One entry a calendar day in Asia/Shanghai, empty days too. Raises NotYours."""
    question = (select(Rollup.hour, func.sum(Rollup.scans))
                .where(*counted(connection, scope, wanted), Rollup.visitor.in_(CLASSES[wanted.visitor]))
                .group_by(Rollup.hour))
    scans: Counter[date] = Counter()
    for hour, count in connection.execute(question):
        scans[hour.astimezone(SHANGHAI).date()] += count
    return [Day(day, scans[day]) for day in
            (wanted.first_day + timedelta(days=n) for n in range(wanted.days))]


def scans_by_product(connection: Connection, scope: Scope, wanted: ScanFilter) -> dict[str, int]:
    """Scans by GTIN; products without one are left out. Raises NotYours."""
    question = (select(Rollup.gtin, func.sum(Rollup.scans))
                .where(*counted(connection, scope, wanted), Rollup.visitor.in_(CLASSES[wanted.visitor]))
                .group_by(Rollup.gtin))
    return dict(connection.execute(question).all())
