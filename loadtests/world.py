"""A registry to load: one producer, one product, forty lots, many codes, some of them scanned before."""
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from webapp.codes.block import Block, finish, reserve
from webapp.codes.vectorised import make_codes
from webapp.db import Database
from webapp.detect.event import Event
from webapp.detect.ledger import SEEN, Ledger
from webapp.detect.rules import load_rules
from webapp.detect.short_ledger import shorten
from webapp.detect.weigh import fold
from webapp.keys import CodeKeys
from webapp.migrate import upgrade
from webapp.models import Batch, CodeHistory, CodeLedger, Packing, Product, Quality, Shipment, Site
from webapp.models.detector import LIVE
from webapp.verify.history import History
from webapp.verify.history import pack as pack_history
from webapp.verify.page import PAGE

GLN, GTIN, LOTS = "6999000100008", "06999000100015", 40
DESTINATION = 510000  # of the lots: Sichuan
BOX, PALLET = 24, 40  # bags of a box, boxes of a pallet
AT_ONCE = 1_000
NOW = datetime.now(UTC)
THEN = int((NOW - timedelta(days=30)).timestamp())


def fill(db: Database, keys: CodeKeys, codes: int, history: int, out: Path) -> int:
    """Migrate, register and issue; write `history` of the codes, evenly spread over the lots, one a line, to `out`.
    Those have been scanned once before. -> codes written"""
    upgrade(db)
    with db.transaction() as connection:
        connection.execute(insert(Site).values(
            gln=GLN, owner_gln=GLN, name_zh="压测盐业有限公司", name_en="Load Salt Works", kind="producer",
            adcode=510300, updated_at=NOW))
        connection.execute(insert(Product).values(
            gtin=GTIN, producer_gln=GLN, name_zh="深井精制盐", name_en="Refined well salt", brand="压测",
            net_weight_g=400, salt_source="well", iodised=True, iodine_mg_kg=25, grade="优级", standard="GB/T 5461",
            shelf_life_months=36, updated_at=NOW))
        for number in range(LOTS):
            add_lot(connection, number)
    each = history // LOTS
    with out.open("w") as file:
        for number in range(LOTS):
            block = reserve(db, GTIN, lot_name(number), max(codes // LOTS, each), keys.current)
            finish(db, block)
            with db.transaction() as connection:
                connection.execute(insert(CodeHistory), list(histories(block, each)))
                connection.execute(insert(CodeLedger), list(ledgers(block, each)))
            letters = make_codes(block.version, block.first_number, each, keys)
            file.write(b"\n".join(bytes(row) for row in letters).decode() + "\n")
    return each * LOTS


def add_lot(connection, number: int) -> None:
    made = date.today() - timedelta(days=60 + number)
    batch_id = connection.scalar(insert(Batch).values(
        gtin=GTIN, lot=lot_name(number), site_gln=GLN, line="A", produced_on=made, best_before=None, quantity=1_000_000,
        updated_at=NOW).returning(Batch.id))
    connection.execute(insert(Quality), [
        {"batch_id": batch_id, "item": item, "value": value, "unit": unit, "tested_on": made}
        for item, value, unit in (("nacl", 99.2, "g/100g"), ("iodine", 25.1, "mg/kg"), ("lead", 0.05, "mg/kg"))])
    connection.execute(insert(Shipment).values(
        owner_gln=GLN, shipment_no=f"S{number}", unit=f"{GTIN}/{lot_name(number)}", batch_id=batch_id, from_gln=GLN,
        destination_adcode=DESTINATION, shipped_at=NOW - timedelta(days=50)))


def pack(connection, first: int, last: int) -> None:
    """Every bag of these in a box, every box on a pallet that was sent somewhere."""
    row = {"owner_gln": GLN, "packed_at": NOW - timedelta(days=40)}
    starts = range(first, last + 1, BOX)
    boxes = [f"69990001{start:020d}" for start in starts]
    pallets = [f"P{boxes[at]}" for at in range(0, len(boxes), PALLET)]
    connection.execute(insert(Packing), [
        row | {"parent": box, "level": "box", "child_first": str(start), "child_last": str(start + BOX - 1),
               "first_serial": start, "last_serial": min(last, start + BOX - 1)}
        for box, start in zip(boxes, starts, strict=True)])
    connection.execute(insert(Packing), [
        row | {"parent": pallets[at // PALLET], "level": "pallet", "child_first": box, "child_last": box,
               "first_serial": None, "last_serial": None} for at, box in enumerate(boxes)])
    connection.execute(insert(Shipment), [
        {"owner_gln": GLN, "shipment_no": f"S{pallet}", "unit": pallet, "from_gln": GLN, "destination_adcode": 440000,
         "shipped_at": row["packed_at"] + timedelta(hours=1)} for pallet in pallets])


def fill_cold(db: Database, keys: CodeKeys, pages: int, out: Path) -> None:
    """As many packed bags, each on another page of the registry: nothing of it is remembered when it is scanned."""
    block = reserve(db, GTIN, lot_name(0), pages * PAGE, keys.current)
    finish(db, block)
    with db.transaction() as connection:
        pack(connection, block.first_serial, block.last_serial)
    with out.open("wb") as file:
        for page in range(0, pages, AT_ONCE):
            numbers = min(AT_ONCE, pages - page)
            letters = make_codes(block.version, block.first_number + page * PAGE, numbers * PAGE, keys)
            file.write(b"".join(bytes(letters[at * PAGE]) + b"\n" for at in range(numbers)))


def lot_name(number: int) -> str:
    return f"LT{number:04d}"


def histories(block: Block, count: int) -> Iterator[dict]:
    """One earlier scan for each of the first codes of a block, a month ago, in Chengdu."""
    seen = History(visits=1, first_at=THEN, last_at=THEN, scans=1, devices=1, first_adcode=510100, province_mask=1,
                   network_bits=1, last_devices=(7, 0, 0, 0, 0))
    for serial in range(block.first_serial, block.first_serial + count):
        yield {"serial": serial, "scans": 1, "state": pack_history(seen), "tail": b"", "updated_at": NOW}


def ledgers(block: Block, count: int) -> Iterator[dict]:
    """What the detectors made of these scans."""
    ledger = Ledger()
    fold(ledger, Event(THEN, block.first_serial, 7, 1, 510100, wechat=True), False, False, 1.0, load_rules().ledger)
    ledger.flags |= SEEN
    short = shorten(ledger.pack())
    for serial in range(block.first_serial, block.first_serial + count):
        yield {"serial": serial, "detector": LIVE, "ledger": short}
