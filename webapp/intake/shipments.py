"""Upload kind `shipments`: goods that left one of the enterprise's sites, and for where."""
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from webapp.intake import known
from webapp.intake.checks import adcode, gln, moment, text, unit
from webapp.intake.columns import Column
from webapp.intake.corrections import revise_lots, settle
from webapp.intake.desk import Desk
from webapp.intake.units import Units, lots_in
from webapp.models import Shipment

COLUMNS = (
    Column("shipment_no", text(40)),
    Column("unit", unit),
    Column("from_gln", gln),
    Column("to_gln", gln, required=False),
    Column("destination_adcode", adcode),
    Column("shipped_at", moment),
)
KEY = ("owner_gln", "shipment_no", "unit")


class Row(NamedTuple):
    row: int
    shipment_no: str
    unit: str
    from_gln: str
    to_gln: str | None
    destination_adcode: int
    shipped_at: datetime


def store(desk: Desk, rows: list[Row]) -> None:
    """A wholesaler may send on what was sent to it; the consignee need not be registered."""
    own, sites = known.own_sites(desk), known.sites(desk, (row.from_gln for row in rows))
    units = Units(desk, (row.unit for row in rows))
    good = []
    for row in rows:
        found = units.find(desk, row.row, row.unit)
        if (found is not None
                and known.own_site(desk, row.row, "from_gln", row.from_gln, own, sites)
                and not desk.in_future(row.row, "shipped_at", row.shipped_at)
                and not desk.out_of_order(row.row, (found.made, found.since), ("shipped_at", row.shipped_at))):
            values = row._asdict()
            good.append((values.pop("row"), values | {"owner_gln": desk.enterprise, "batch_id": found.batch_id}))
    current = desk.fetch(select(Shipment.__table__).where(Shipment.owner_gln == desk.enterprise),
                         Shipment.shipment_no, (values["shipment_no"] for _, values in good))
    settled = settle(desk, Shipment, KEY, good, [one._mapping for one in current])
    revise_lots(desk, lots_in(desk, ((values["unit"], values["batch_id"]) for values in settled.rows)))
