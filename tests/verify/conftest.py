import pytest

from tests.verify import world
from webapp.db import Database


@pytest.fixture
def db(database: Database) -> Database:
    """Both databases we support, with two sites and two products in them."""
    world.people_and_goods(database)
    return database
