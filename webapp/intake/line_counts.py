"""Upload kind `line_counts`: bags a line made and read on a day, from which its scan rate (产线扫描率) comes."""
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from webapp.intake import known
from webapp.intake.checks import day, gln, text, whole
from webapp.intake.columns import Column
from webapp.intake.corrections import settle
from webapp.intake.desk import Desk
from webapp.intake.refusals import Why
from webapp.models import LineCount

COLUMNS = (
    Column("site_gln", gln),
    Column("line", text(40)),
    Column("date", day),
    Column("bags_produced", whole(0, 10**12)),
    Column("bags_read", whole(0, 10**12)),
)
KEY = ("site_gln", "line", "day")


class Row(NamedTuple):
    row: int
    site_gln: str
    line: str
    day: date
    bags_produced: int
    bags_read: int


def store(desk: Desk, rows: list[Row]) -> None:
    """A line cannot read more bags than it made."""
    own, sites = known.own_sites(desk), known.sites(desk, (row.site_gln for row in rows))
    good = []
    for row in rows:
        if not known.own_site(desk, row.row, "site_gln", row.site_gln, own, sites) \
                or desk.in_future(row.row, "date", row.day):
            continue
        if row.bags_read > row.bags_produced:
            desk.refuse(row.row, "bags_read", Why.MORE_READ, value=row.bags_read, high=row.bags_produced)
            continue
        values = row._asdict()
        good.append((values.pop("row"), values))
    days = [values["day"] for _, values in good] or [desk.today]
    current = desk.fetch(select(LineCount.__table__).where(LineCount.day.between(min(days), max(days))),
                         LineCount.site_gln, (values["site_gln"] for _, values in good))
    settle(desk, LineCount, KEY, good, [one._mapping for one in current])
