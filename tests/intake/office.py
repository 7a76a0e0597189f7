"""One enterprise handing in files, and a stranger: rows that are right, to be spoilt one value at a time."""
import csv
import io
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select

from webapp.db import Database
from webapp.intake.answer import UploadResult
from webapp.intake.upload import accept
from webapp.keys import CodeKeys, KeyPair, Keys
from webapp.models import Base, Change, CodeBlock, CodeRun, Upload
from webapp.verify.code import code_of

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
GLN, PLANT, STRANGER, WHOLESALER = "6901234500004", "6901234500011", "6909876500000", "6905555500002"
GTIN, GTIN_2, STRANGERS_GTIN = "06901234500011", "06901234500028", "06909876500017"
KEYS = Keys(CodeKeys({1: KeyPair(bytes(range(32)), bytes(range(32, 64)))}, current=1),
            device=bytes(32), receipt=bytes(32), session=bytes(32), demo=True)
BLOCK, VOID_BLOCK, STRANGERS_BLOCK = 1 << 45 | 1_000, 1 << 45 | 50_000, 1 << 45 | 90_000
BLOCK_SIZE = 1_000

RIGHT: dict[str, dict[str, Any]] = {
    "sites": {"gln": GLN, "name_zh": "示例盐业有限公司", "name_en": "Example Salt", "kind": "producer",
              "adcode": "510300", "address": "自贡市示例路1号", "lat": "29.34", "lon": "104.78",
              "uscc": "91510300MA0000000U", "sc_licence": "SC10351030200010", "salt_certificate": "SD-510001",
              "phone": "0813-1234567"},
    "products": {"gtin": GTIN, "name_zh": "深井精制盐", "name_en": "Well salt", "brand": "示例", "net_weight_g": "400",
                 "salt_source": "well", "iodised": "yes", "iodine_mg_kg": "25", "grade": "优级",
                 "standard": "GB/T 5461", "producer_gln": GLN, "shelf_life_months": "36"},
    "batches": {"gtin": GTIN, "lot": "L1", "site_gln": GLN, "line": "A", "produced_on": "2026-10-01",
                "best_before": "2029-10-01", "quantity": "1000"},
    "quality": {"gtin": GTIN, "lot": "L1", "item": "iodine", "value": "25", "unit": "mg/kg", "method": "GB 5009.42",
                "report_no": "R-1", "tested_on": "2026-10-02"},
    "shipments": {"shipment_no": "S1", "unit": f"{GTIN}/L1", "from_gln": GLN, "to_gln": WHOLESALER,
                  "destination_adcode": "440000", "shipped_at": "2026-10-05T08:00:00+08:00"},
    "receipts": {"shipment_no": "S1", "at_gln": GLN, "received_at": "2026-10-08T08:00:00+08:00", "quantity": "1000"},
    "line_counts": {"site_gln": GLN, "line": "A", "date": "2026-10-01", "bags_produced": "1000", "bags_read": "990"},
}


def code(serial: int) -> str:
    return code_of(serial, KEYS.codes)


def run_of(first: int, count: int = 1, **other: Any) -> dict[str, Any]:
    """A row of `lots_of_codes` for codes of BLOCK, counted from its first."""
    return {"gtin": GTIN, "lot": "L1", "first_code": code(BLOCK + first), "last_code": code(BLOCK + first + count - 1),
            **other}


def box(parent: str, first: int, count: int = 1, **other: Any) -> dict[str, Any]:
    """A row of `packing`: bags of BLOCK into a box."""
    return {"parent": parent, "level": "box", "child_first": code(BLOCK + first),
            "child_last": code(BLOCK + first + count - 1), "packed_at": "2026-10-02T10:00:00+08:00", **other}


def pallet(parent: str, first: str, last: str = "", **other: Any) -> dict[str, Any]:
    """A row of `packing`: boxes onto a pallet."""
    return {"parent": parent, "level": "pallet", "child_first": first, "child_last": last,
            "packed_at": "2026-10-03T10:00:00+08:00", **other}


def csv_of(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


class Office:
    """Hands files in and looks at what is in the tables afterwards."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def hand_in(self, kind: str, *rows: dict[str, Any] | bytes, enterprise: str = GLN, **options: Any) -> UploadResult:
        """The answer to a file of these rows, each the right one with some values replaced; or of these bytes."""
        if len(rows) == 1 and isinstance(rows[0], bytes):
            body = rows[0]
        else:
            body = csv_of([RIGHT.get(kind, {}) | row for row in rows]).encode()
        options = {"actor": "test", "now": NOW, "language": "en", "trusted": True} | options
        return accept(self.db, kind, io.BytesIO(body), "file.csv", enterprise, keys=KEYS, **options)

    def set_up(self) -> "Office":
        """The enterprise with a product and a lot, and a stranger with the same."""
        for kind in ("sites", "products", "batches"):
            assert self.hand_in(kind, {}).status == "accepted"
        stranger = {"producer_gln": STRANGER, "gtin": STRANGERS_GTIN}
        assert self.hand_in("sites", {"gln": STRANGER}, enterprise=STRANGER).status == "accepted"
        assert self.hand_in("products", stranger, enterprise=STRANGER).status == "accepted"
        lot = {"gtin": STRANGERS_GTIN, "site_gln": STRANGER}
        assert self.hand_in("batches", lot, enterprise=STRANGER).status == "accepted"
        return self

    def issue(self) -> "Office":
        """Three blocks of codes: one good, one void, one of the stranger's."""
        blocks = ((BLOCK, GTIN, GLN, "issued"), (BLOCK + BLOCK_SIZE, GTIN, GLN, "issued"),
                  (VOID_BLOCK, GTIN, GLN, "void"), (STRANGERS_BLOCK, STRANGERS_GTIN, STRANGER, "issued"))
        with self.db.transaction() as connection:
            connection.execute(insert(CodeBlock), [
                {"first_serial": first, "last_serial": first + BLOCK_SIZE - 1, "gtin": gtin, "enterprise_gln": gln,
                 "status": status, "issued_at": NOW, "lot": None} for first, gtin, gln, status in blocks])
        return self

    def all(self, table: type[Base]) -> list[Any]:
        """Every row of a table, as mappings."""
        with self.db.write.connect() as connection:
            query = select(table.__table__).order_by(*table.__table__.primary_key)
            return [row._mapping for row in connection.execute(query)]

    def one(self, table: type[Base], **where: Any) -> Any:
        """The one row with these values."""
        found = [row for row in self.all(table) if all(row[name] == value for name, value in where.items())]
        assert len(found) == 1, found
        return found[0]

    def count(self) -> dict[str, int]:
        """Rows of every table an upload may write, but for the record of the upload itself."""
        with self.db.write.connect() as connection:
            return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                    for table in Base.metadata.sorted_tables if table is not Upload.__table__}

    def history(self, table: str) -> list[tuple[str, dict, dict]]:
        """(row key, before, after) of every correction."""
        return [(one["row_key"], one["before"], one["after"]) for one in self.all(Change) if one["table_name"] == table]

    def runs(self) -> list[tuple[int, int, int]]:
        """(first, last, batch) of the runs on lots, counted from BLOCK."""
        return [(run["first_serial"] - BLOCK, run["last_serial"] - BLOCK, run["batch_id"]) for run in self.all(CodeRun)]


def refusals(result: UploadResult) -> list[tuple[int, str, str]]:
    """(row, column, code) of every error."""
    return [error[:3] for error in result.errors]
