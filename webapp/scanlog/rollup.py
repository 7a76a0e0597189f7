"""Counts for the brand pages: scans by hour, place, product, lot and class of visitor."""
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection

from webapp.models import Rollup
from webapp.scanlog.fold import Shipped
from webapp.scanlog.instant import utc
from webapp.scanlog.scan import sighting_of
from webapp.upsert import upsert
from webapp.verify.sighting import HOSTING, MACHINE

HOUR_US = 3_600_000_000
COLUMNS = ("hour", "adcode", "gtin", "batch_id", "visitor")


def visitor_of(shipped: Shipped) -> str:
    """first | repeat | other (device) | shared | staff | machine: who looked, in words the brand pages filter by."""
    scan, before = shipped.scan, shipped.before
    if scan.role == "staff":
        return "staff"
    if sighting_of(scan).flags & (HOSTING | MACHINE):
        return "machine"
    if scan.shared:
        return "shared"
    if not before.scans:
        return "first"
    return "repeat" if before.knows(scan.device) else "other"


def roll_up(connection: Connection, shipped: Iterable[Shipped]) -> None:
    """Add the scans to their cells."""
    counts = Counter(
        (one.scan.at // HOUR_US * HOUR_US, one.scan.adcode, one.bag.gtin or "",
         one.bag.lot.batch_id if one.bag.lot else 0, visitor_of(one))
        for one in shipped)
    upsert(connection, Rollup, [
        dict(zip(COLUMNS, (utc(cell[0]), *cell[1:]), strict=True)) | {"scans": scans}
        for cell, scans in sorted(counts.items())
    ], add=["scans"])
