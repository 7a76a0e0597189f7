"""Where a brand's codes were scanned (扫码分布). Reads `rollup` only, never `scan`."""
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from webapp.analytics.filters import VISITOR_OF, ScanFilter, Visitor
from webapp.analytics.k_anonymity import Cell, Cloaked, K, cloak
from webapp.analytics.products import batch_id_of
from webapp.auth.permissions import Scope
from webapp.models import Rollup
from webapp.places import UNLOCATED


class Row(NamedTuple):
    """One line of the table and of the export. `places`: how many places the line sums up."""

    level: Literal["province", "place", "rest", "elsewhere", "unlocated", "total"]
    adcode: int
    places: int
    scans: int | None


@dataclass(frozen=True)
class ScansByPlace:
    """located + unlocated = total, to the last scan. A number is None where fewer than five people made it."""

    located: Cloaked
    unlocated: int
    by_visitor: dict[Visitor, int | None]

    @property
    def total(self) -> int | None:
        return self.located.scans + self.unlocated if self.located.readable else None

    def rows(self) -> Iterator[Row]:
        """The total, what of it could not be placed, then province by province with its places."""
        yield Row("total", UNLOCATED, 0, self.total)
        yield Row("unlocated", UNLOCATED, 0, self.unlocated)
        if self.located.readable:
            for province in self.located.provinces:
                yield Row("province", province.adcode, len(province.places) + province.rest_places, province.scans)
                yield from (Row("place", cell.adcode, 1, cell.scans) for cell in province.places)
                if province.rest_scans:
                    yield Row("rest", province.adcode, province.rest_places, province.rest_scans)
        if self.located.elsewhere_scans or not self.located.readable:
            scans = self.located.elsewhere_scans if self.located.readable else None
            yield Row("elsewhere", UNLOCATED, len(self.located.elsewhere), scans)


def scans_by_place(connection: Connection, scope: Scope, wanted: ScanFilter) -> ScansByPlace:
    """Count once, by place and class. Raises NotYours for a product or lot outside the scope."""
    scans: dict[int, Counter[Visitor]] = {}
    for adcode, visitor, count in connection.execute(question(connection, scope, wanted)):
        scans.setdefault(adcode, Counter())[VISITOR_OF[visitor]] += count
    unlocated = scans.pop(UNLOCATED, Counter())
    # A machine is nobody: its places need no cover.
    k = 0 if wanted.visitor is Visitor.MACHINE else K
    located = cloak((Cell(adcode, seen[Visitor.PEOPLE], seen[wanted.visitor]) for adcode, seen in scans.items()
                     if seen[wanted.visitor] or seen[Visitor.PEOPLE]), k)
    people = sum(seen[Visitor.PEOPLE] for seen in scans.values())
    whole = sum(scans.values(), unlocated)
    few = 0 < people < K or (people == 0 and any(scans.values()))
    by_visitor = {v: None if few and v is not Visitor.MACHINE else whole[v] for v in Visitor}
    return ScansByPlace(located, unlocated[wanted.visitor], by_visitor)


def question(connection: Connection, scope: Scope, wanted: ScanFilter):
    """Scans by place and class; the index on (gtin, hour) or the key on hour answers it."""
    return (select(Rollup.adcode, Rollup.visitor, func.sum(Rollup.scans))
            .where(*counted(connection, scope, wanted)).group_by(Rollup.adcode, Rollup.visitor))


def counted(connection: Connection, scope: Scope, wanted: ScanFilter) -> list[ColumnElement[bool]]:
    """The roll-ups a filter means, inside the scope. Raises NotYours."""
    conditions = [scope.rollups(), Rollup.hour >= wanted.begin, Rollup.hour < wanted.end]
    if wanted.gtin:
        batch_id = batch_id_of(connection, scope, wanted.gtin, wanted.lot)
        conditions.append(Rollup.gtin == wanted.gtin)
        if batch_id is not None:
            conditions.append(Rollup.batch_id == batch_id)
    return conditions
