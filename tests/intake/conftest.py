import pytest

from tests.intake.office import Office
from webapp.db import Database


@pytest.fixture
def bare(database: Database) -> Office:
    """Nothing registered yet; on SQLite and on PostgreSQL."""
    return Office(database)


@pytest.fixture
def office(bare: Office) -> Office:
    """An enterprise with a site, an iodised product and the lot L1, and a stranger with the same."""
    return bare.set_up()


@pytest.fixture
def issuing_office(office: Office) -> Office:
    """The same with blocks of codes."""
    return office.issue()


@pytest.fixture
def quick_office(sqlite_database: Database) -> Office:
    """An office with blocks of codes on SQLite alone, for long lists of values that never reach the database."""
    return Office(sqlite_database).set_up().issue()
