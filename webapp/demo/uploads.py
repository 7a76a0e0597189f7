"""The files the demo's enterprises hand in about their lots, as rows of the upload kinds."""
import csv
import io
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from webapp.demo.enterprises import Row
from webapp.demo.identifiers import sscc
from webapp.demo.lots import BAGS_A_BOX, BOXES_A_PALLET, FAILED, Lot

MORNING = timedelta(hours=1)  # 09:00 in China


def batch_rows(lots: Iterable[Lot]) -> list[Row]:
    return [
        {"gtin": lot.gtin, "lot": lot.number, "site_gln": lot.producer.plant, "line": lot.line,
         "produced_on": lot.produced_on, "best_before": lot.best_before or "", "quantity": lot.quantity}
        for lot in lots
    ]


def quality_rows(lots: Iterable[Lot], seed: int) -> list[Row]:
    """Five to seven results a lot, all within GB 2721 and GB 26878 but for one lot with too much iodine."""
    rows = []
    for lot in lots:
        rng = random.Random(f"quality/{seed}/{lot.order}")
        iodine = rng.gauss(lot.item.iodine, 1.2) if lot.item.iodine else rng.uniform(0.2, 1.5)
        results = {
            "nacl": (rng.uniform(70, 74) if lot.item.low_sodium else rng.uniform(98.6, 99.7), "g/100g", "GB 5009.42"),
            "iodine": (46.3 if lot.order == FAILED else iodine, "mg/kg", "GB 5009.42"),
            "moisture": (rng.uniform(0.05, 0.4), "g/100g", "GB 5009.3"),
            "lead": (rng.uniform(0.02, 0.2), "mg/kg", "GB 5009.12"),
            "arsenic": (rng.uniform(0.02, 0.1), "mg/kg", "GB 5009.11"),
            "barium": (rng.uniform(0.5, 4), "mg/kg", "GB 5009.42"),
        }
        if lot.item.low_sodium:
            results["kcl"] = (rng.uniform(24, 28), "g/100g", "GB 5009.42")
        rows += [
            {"gtin": lot.gtin, "lot": lot.number, "item": item, "value": round(value, 2), "unit": unit,
             "method": method, "report_no": f"JY{lot.number}", "tested_on": lot.produced_on + timedelta(days=1)}
            for item, (value, unit, method) in results.items()
        ]
    return rows


def packing_rows(lot: Lot, code_of: Callable[[int], str]) -> list[Row]:
    """Boxes of bags, then pallets of boxes; `code_of` gives the code of the lot's n-th bag, from 0."""
    packed_at = _time(datetime.combine(lot.produced_on, datetime.min.time(), UTC) + timedelta(days=1) + MORNING)
    boxes = [f"{lot.number}-{number:04d}" for number in range(1, lot.quantity // BAGS_A_BOX + 1)]
    rows: list[Row] = [
        {"parent": box, "level": "box", "child_first": code_of(number * BAGS_A_BOX),
         "child_last": code_of((number + 1) * BAGS_A_BOX - 1), "line": lot.line, "packed_at": packed_at}
        for number, box in enumerate(boxes)
    ]
    rows += [
        {"parent": pallet, "level": "pallet", "child_first": boxes[number * BOXES_A_PALLET],
         "child_last": boxes[(number + 1) * BOXES_A_PALLET - 1], "line": lot.line, "packed_at": packed_at}
        for number, pallet in enumerate(pallets(lot))
    ]
    return rows


def pallets(lot: Lot) -> list[str]:
    """SSCCs of a boxed lot's pallets."""
    count = lot.quantity // BAGS_A_BOX // BOXES_A_PALLET
    return [sscc(lot.producer.company, lot.order * 1000 + number) for number in range(1, count + 1)]


def shipment_rows(lot: Lot) -> list[Row]:
    """A lot leaves whole, or pallet by pallet: the first half of them to one province, the rest to another."""
    if lot.shipped_at is None:
        return []
    units = pallets(lot) if lot.boxed else [f"{lot.gtin}/{lot.number}"]
    destination = [lot.destinations[number * len(lot.destinations) // len(units)] for number in range(len(units))]
    return [
        {"shipment_no": f"FH{lot.number}-{province // 10000}", "unit": unit, "from_gln": lot.producer.store,
         "to_gln": lot.producer.wholesaler(province), "destination_adcode": province,
         "shipped_at": _time(lot.shipped_at)}
        for unit, province in zip(units, destination, strict=True)
    ]


def receipt_rows(lot: Lot, now: datetime) -> list[Row]:
    """What has arrived by now."""
    if lot.received_at is None or lot.received_at > now:
        return []
    return [
        {"shipment_no": f"FH{lot.number}-{province // 10000}", "at_gln": lot.producer.wholesaler(province),
         "received_at": _time(lot.received_at), "quantity": lot.quantity // len(lot.destinations)}
        for province in dict.fromkeys(lot.destinations)
    ]


def line_count_rows(lots: Iterable[Lot], seed: int) -> list[Row]:
    """Bags made and read by line and day; a semi-automatic line (半自动) misses more."""
    rng = random.Random(f"lines/{seed}")
    return [
        {"site_gln": lot.producer.plant, "line": lot.line, "date": lot.produced_on, "bags_produced": lot.quantity,
         "bags_read": round(lot.quantity * (rng.uniform(0.9, 0.94) if "半" in lot.line else rng.uniform(0.985, 0.999)))}
        for lot in lots
    ]


def as_csv(rows: list[Row]) -> bytes:
    """The file as an enterprise would send it: UTF-8, a header, cells that do not apply left empty."""
    columns = dict.fromkeys(column for row in rows for column in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
