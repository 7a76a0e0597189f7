"""What the registry already holds of the things a file names: bulk look-ups, and whose they are."""
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import or_, select

from webapp.intake.desk import Desk
from webapp.intake.refusals import Why
from webapp.models import Batch, Product, Site


class KnownProduct(NamedTuple):
    gtin: str
    name_zh: str
    name_en: str | None
    grade: str | None
    iodised: bool
    mine: bool


class KnownLot(NamedTuple):
    id: int
    gtin: str
    lot: str
    produced_on: date
    mine: bool


def own_sites(desk: Desk) -> set[str]:
    """GLNs of the enterprise: itself and every site its uploads introduced."""
    return set(desk.connection.scalars(
        select(Site.gln).where(or_(Site.owner_gln == desk.enterprise, Site.gln == desk.enterprise))))


def sites(desk: Desk, glns: Iterable[str]) -> set[str]:
    """Which of these GLNs are registered, whoever's they are."""
    return {row.gln for row in desk.fetch(select(Site.gln), Site.gln, glns)}


def own_site(desk: Desk, row: int, column: str, gln: str, own: set[str], known: set[str]) -> bool:
    """Whether a site is the enterprise's own; refuses the row when it is not."""
    if gln in own:
        return True
    desk.refuse(row, column, Why.OTHER_ENTERPRISE if gln in known else Why.UNKNOWN_SITE, value=gln)
    return False


def products(desk: Desk, gtins: Iterable[str]) -> dict[str, KnownProduct]:
    """The registered ones among these products."""
    query = select(Product.gtin, Product.name_zh, Product.name_en, Product.grade, Product.iodised,
                   Product.producer_gln)
    own = own_sites(desk)
    return {row.gtin: KnownProduct(row.gtin, row.name_zh, row.name_en, row.grade, row.iodised, row.producer_gln in own)
            for row in desk.fetch(query, Product.gtin, gtins)}


def own_product(desk: Desk, row: int, gtin: str, known: dict[str, KnownProduct]) -> KnownProduct | None:
    """The product when it is the enterprise's own; refuses the row when it is not."""
    product = known.get(gtin)
    if product is not None and product.mine:
        return product
    desk.refuse(row, "gtin", Why.UNKNOWN_PRODUCT if product is None else Why.OTHER_ENTERPRISE, value=gtin)
    return None


def lots(desk: Desk, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownLot]:
    """The registered ones among these (gtin, lot)."""
    by_product: dict[str, set[str]] = {}
    for gtin, lot in pairs:
        by_product.setdefault(gtin, set()).add(lot)
    mine = {gtin for gtin, product in products(desk, by_product).items() if product.mine}
    found = {}
    for gtin, names in by_product.items():
        query = select(Batch.id, Batch.gtin, Batch.lot, Batch.produced_on).where(Batch.gtin == gtin)
        for row in desk.fetch(query, Batch.lot, names):
            found[gtin, row.lot] = KnownLot(row.id, gtin, row.lot, row.produced_on, gtin in mine)
    return found


def own_lot(desk: Desk, row: int, gtin: str, lot: str, known: dict[tuple[str, str], KnownLot]) -> KnownLot | None:
    """The lot when it is the enterprise's own; refuses the row when it is not."""
    batch = known.get((gtin, lot))
    if batch is not None and batch.mine:
        return batch
    desk.refuse(row, "lot", Why.UNKNOWN_LOT if batch is None else Why.OTHER_ENTERPRISE, value=f"{gtin}/{lot}")
    return None
