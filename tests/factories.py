"""Rows for tests: two brands, their producers, products and lots, and what happened to them. Every text of brand B
carries CANARY, so that a leak is found wherever it shows."""
import secrets
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert, select

from webapp.db import Database
from webapp.models import Alert, Batch, Case, Product, Rollup, Scan, Site, Upload
from webapp.scanlog.partitions import ensure_months, month_of

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
CANARY = "canary-7f3a9c"
BRAND_A, BRAND_B = "海之晶", f"井盐坊{CANARY}"
GLN_A, GLN_B = "6901234500009", "6909876500003"
GTIN_A, GTIN_B = "06901234500016", "06909876500010"
LOT_A, LOT_B = "A20261001", "B7f3a9c"
CHENGDU, ZIGONG, NANJING, LHASA = 510100, 510300, 320100, 540100


def add_registry(db: Database) -> dict[str, int]:
    """A producer, a product and a lot for each brand; the answer is the lots' row ids by lot number."""
    with db.transaction() as connection:
        ids = {}
        for gln, gtin, lot, brand, adcode in ((GLN_A, GTIN_A, LOT_A, BRAND_A, ZIGONG),
                                              (GLN_B, GTIN_B, LOT_B, BRAND_B, NANJING)):
            mark = CANARY if brand == BRAND_B else "A"
            connection.execute(insert(Site).values(
                gln=gln, owner_gln=gln, name_zh=f"盐厂{mark}", name_en=f"Works {mark}", kind="producer",
                adcode=adcode, updated_at=AT))
            connection.execute(insert(Product).values(
                gtin=gtin, producer_gln=gln, name_zh=f"食用盐{mark}", name_en=f"Salt {mark}", brand=brand,
                net_weight_g=400, salt_source="well", iodised=True, iodine_mg_kg=25, standard="GB/T 5461",
                updated_at=AT))
            ids[lot] = connection.execute(insert(Batch).values(
                gtin=gtin, lot=lot, site_gln=gln, produced_on=date(2026, 10, 1), quantity=10_000,
                updated_at=AT)).inserted_primary_key[0]
        return ids


def add_rollup(db: Database, gtin: str, adcode: int, visitor: str, scans: int, hour: datetime = AT,
               batch_id: int = 0) -> None:
    """Scans of one hour."""
    with db.transaction() as connection:
        connection.execute(insert(Rollup).values(
            hour=hour, adcode=adcode, gtin=gtin, batch_id=batch_id, visitor=visitor, scans=scans))


def add_scans(db: Database, serial: int, adcodes: list[int], batch_id: int | None = None, verdict: str = "again",
              agent: str = "wechat") -> None:
    """One scan an hour, each by a device of its own."""
    with db.transaction() as connection:
        ensure_months(connection, {month_of(AT + timedelta(hours=n)) for n in range(len(adcodes))})
        connection.execute(insert(Scan), [
            {"at": AT + timedelta(hours=n), "scan_id": secrets.token_hex(16), "serial": serial, "batch_id": batch_id,
             "device": 1000 + n, "network": "203.0.113.0/24", "adcode": adcode,
             "place_source": "geoip" if adcode else "none", "radius_km": 50 if adcode else 0, "agent": agent,
             "wifi": False, "hosting": False, "shared": False, "role": "shopper", "verdict": verdict}
            for n, adcode in enumerate(adcodes)])


def add_case(db: Database, brand: str | None, serial: int | None = None, lot: str | None = None, area: int = 0,
             kind: str = "clone", severity: str = "case", opened_at: datetime = AT, evidence: str = "两省之间") -> str:
    """An open case with one alert; the answer is its public id."""
    public_id = secrets.token_hex(8)
    with db.transaction() as connection:
        row = connection.execute(select(Batch.id, Batch.gtin).where(Batch.lot == lot)).one_or_none() if lot else None
        case_id = connection.execute(insert(Case).values(
            public_id=public_id, subject=f"test:{public_id}", kind=kind, severity=severity, score=7.5, state="new",
            serial=serial, batch_id=row.id if row else None, gtin=row.gtin if row else None, brand=brand, area=area,
            opened_at=opened_at, updated_at=opened_at)).inserted_primary_key[0]
        connection.execute(insert(Alert).values(
            case_id=case_id, at=opened_at, kind=kind, severity=severity, score=7.5, serial=serial,
            batch_id=row.id if row else None, area=area, serials=[],
            evidence=[{"zh": evidence, "en": evidence, "weight": 5.0}, {"zh": "同一手机", "en": "one phone",
                                                                       "weight": -1.5}]))
    return public_id


def add_upload(db: Database, gln: str, kind: str = "batches") -> str:
    """A file handed in; the answer is its public id."""
    public_id = secrets.token_hex(8)
    with db.transaction() as connection:
        connection.execute(insert(Upload).values(
            public_id=public_id, enterprise_gln=gln, kind=kind, idempotency_key=public_id, body_hash="0" * 64,
            status="partially_accepted", rows=10, accepted=8, rejected=2, duplicates=0, errors=[], created_at=AT))
    return public_id
