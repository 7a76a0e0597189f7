"""What the registry says of a bag, in the few numbers that the engine uses: for worker, page and back-test."""
from bisect import bisect_right
from datetime import UTC, datetime, time

from sqlalchemy import Connection

from webapp.detect.event import BagFacts
from webapp.verify.china_day import CHINA
from webapp.verify.facts import Bag
from webapp.verify.page import PAGE_BITS, Bags, read_page

NOT_ISSUED = BagFacts(issued=False)


def facts_of(bag: Bag, at: float | None = None) -> BagFacts:
    """The engine's facts of a bag. `at` (s since the epoch): a recall opened later than that is not known yet."""
    if not bag.issued:
        return NOT_ISSUED
    lot = bag.lot
    recalled = bag.recall is not None and (at is None or bag.recall.opened_at.timestamp() <= at)
    return BagFacts(
        lot=lot.batch_id if lot else 0,
        destination=(bag.destination_adcode or 0) // 10000,
        shipped_at=bag.shipped_at.timestamp() if bag.shipped_at else 0.0,
        quantity=lot.quantity if lot else 0,
        standing="recalled" if recalled else "void" if bag.void else "",
        best_before=_end_of_day(lot.best_before) if lot and lot.best_before else 0.0,
    )


def _end_of_day(day: object) -> float:
    return datetime.combine(day, time.max, CHINA).astimezone(UTC).timestamp()  # type: ignore[arg-type]


class BagTable:
    """Reads the registry by pages of 4,096 codes, each once; keeps of a page only where the facts change."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pages: dict[int, tuple[list[int], list[BagFacts]]] = {}
        self.lot_names: dict[int, str] = {}

    def facts(self, serial: int, at: float) -> BagFacts:
        """What was known at `at` of one code."""
        page = self._pages.get(serial >> PAGE_BITS)
        if page is None:
            page = self._pages[serial >> PAGE_BITS] = self._read(serial >> PAGE_BITS, at)
        starts, facts = page
        return facts[bisect_right(starts, serial) - 1]

    def _read(self, number: int, at: float) -> tuple[list[int], list[BagFacts]]:
        page = read_page(self._connection, number)
        self.lot_names.update((lot.batch_id, lot.lot) for lot in page.lots.values())
        bags = Bags(page)
        starts = [stretch.start for stretch in page.stretches]
        return starts, [facts_of(bags.bag(start), at) for start in starts]
