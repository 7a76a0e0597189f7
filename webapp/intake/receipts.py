"""Upload kind `receipts`: goods of a shipment that arrived at one of the enterprise's sites."""
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from webapp.intake import known
from webapp.intake.checks import gln, moment, text, whole
from webapp.intake.columns import Column
from webapp.intake.corrections import revise_lots, settle
from webapp.intake.desk import Desk
from webapp.intake.refusals import Why
from webapp.intake.units import lots_in
from webapp.models import Receipt, Shipment

COLUMNS = (
    Column("shipment_no", text(40)),
    Column("at_gln", gln),
    Column("received_at", moment),
    Column("quantity", whole(0, 10**12), required=False),
)
KEY = ("owner_gln", "shipment_no", "at_gln")


class Row(NamedTuple):
    row: int
    shipment_no: str
    at_gln: str
    received_at: datetime
    quantity: int | None


def store(desk: Desk, rows: list[Row]) -> None:
    """The shipment is the enterprise's own, or somebody sent it to one of its sites."""
    own, sites = known.own_sites(desk), known.sites(desk, (row.at_gln for row in rows))
    sent: dict[str, list[Shipment]] = {}
    for one in desk.fetch(select(Shipment.__table__), Shipment.shipment_no, (row.shipment_no for row in rows)):
        if one.owner_gln == desk.enterprise or one.to_gln in own:
            sent.setdefault(one.shipment_no, []).append(one)
    good = []
    for row in rows:
        shipment = sent.get(row.shipment_no)
        if shipment is None:
            desk.refuse(row.row, "shipment_no", Why.UNKNOWN_SHIPMENT, value=row.shipment_no)
        elif (known.own_site(desk, row.row, "at_gln", row.at_gln, own, sites)
                and not desk.in_future(row.row, "received_at", row.received_at)
                and not desk.out_of_order(row.row, ("shipped_at", min(one.shipped_at for one in shipment)),
                                          ("received_at", row.received_at))):
            values = row._asdict()
            good.append((values.pop("row"), values | {"owner_gln": desk.enterprise}))
    current = desk.fetch(select(Receipt.__table__).where(Receipt.owner_gln == desk.enterprise),
                         Receipt.shipment_no, (values["shipment_no"] for _, values in good))
    settled = settle(desk, Receipt, KEY, good, [one._mapping for one in current])
    revise_lots(desk, lots_in(
        desk, ((one.unit, one.batch_id) for values in settled.rows for one in sent[values["shipment_no"]])))
