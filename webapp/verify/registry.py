"""The questions the scan path asks the registry: rows in, frozen facts out. SQLAlchemy Core, index range scans only.

Codes are runs of serials. A question is about a page of neighbouring serials first..last, both in: what covers it is
the row that starts last at or before `first`, and the rows that start inside. Each statement is built once: building
one costs as much as asking it.
"""
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from webapp.models.batch import Batch
from webapp.models.code_block import CodeBlock
from webapp.models.code_run import CodeRun
from webapp.models.code_void import CodeVoid
from webapp.models.packing import Packing
from webapp.models.product import Product
from webapp.models.quality import Quality
from webapp.models.recall import Recall
from webapp.models.receipt import Receipt
from webapp.models.shipment import Shipment
from webapp.models.site import Site
from webapp.verify.facts import LotFacts, ProductFacts, QualityFacts, RecallFacts, ShipmentFacts, SiteFacts

SHIPMENTS_READ = 200  # of each lot, box or pallet asked for together; a shopper reads a handful

Interval = type[CodeBlock] | type[CodeRun] | type[Packing]
Named = tuple[str, str]  # (gtin, lot)
Owned = tuple[str, str]  # (owner's GLN, id): box and pallet ids mean something only to whoever gave them
Question = Select[*tuple[Any, ...]]


@cache
def covering(table: Interval) -> Question:
    """Rows of a table of disjoint intervals that touch :first..:last: one index seek, then a range scan."""
    first, last = bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
    before = select(func.max(table.first_serial)).where(table.first_serial <= first).scalar_subquery()
    columns: dict[Interval, tuple[Any, ...]] = {
        CodeBlock: (CodeBlock.gtin, CodeBlock.lot, CodeBlock.status),
        CodeRun: (CodeRun.batch_id,),
        Packing: (Packing.owner_gln, Packing.parent, Packing.packed_at),
    }
    return (
        select(table.first_serial, table.last_serial, *columns[table])
        .where(table.first_serial >= func.coalesce(before, first), table.first_serial <= last,
               table.last_serial >= first)
        .order_by(table.first_serial)
    )


@cache
def voids() -> Question:
    """Voids that touch :first..:last. They may overlap; people make them one at a time, so there are few."""
    return select(CodeVoid.first_serial, CodeVoid.last_serial, CodeVoid.reason).where(
        CodeVoid.first_serial <= bindparam("last"), CodeVoid.last_serial >= bindparam("first"))


class Spans(NamedTuple):
    """What covers or begins in a page, each by first serial."""

    blocks: list[Row[Any]]
    runs: list[Row[Any]]
    packed: list[Row[Any]]
    voids: list[Row[Any]]


def spans(connection: Connection, first: int, last: int) -> Spans:
    """All four in one round trip."""
    found = Spans([], [], [], [])
    for row in sorted(connection.execute(everything(), {"first": first, "last": last}), key=attrgetter("first_serial")):
        found[row.kind].append(row)
    return found


@cache
def everything() -> CompoundSelect[*tuple[Any, ...]]:
    """That touches :first..:last. A row has the columns of all four; those of its own kind are filled."""
    questions = [covering(CodeBlock), covering(CodeRun), covering(Packing), voids()]
    columns = {column.name: column for question in questions for column in question.selected_columns}

    def part(kind: int, question: Question) -> Question:
        own = question.selected_columns
        return question.order_by(None).with_only_columns(literal_column(str(kind)).label("kind"), *(
            own[name] if name in own else cast(null(), column.type).label(name) for name, column in columns.items()))

    return union_all(*(part(kind, question) for kind, question in enumerate(questions)))


def pallets_of(connection: Connection, boxes: Collection[Owned]) -> dict[Owned, str]:
    """The pallet of each box where one is on record; a box on a pallet is a row of its own (intake/packing.py)."""
    rows = connection.execute(pallets(), {"wanted": [box for _, box in boxes]})
    return {(owner, box): parent for owner, box, parent in rows if (owner, box) in boxes}


@cache
def pallets() -> Question:
    """Of boxes :wanted."""
    return select(Packing.owner_gln, Packing.child_first, Packing.parent).where(
        Packing.child_first.in_(bindparam("wanted", expanding=True)), Packing.level == "pallet")


def lots_by_id(connection: Connection, batch_ids: Iterable[int]) -> dict[int, LotFacts]:
    """Whole lots by row number: five queries, however many lots; none for no lots."""
    wanted = list(batch_ids)
    return _whole(connection, connection.execute(_lots(_by_id), {"wanted": wanted}).mappings().all()) if wanted else {}


def lots_by_name(connection: Connection, names: Iterable[Named]) -> dict[Named, LotFacts]:
    """Whole lots by (gtin, lot)."""
    wanted = list(names)
    if not wanted:
        return {}
    lots = _whole(connection, connection.execute(_lots(_by_name), {"wanted": wanted}).mappings().all())
    return {(lot.gtin, lot.lot): lot for lot in lots.values()}


def _by_id() -> ColumnElement[bool]:
    return Batch.id.in_(bindparam("wanted", expanding=True))


def _by_name() -> ColumnElement[bool]:
    return tuple_(Batch.gtin, Batch.lot).in_(bindparam("wanted", expanding=True))


@cache
def _lots(which: Callable[[], ColumnElement[bool]]) -> Question:
    made_at, producer = aliased(Site, name="made_at"), aliased(Site, name="producer")
    return (
        select(Batch, Product, made_at, producer)
        .join(Product, Product.gtin == Batch.gtin)
        .join(made_at, made_at.gln == Batch.site_gln)
        .outerjoin(producer, producer.gln == Product.producer_gln)
        .where(which()).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )


def _whole(connection: Connection, rows: Sequence[Any]) -> dict[int, LotFacts]:
    """The lots of these rows with results, shipments and recalls."""
    if not rows:
        return {}
    ids = [row["batch_id"] for row in rows]
    quality: dict[int, list[Row[Any]]] = {}
    for one in connection.execute(_results(), {"wanted": ids}):
        quality.setdefault(one.batch_id, []).append(one)
    shipments = shipments_of_lots(connection, ids)
    recalls = read_recalls(connection, {row["batch_gtin"] for row in rows})
    return {row["batch_id"]: _lot(row, quality.get(row["batch_id"], []), shipments, recalls) for row in rows}


@cache
def _results() -> Question:
    return select(Quality.__table__).where(Quality.batch_id.in_(bindparam("wanted", expanding=True))).order_by(
        Quality.id)


def read_products(connection: Connection, gtins: Iterable[str]) -> dict[str, ProductFacts]:
    rows = connection.execute(_products(), {"wanted": list(gtins)})
    return {row.gtin: _product(row._mapping, "") for row in rows}


@cache
def _products() -> Question:
    return select(Product.__table__).where(Product.gtin.in_(bindparam("wanted", expanding=True)))


def read_site(connection: Connection, gln: str) -> SiteFacts | None:
    row = connection.execute(select(Site.__table__).where(Site.gln == gln)).first()
    return _site(row._mapping, "") if row else None


def read_recalls(connection: Connection, gtins: Iterable[str]) -> dict[str, list[RecallFacts]]:
    """Open recalls by product, the gravest and then the newest first."""
    found: dict[str, list[RecallFacts]] = {}
    for row in connection.execute(_recalls(), {"wanted": list(gtins)}):
        facts = RecallFacts(row.public_id, row.level, row.reason, row.opened_at, row.lot)
        found.setdefault(row.gtin, []).append(facts)
    return found


@cache
def _recalls() -> Question:
    return (
        select(Recall.gtin, Recall.public_id, Recall.level, Recall.reason, Recall.opened_at, Recall.lot)
        .where(Recall.gtin.in_(bindparam("wanted", expanding=True)), Recall.closed_at.is_(None))
        .order_by(Recall.level, Recall.opened_at.desc())
    )


def recall_of(recalls: dict[str, list[RecallFacts]], gtin: str, lot: str | None) -> RecallFacts | None:
    """The gravest recall that covers this lot; one of the whole product covers all."""
    return next((one for one in recalls.get(gtin, ()) if one.lot is None or one.lot == lot), None)


def shipments_of_lots(connection: Connection, batch_ids: Iterable[int]) -> list[tuple[str, int | None, ShipmentFacts]]:
    """(owner, batch_id, facts) of shipments of whole lots, oldest first, with the earliest receipt of each."""
    return _shipped(_bounded(connection, _of_lots, list(batch_ids)))


def shipments_of_units(connection: Connection, units: Iterable[str]) -> list[tuple[str, int | None, ShipmentFacts]]:
    """The same of boxes and pallets."""
    return _shipped(_bounded(connection, _of_units, list(units)))


def _bounded(connection: Connection, which: Callable[[], ColumnElement[bool]], wanted: list[Any]) -> Iterable[Any]:
    return connection.execute(_shipments(which), {"wanted": wanted, "most": SHIPMENTS_READ * len(wanted)})


def _shipped(rows: Iterable[Any]) -> list[tuple[str, int | None, ShipmentFacts]]:
    return [(owner, batch_id, ShipmentFacts(*facts)) for owner, batch_id, *facts in rows]


def _of_lots() -> ColumnElement[bool]:
    return Shipment.batch_id.in_(bindparam("wanted", expanding=True))


def _of_units() -> ColumnElement[bool]:
    return Shipment.unit.in_(bindparam("wanted", expanding=True))


@cache
def _shipments(which: Callable[[], ColumnElement[bool]]) -> Question:
    received = (
        select(func.min(Receipt.received_at))
        .where(Receipt.shipment_no == Shipment.shipment_no,
               or_(Receipt.at_gln == Shipment.to_gln, Receipt.owner_gln == Shipment.owner_gln))
        .correlate(Shipment).scalar_subquery()
    )
    return (
        select(Shipment.owner_gln, Shipment.batch_id, Shipment.shipment_no, Shipment.unit, Shipment.from_gln,
               Shipment.to_gln, Site.name_zh, Site.name_en, Shipment.destination_adcode, Shipment.shipped_at, received)
        .outerjoin(Site, Site.gln == Shipment.to_gln)
        .where(which()).order_by(Shipment.shipped_at).limit(bindparam("most"))
    )


def _lot(row: Any, quality: Sequence[Row[Any]], shipments: Sequence[tuple[str, int | None, ShipmentFacts]],
         recalls: dict[str, list[RecallFacts]]) -> LotFacts:
    batch_id, gtin, lot = row["batch_id"], row["batch_gtin"], row["batch_lot"]
    producer = _site(row, "producer_") if row["producer_gln"] is not None else None
    return LotFacts(
        batch_id=batch_id, gtin=gtin, lot=lot, site=_site(row, "made_at_"), line=row["batch_line"],
        produced_on=row["batch_produced_on"], best_before=row["batch_best_before"], quantity=row["batch_quantity"],
        flagged=row["batch_flagged"], product=_product(row, "product_"), producer=producer,
        quality=tuple(_quality(one) for one in quality),
        shipments=tuple(facts for _, of, facts in shipments if of == batch_id),
        recall=recall_of(recalls, gtin, lot), revision=row["batch_revision"])


def _quality(row: Row[Any]) -> QualityFacts:
    return QualityFacts(row.item, row.value, row.unit, row.method, row.report_no, row.tested_on, row.failed,
                        row.limit_text)


def _product(row: Any, prefix: str) -> ProductFacts:
    return ProductFacts(**{name: row[prefix + name] for name in ProductFacts.__struct_fields__})


def _site(row: Any, prefix: str) -> SiteFacts:
    return SiteFacts(**{name: row[prefix + name] for name in SiteFacts.__struct_fields__})
