"""What the registry says of a bag, in the few numbers that the engine uses: for worker, page and back-test."""
from bisect import bisect_right
from datetime import UTC, date, datetime, time
from math import inf
from zlib import crc32

import msgspec
from sqlalchemy import Connection

from webapp.detect.event import DAY, MICROSECONDS, BagFacts
from webapp.verify.china_day import CHINA, day_of
from webapp.verify.facts import Bag, LotFacts
from webapp.verify.page import Bags, read_pages

NOT_ISSUED = BagFacts(issued=False)
REMEMBERED = 20_000
READ_AT_ONCE = 4096  # codes
CHINA_S = 8 * 3600


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
        box=crc32(bag.box.encode()) or 1 if bag.box else 0,
        places=() if bag.destination_adcode else tuple(sorted(
            {one.destination_adcode // 10000 for one in bag.shipments})),
    )


class LiveFacts:
    """The facts of bags as the live detectors ask for them: remembered by what is known of the bag.

    Live, nobody knows yet when a bag in the store will leave: a lot made at most `unshipped_days` ago, or boxed,
    without a shipment on record, has not left.
    """

    def __init__(self, unshipped_days: int) -> None:
        self._days = unshipped_days
        self._known: dict[tuple[str, str | None, int | None, int], BagFacts] = {}

    def of(self, bag: Bag | None, at: float) -> BagFacts:
        """`at`: when the bag was scanned, s since the epoch. None: no code of ours."""
        if bag is None or not bag.issued:
            return NOT_ISSUED
        day = 0 if bag.shipped_at is not None else int((at + CHINA_S) // DAY)
        key = (bag.version_tag, bag.box, bag.destination_adcode, day)
        facts = self._known.get(key)
        if facts is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            facts = self._known[key] = self._facts(bag, at)
        return facts

    def _facts(self, bag: Bag, at: float) -> BagFacts:
        facts = facts_of(bag)
        if bag.lot is None or bag.shipped_at is not None or not in_store(
                bag, bag.lot, day_of(int(at * MICROSECONDS)), self._days):
            return facts
        return msgspec.structs.replace(facts, shipped_at=inf)


def in_store(bag: Bag, lot: LotFacts, day: date, unshipped_days: int) -> bool:
    """Whether a bag without a shipment on record must still be in the producer's store on that day."""
    return bag.box is not None or (day - lot.produced_on).days <= unshipped_days


def _end_of_day(day: object) -> float:
    return datetime.combine(day, time.max, CHINA).astimezone(UTC).timestamp()  # type: ignore[arg-type]


class BagTable:
    """Reads the registry 4,096 codes at a time, each once; keeps of a page only where the facts change."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pages: dict[int, tuple[list[int], list[BagFacts]]] = {}
        self.lot_names: dict[int, str] = {}

    def facts(self, serial: int, at: float) -> BagFacts:
        """What was known at `at` of one code."""
        page = self._pages.get(serial // READ_AT_ONCE)
        if page is None:
            page = self._pages[serial // READ_AT_ONCE] = self._read(serial // READ_AT_ONCE, at)
        starts, facts = page
        return facts[bisect_right(starts, serial) - 1]

    def _read(self, number: int, at: float) -> tuple[list[int], list[BagFacts]]:
        first = number * READ_AT_ONCE
        page = read_pages(self._connection, [first], READ_AT_ONCE)[first]
        self.lot_names.update((lot.batch_id, lot.lot) for lot in page.lots.values())
        bags = Bags(page)
        starts = [stretch.start for stretch in page.stretches]
        return starts, [facts_of(bags.bag(start), at) for start in starts]
