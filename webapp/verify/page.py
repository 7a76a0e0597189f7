"""256 neighbouring codes as one value: the unit in which the registry is read, cached and asked.

A page is a few stretches, each a run of serials of which the same is known. It is small, typed and packable, so the
same value lives in the process, in Valkey and in tests.
"""
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, Row

from webapp.verify import registry
from webapp.verify.facts import Bag, LotFacts, ProductFacts, RecallFacts, ShipmentFacts

PAGE_BITS = 8  # ten boxes: with their journeys they cost as much to read as what is read once for any page
PAGE = 1 << PAGE_BITS
BLOCK_WITHDRAWN = "码段作废"


class Facts(Protocol):
    """What many pages have in common: `registry` itself, or who remembers it (held_facts.py)."""

    def lots_by_id(self, connection: Connection, batch_ids: Iterable[int]) -> dict[int, LotFacts]: ...
    def lots_by_name(self, connection: Connection, names: Iterable[registry.Named]) \
        -> dict[registry.Named, LotFacts]: ...
    def read_products(self, connection: Connection, gtins: Iterable[str]) -> dict[str, ProductFacts]: ...
    def read_recalls(self, connection: Connection, gtins: Iterable[str]) -> dict[str, list[RecallFacts]]: ...


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """From serial `start` to the next stretch, everything is alike. batch_id 0 = no lot."""

    start: int
    issued: bool
    void: str | None = None
    gtin: str | None = None
    lot_no: str | None = None
    batch_id: int = 0
    recall: RecallFacts | None = None
    box: str | None = None
    packed_at: datetime | None = None
    shipments: tuple[ShipmentFacts, ...] = ()


class Page(msgspec.Struct, frozen=True, gc=False):
    stretches: tuple[Stretch, ...]
    lots: dict[int, LotFacts]
    products: dict[str, ProductFacts]


class Bags:
    """A page made ready: `bag(serial)` is a bisection and one small allocation. A page of boxes has hundreds of
    stretches, so what is equal in them is kept once."""

    __slots__ = ("_facts", "_starts", "weight")

    def __init__(self, page: Page) -> None:
        self._starts = [stretch.start for stretch in page.stretches]
        same: dict[Any, Any] = {}
        self._facts = [_bag_facts(stretch, page, same) for stretch in page.stretches]
        self.weight = len(self._starts)

    def bag(self, serial: int, stale: bool = False) -> Bag:
        return Bag(serial, *self._facts[bisect_right(self._starts, serial) - 1], stale)  # type: ignore[call-arg]


class _Common(NamedTuple):
    """What pages that are read together have in common."""

    lots: dict[int, LotFacts]
    named: dict[registry.Named, LotFacts]
    recalls: dict[str, list[RecallFacts]]
    products: dict[str, ProductFacts]
    shipped: dict[registry.Owned, tuple[ShipmentFacts, ...]]


def read_pages(connection: Connection, firsts: Iterable[int], codes: int, facts: Facts = registry) -> dict[int, Page]:
    """Everything known of `codes` serials from each of `firsts` on. -> by first serial"""
    found = {first: registry.spans(connection, first, first + codes - 1) for first in firsts}
    gtins = {block.gtin for spans in found.values() for block in spans.blocks}
    common = _Common(
        facts.lots_by_id(connection, {run.batch_id for spans in found.values() for run in spans.runs}),
        facts.lots_by_name(connection, {name for spans in found.values() for name in _named(spans)}),
        facts.read_recalls(connection, gtins), facts.read_products(connection, gtins),
        _shipments_of_boxes(connection, [row for spans in found.values() for row in spans.packed]))
    return {first: _page(first, first + codes - 1, spans, common) for first, spans in found.items()}


def _page(first: int, last: int, spans: registry.Spans, common: _Common) -> Page:
    lots: dict[int, LotFacts] = {}

    def stretch(start: int) -> Stretch:
        block = _over(spans.blocks, start)
        if block is None:
            return Stretch(start, False)
        run, box = _over(spans.runs, start), _over(spans.packed, start)
        lot = common.lots[run.batch_id] if run else common.named.get((block.gtin, block.lot))
        if lot is not None:
            lots[lot.batch_id] = lot
        lot_no = lot.lot if lot else block.lot
        void = BLOCK_WITHDRAWN if block.status == "void" else next(
            (one.reason for one in spans.voids if one.first_serial <= start <= one.last_serial), None)
        return Stretch(
            start, True, void, lot.gtin if lot else block.gtin, lot_no, lot.batch_id if lot else 0,
            registry.recall_of(common.recalls, block.gtin, lot_no), box.parent if box else None,
            box.packed_at if box else None, common.shipped.get((box.owner_gln, box.parent), ()) if box else ())

    stretches = tuple(stretch(start) for start in _starts(first, last, spans))
    products = {block.gtin: common.products[block.gtin] for block in spans.blocks if block.gtin in common.products}
    return Page(stretches, lots, products)


def _named(spans: registry.Spans) -> set[registry.Named]:
    """Lots that a block names and no run of it assigns: only these must be looked for by name."""
    return {(block.gtin, block.lot) for block in spans.blocks if block.lot and not any(
        run.first_serial <= block.first_serial and block.last_serial <= run.last_serial for run in spans.runs)}


def _starts(first: int, last: int, spans: registry.Spans) -> list[int]:
    """Every serial at which something begins, or just ended."""
    edges = {edge for rows in spans for row in rows for edge in (row.first_serial, row.last_serial + 1)
             if first < edge <= last}
    return sorted(edges | {first})


def _over(rows: Sequence[Row[Any]], serial: int) -> Row[Any] | None:
    """The row of disjoint intervals, sorted by start, that holds `serial`."""
    at = bisect_right(rows, serial, key=_first_serial) - 1
    return rows[at] if at >= 0 and serial <= rows[at].last_serial else None


def _first_serial(row: Row[Any]) -> int:
    start: int = row.first_serial
    return start


def _shipments_of_boxes(connection: Connection,
                        packed: Sequence[Row[Any]]) -> dict[registry.Owned, tuple[ShipmentFacts, ...]]:
    """What is known of each box's journey, by its own shipments and by those of the pallet it stands on."""
    boxes: set[registry.Owned] = {(row.owner_gln, row.parent) for row in packed}
    if not boxes:
        return {}
    pallets = registry.pallets_of(connection, boxes)
    units = boxes | {(owner, pallet) for (owner, _), pallet in pallets.items()}
    rows = registry.shipments_of_units(connection, sorted({unit for _, unit in units}))
    journeys: dict[registry.Owned, list[ShipmentFacts]] = {}
    for owner, _, facts in rows:
        journeys.setdefault((owner, facts.unit), []).append(facts)
    return {
        box: tuple(sorted(journeys.get(box, []) + journeys.get((box[0], pallets.get(box, "")), []),
                          key=lambda facts: facts.shipped_at))
        for box in boxes
    }


def _bag_facts(stretch: Stretch, page: Page, same: dict[Any, Any]) -> tuple[Any, ...]:
    """The fields of a Bag between `serial` and `stale`; `same` holds what other stretches of the page have."""
    lot = page.lots.get(stretch.batch_id)
    product = lot.product if lot else page.products.get(stretch.gtin or "")
    shipments = stretch.shipments or (lot.shipments if lot else ())
    shipments = same.setdefault(shipments, shipments)
    shipped_at = shipments[0].shipped_at if shipments else None
    packed_on = stretch.packed_at.date() if stretch.packed_at else None
    label_tag = _tag(same, (stretch.issued, stretch.lot_no, stretch.batch_id, stretch.gtin),
                     (stretch.issued, stretch.lot_no, lot, product))
    told = (label_tag, stretch.void, stretch.recall, packed_on, shipments)
    return (
        stretch.issued, stretch.void, same.setdefault(stretch.gtin, stretch.gtin),
        same.setdefault(stretch.lot_no, stretch.lot_no), lot, product, stretch.recall, stretch.box,
        same.setdefault(stretch.packed_at, stretch.packed_at), shipments, shipped_at,
        _destination(stretch, shipments), label_tag, _tag(same, told, told))


def _destination(stretch: Stretch, shipments: tuple[ShipmentFacts, ...]) -> int | None:
    """Where the bag was sent last; of a lot sent to several places, nowhere in particular."""
    if not shipments:
        return None
    places = {one.destination_adcode for one in shipments}
    return shipments[-1].destination_adcode if stretch.shipments or len(places) == 1 else None


def _tag(same: dict[Any, Any], key: tuple[Any, ...], facts: object) -> str:
    """Short for `facts`, of which `key` says enough within a page."""
    tag: str | None = same.get(key)
    if tag is None:
        tag = same[key] = blake2b(msgspec.msgpack.encode(facts), digest_size=12).hexdigest()
    return tag
