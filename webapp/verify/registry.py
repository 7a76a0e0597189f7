"""The questions the scan path asks the registry: rows in, frozen facts out. SQLAlchemy Core, index range scans only.

Codes are runs of serials. A question is about a page of neighbouring serials first..last, both in: what covers it is
the row that starts last at or before `first`, and the rows that start inside.
"""
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, ColumnElement, Connection, Row, Select, func, or_, select
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

SHIPMENTS_SHOWN = 200  # of one page of codes or one lot; a shopper reads a handful

Interval = type[CodeBlock] | type[CodeRun] | type[Packing]


def covering(table: Interval, first: int, last: int) -> Select[Any]:
    """Rows of a table of disjoint intervals that touch first..last: one index seek, then a range scan."""
    starts = table.first_serial
    before = select(func.max(starts)).where(starts <= first).scalar_subquery()
    return (
        select(table.__table__)
        .where(starts >= func.coalesce(before, first), starts <= last, table.last_serial >= first)
        .order_by(starts)
    )


def voids(first: int, last: int) -> Select[int, int, str]:
    """Voids that touch first..last. They may overlap; people make them one at a time, so there are few."""
    return select(CodeVoid.first_serial, CodeVoid.last_serial, CodeVoid.reason).where(
        CodeVoid.first_serial <= last, CodeVoid.last_serial >= first)


def parents_of(connection: Connection, boxes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The pallet of each box, both as (owner, id), where one is on record. A run of boxes is a range of their ids."""
    pallets: dict[tuple[str, str], str] = {}
    by_owner: dict[str, list[str]] = {}
    for owner, box in boxes:
        by_owner.setdefault(owner, []).append(box)
    for owner, names in by_owner.items():
        rows = connection.execute(
            select(Packing.parent, Packing.child_first, Packing.child_last)
            .where(Packing.owner_gln == owner, Packing.first_serial.is_(None),
                   Packing.child_first <= max(names), Packing.child_last >= min(names))
        ).all()
        for name in names:
            for parent, low, high in rows:
                if low <= name <= high and len(low) == len(name):
                    pallets[owner, name] = parent
    return pallets


def read_lots(connection: Connection, *, batch_ids: Iterable[int] = (),
              named: Iterable[tuple[str, str]] = ()) -> dict[int, LotFacts]:
    """Whole lots by row number, and by (gtin, lot). At most five queries, however many lots."""
    made_at, producer = aliased(Site, name="made_at"), aliased(Site, name="producer")
    wanted: list[ColumnElement[bool]] = [Batch.id.in_(list(batch_ids))]
    wanted += [(Batch.gtin == gtin) & (Batch.lot == lot) for gtin, lot in named]
    rows = connection.execute(
        select(Batch, Product, made_at, producer)
        .join(Product, Product.gtin == Batch.gtin)
        .join(made_at, made_at.gln == Batch.site_gln)
        .outerjoin(producer, producer.gln == Product.producer_gln)
        .where(or_(*wanted)).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    ).mappings().all()
    ids = [row["batch_id"] for row in rows]
    if not ids:
        return {}
    quality = _grouped(connection.execute(
        select(Quality).where(Quality.batch_id.in_(ids)).order_by(Quality.id)), "batch_id")
    shipments = read_shipments(connection, Shipment.batch_id.in_(ids))
    recalls = read_recalls(connection, {row["batch_gtin"] for row in rows})
    return {row["batch_id"]: _lot(row, quality, shipments, recalls) for row in rows}


def read_products(connection: Connection, gtins: Iterable[str]) -> dict[str, ProductFacts]:
    rows = connection.execute(select(Product.__table__).where(Product.gtin.in_(list(gtins))))
    return {row.gtin: _product(row._mapping, "") for row in rows}


def read_site(connection: Connection, gln: str) -> SiteFacts | None:
    row = connection.execute(select(Site.__table__).where(Site.gln == gln)).first()
    return _site(row._mapping, "") if row else None


def read_recalls(connection: Connection, gtins: Iterable[str]) -> dict[str, list[RecallFacts]]:
    """Open recalls by product, the gravest and then the newest first."""
    rows = connection.execute(
        select(Recall.gtin, Recall.public_id, Recall.level, Recall.reason, Recall.opened_at, Recall.lot)
        .where(Recall.gtin.in_(list(gtins)), Recall.closed_at.is_(None))
        .order_by(Recall.level, Recall.opened_at.desc()))
    found: dict[str, list[RecallFacts]] = {}
    for row in rows:
        facts = RecallFacts(row.public_id, row.level, row.reason, row.opened_at, row.lot)
        found.setdefault(row.gtin, []).append(facts)
    return found


def recall_of(recalls: dict[str, list[RecallFacts]], gtin: str, lot: str | None) -> RecallFacts | None:
    """The gravest recall that covers this lot; one of the whole product covers all."""
    return next((one for one in recalls.get(gtin, ()) if one.lot is None or one.lot == lot), None)


def read_shipments(connection: Connection, which: Any) -> list[tuple[str, int | None, ShipmentFacts]]:
    """(owner, batch_id, facts) of the shipments that match, oldest first, with the earliest receipt of each."""
    received = (
        select(func.min(Receipt.received_at))
        .where(Receipt.shipment_no == Shipment.shipment_no,
               or_(Receipt.at_gln == Shipment.to_gln, Receipt.owner_gln == Shipment.owner_gln))
        .correlate(Shipment).scalar_subquery()
    )
    rows = connection.execute(
        select(Shipment.owner_gln, Shipment.batch_id, Shipment.shipment_no, Shipment.unit, Shipment.from_gln,
               Shipment.to_gln, Site.name_zh, Site.name_en, Shipment.destination_adcode, Shipment.shipped_at, received)
        .outerjoin(Site, Site.gln == Shipment.to_gln)
        .where(which).order_by(Shipment.shipped_at).limit(SHIPMENTS_SHOWN))
    return [(owner, batch_id, ShipmentFacts(*facts)) for owner, batch_id, *facts in rows]


def _lot(row: Any, quality: dict[int, list[Any]], shipments: Sequence[tuple[str, int | None, ShipmentFacts]],
         recalls: dict[str, list[RecallFacts]]) -> LotFacts:
    batch_id, gtin, lot = row["batch_id"], row["batch_gtin"], row["batch_lot"]
    producer = _site(row, "producer_") if row["producer_gln"] is not None else None
    return LotFacts(
        batch_id=batch_id, gtin=gtin, lot=lot, site=_site(row, "made_at_"), line=row["batch_line"],
        produced_on=row["batch_produced_on"], best_before=row["batch_best_before"], quantity=row["batch_quantity"],
        flagged=row["batch_flagged"], product=_product(row, "product_"), producer=producer,
        quality=tuple(_quality(one) for one in quality.get(batch_id, ())),
        shipments=tuple(facts for _, of, facts in shipments if of == batch_id),
        recall=recall_of(recalls, gtin, lot), revision=row["batch_revision"])


def _quality(row: Row[Any]) -> QualityFacts:
    return QualityFacts(row.item, row.value, row.unit, row.method, row.report_no, row.tested_on, row.failed,
                        row.limit_text)


def _product(row: Any, prefix: str) -> ProductFacts:
    return ProductFacts(**{name: row[prefix + name] for name in ProductFacts.__struct_fields__})


def _site(row: Any, prefix: str) -> SiteFacts:
    return SiteFacts(**{name: row[prefix + name] for name in SiteFacts.__struct_fields__})


def _grouped(rows: Iterable[Row[Any]], column: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, column), []).append(row)
    return groups
