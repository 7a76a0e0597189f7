"""Upload kind `products`: what stands on the label. Industrial salt (GB/T 5462) is no product here."""
from typing import NamedTuple

from sqlalchemy import select

from webapp.intake import known
from webapp.intake.checks import choice, gln, gtin, number, standard, text, whole, yes_no
from webapp.intake.columns import Column
from webapp.intake.corrections import revise_lots, settle
from webapp.intake.desk import Desk
from webapp.intake.quality import judge_lots
from webapp.intake.refusals import Why
from webapp.models import Batch, Product

COLUMNS = (
    Column("gtin", gtin),
    Column("name_zh", text(200)),
    Column("name_en", text(200), required=False),
    Column("brand", text(80)),
    Column("net_weight_g", number(0.1, 100_000_000)),
    Column("salt_source", choice("sea", "lake", "well")),
    Column("iodised", yes_no),
    Column("iodine_mg_kg", number(0, 1000), required=False),
    Column("grade", text(40), required=False),
    Column("standard", standard),
    Column("producer_gln", gln),
    Column("shelf_life_months", whole(1, 1200), required=False),
)


class Row(NamedTuple):
    row: int
    gtin: str
    name_zh: str
    name_en: str | None
    brand: str
    net_weight_g: float
    salt_source: str
    iodised: bool
    iodine_mg_kg: float | None
    grade: str | None
    standard: str
    producer_gln: str
    shelf_life_months: int | None


def store(desk: Desk, rows: list[Row]) -> None:
    """A corrected product makes its lots' test results be judged again: un-iodised salt has another iodine limit."""
    own, sites = known.own_sites(desk), known.sites(desk, (row.producer_gln for row in rows))
    current = [one._mapping for one in desk.fetch(select(Product.__table__), Product.gtin, (row.gtin for row in rows))]
    taken = {one["gtin"] for one in current if one["producer_gln"] not in own}
    good = []
    for row in rows:
        if row.gtin in taken:
            desk.refuse(row.row, "gtin", Why.OTHER_ENTERPRISE, value=row.gtin)
        elif known.own_site(desk, row.row, "producer_gln", row.producer_gln, own, sites):
            values = row._asdict()
            good.append((values.pop("row"), values))
    settled = settle(desk, Product, ("gtin",), good, current, {"updated_at": desk.now})
    corrected = [after["gtin"] for _, after in settled.corrected]
    lots = [one.id for one in desk.fetch(select(Batch.id), Batch.gtin, corrected)]
    judge_lots(desk, lots)
    revise_lots(desk, lots)
