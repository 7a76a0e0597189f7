"""Upload kind `sites`: places with a GLN. An enterprise names its own and those of the wholesalers it serves."""
from typing import NamedTuple

from sqlalchemy import or_, select

from webapp.intake.checks import adcode, choice, gln, number, sc_licence, text, uscc
from webapp.intake.columns import Column
from webapp.intake.corrections import revise, settle
from webapp.intake.desk import CHUNK, Desk
from webapp.intake.refusals import Why
from webapp.models import Batch, Product, Shipment, Site

COLUMNS = (
    Column("gln", gln),
    Column("name_zh", text(200)),
    Column("name_en", text(200), required=False),
    Column("kind", choice("producer", "wholesaler", "warehouse")),
    Column("adcode", adcode),
    Column("address", text(300), required=False),
    Column("lat", number(-90, 90), required=False),
    Column("lon", number(-180, 180), required=False),
    Column("uscc", uscc, required=False),
    Column("sc_licence", sc_licence, required=False),
    Column("salt_certificate", text(40), required=False),
    Column("phone", text(40), required=False),
)


class Row(NamedTuple):
    row: int
    gln: str
    name_zh: str
    name_en: str | None
    kind: str
    adcode: int
    address: str | None
    lat: float | None
    lon: float | None
    uscc: str | None
    sc_licence: str | None
    salt_certificate: str | None
    phone: str | None


def store(desk: Desk, rows: list[Row]) -> None:
    """A site belongs to whoever introduced it, but an enterprise's own GLN is always its own."""
    current = [one._mapping for one in desk.fetch(select(Site.__table__), Site.gln, (row.gln for row in rows))]
    owners = {one["gln"]: one["owner_gln"] for one in current}
    good = []
    for row in rows:
        if row.gln != desk.enterprise and owners.get(row.gln, desk.enterprise) != desk.enterprise:
            desk.refuse(row.row, "gln", Why.OTHER_ENTERPRISE, value=row.gln)
            continue
        values = row._asdict()
        good.append((values.pop("row"), values | {"owner_gln": desk.enterprise}))
    settled = settle(desk, Site, ("gln",), good, current, {"updated_at": desk.now})
    changed = [after["gln"] for _, after in settled.corrected]
    for start in range(0, len(changed), CHUNK):
        _revise_lots_of(desk, changed[start:start + CHUNK])


def _revise_lots_of(desk: Desk, glns: list[str]) -> None:
    """Lots made at, made by or sent to these sites show their names."""
    revise(desk, or_(
        Batch.site_gln.in_(glns),
        Batch.gtin.in_(select(Product.gtin).where(Product.producer_gln.in_(glns))),
        Batch.id.in_(select(Shipment.batch_id).where(or_(Shipment.to_gln.in_(glns), Shipment.from_gln.in_(glns))))))
