"""A small registry for the tests of look-ups and pages: two producers, two products, blocks and lots, in plain rows."""
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from webapp import models
from webapp.db import Database

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # noon in China
NOW_US = int(NOW.timestamp()) * 1_000_000
PRODUCER, WHOLESALER = "6901234000009", "6909876000004"
SEA, WELL = "06901234500010", "06901234500027"
BASE = 1 << 45  # serial of number 0, key version 1


def put(db: Database, table: type[models.Base], **row: Any) -> int:
    """Insert one row and give its id (0 where the key is not a number)."""
    with db.transaction() as connection:
        key = connection.execute(insert(table).values(**row)).inserted_primary_key[0]
    return key if isinstance(key, int) else 0


def site(db: Database, gln: str, kind: str = "producer", **row: Any) -> None:
    put(db, models.Site, **{
        "gln": gln, "owner_gln": gln, "name_zh": "青禾盐业有限公司", "name_en": "Qinghe Salt Co.", "kind": kind,
        "adcode": 370700, "address": "滨海路 1 号", "sc_licence": "SC10337070012345", "salt_certificate": "SD-015",
        "phone": "0536-5551234", "updated_at": NOW, **row})


def product(db: Database, gtin: str = SEA, **row: Any) -> None:
    put(db, models.Product, **{
        "gtin": gtin, "producer_gln": PRODUCER, "name_zh": "精制海盐", "name_en": "Refined sea salt", "brand": "青禾",
        "net_weight_g": 400, "salt_source": "sea", "iodised": True, "iodine_mg_kg": 25, "grade": "优级",
        "standard": "GB/T 5461", "shelf_life_months": 36, "updated_at": NOW, **row})


def lot(db: Database, name: str, gtin: str = SEA, **row: Any) -> int:
    return put(db, models.Batch, **{
        "gtin": gtin, "lot": name, "site_gln": PRODUCER, "line": "1", "produced_on": date(2026, 3, 1),
        "best_before": date(2029, 3, 1), "quantity": 1000, "updated_at": NOW, **row})


def block(db: Database, first: int, last: int, gtin: str = SEA, **row: Any) -> int:
    return put(db, models.CodeBlock, **{
        "first_serial": first, "last_serial": last, "gtin": gtin, "enterprise_gln": PRODUCER, "status": "issued",
        "issued_at": NOW, **row})


def run(db: Database, first: int, last: int, block_id: int, batch_id: int) -> int:
    return put(db, models.CodeRun, first_serial=first, last_serial=last, block_id=block_id, batch_id=batch_id)


def void(db: Database, first: int, last: int, reason: str = "包装被盗") -> None:
    put(db, models.CodeVoid, first_serial=first, last_serial=last, reason=reason, voided_at=NOW, voided_by="t")


def pack(db: Database, parent: str, first: int, last: int, **row: Any) -> None:
    put(db, models.Packing, **{
        "owner_gln": PRODUCER, "parent": parent, "level": "box", "child_first": str(first), "child_last": str(last),
        "first_serial": first, "last_serial": last, "packed_at": NOW - timedelta(days=80), **row})


def ship(db: Database, number: str, unit: str, **row: Any) -> None:
    put(db, models.Shipment, **{
        "owner_gln": PRODUCER, "shipment_no": number, "unit": unit, "from_gln": PRODUCER, "to_gln": WHOLESALER,
        "destination_adcode": 510000, "shipped_at": NOW - timedelta(days=60), **row})


def quality(db: Database, batch_id: int, item: str = "nacl", **row: Any) -> None:
    put(db, models.Quality, **{
        "batch_id": batch_id, "item": item, "value": 99.1, "unit": "g/100 g", "method": "GB 5009.42",
        "report_no": "QH-26-118", "tested_on": date(2026, 3, 2), "failed": False, "limit_text": "≥ 97", **row})


def recall(db: Database, gtin: str = SEA, lot_no: str | None = None, **row: Any) -> None:
    put(db, models.Recall, **{
        "public_id": f"RC-{lot_no or 'ALL'}", "gtin": gtin, "lot": lot_no, "level": 2, "reason": "碘含量不足",
        "known_at": NOW - timedelta(days=2), "opened_at": NOW - timedelta(days=1), "closed_at": None, **row})


def people_and_goods(db: Database) -> None:
    """The sites and products everything else refers to."""
    site(db, PRODUCER)
    site(db, WHOLESALER, "wholesaler", name_zh="蓉城盐业批发", name_en="Rongcheng Wholesale", adcode=510100)
    product(db)
    product(db, WELL, name_zh="井矿盐", name_en="Well salt", salt_source="well", iodised=False, iodine_mg_kg=None)
