"""The products and lots a person may choose from."""
from typing import NamedTuple

from sqlalchemy import Connection, select

from webapp.auth.permissions import Scope
from webapp.models import Batch, Product

MOST_LOTS = 200  # newest first; an older lot is still reached by typing its number into the address


class NotYours(Exception):
    """No such product or lot inside the scope: for this person it does not exist."""


class ProductChoice(NamedTuple):
    gtin: str
    name_zh: str
    name_en: str | None
    brand: str


def products(connection: Connection, scope: Scope) -> list[ProductChoice]:
    """Every product in scope, by brand and name."""
    question = (select(Product.gtin, Product.name_zh, Product.name_en, Product.brand).where(scope.products())
                .order_by(Product.brand, Product.name_zh, Product.gtin))
    return [ProductChoice._make(row) for row in connection.execute(question)]


def lots(connection: Connection, scope: Scope, gtin: str) -> list[str]:
    """Lots of one product, newest first, at most 200."""
    question = (select(Batch.lot).join(Product, Product.gtin == Batch.gtin).where(Batch.gtin == gtin, scope.products())
                .order_by(Batch.produced_on.desc(), Batch.lot).limit(MOST_LOTS))
    return list(connection.scalars(question))


def batch_id_of(connection: Connection, scope: Scope, gtin: str, lot: str | None) -> int | None:
    """The lot's row id, None where no lot is asked for. Raises NotYours."""
    if connection.scalar(select(Product.gtin).where(Product.gtin == gtin, scope.products())) is None:
        raise NotYours(gtin)
    if lot is None:
        return None
    batch_id = connection.scalar(select(Batch.id).where(Batch.gtin == gtin, Batch.lot == lot))
    if batch_id is None:
        raise NotYours(lot)
    return batch_id
