"""A registry with one producer, one product and one lot, which is all that issuing codes needs."""
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from webapp.db import Database
from webapp.keys import CodeKeys, KeyPair
from webapp.models import Batch, Product, Site

GTIN, GLN, LOT = "06901234567892", "6901234567892", "L2601,A"  # a lot with a comma, as lots come
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def keys() -> CodeKeys:
    return CodeKeys({1: KeyPair(bytes(range(32)), bytes(range(32, 64)))}, current=1)


def fill(db: Database) -> None:
    """Write the producer, the product and the lot."""
    with db.transaction() as connection:
        connection.execute(insert(Site).values(
            gln=GLN, owner_gln=GLN, name_zh="海盐厂", kind="producer", adcode=371300, updated_at=NOW))
        connection.execute(insert(Product).values(
            gtin=GTIN, producer_gln=GLN, name_zh="海盐", brand="示例", net_weight_g=400, salt_source="sea",
            iodised=False, standard="GB/T 5461", updated_at=NOW))
        connection.execute(insert(Batch).values(
            gtin=GTIN, lot=LOT, site_gln=GLN, produced_on=date(2026, 1, 5), quantity=10_000, updated_at=NOW))


@pytest.fixture
def db(database: Database) -> Database:
    """The registry on SQLite and on PostgreSQL."""
    fill(database)
    return database
