from pathlib import Path

import pytest

from cache.connection import Cache
from cache.history import HistoryCache
from tests.intake.office import GTIN, Office
from webapp.db import Database
from webapp.intake.announce import announce_change
from webapp.intake.recall import close_recall, open_recall
from webapp.settings import load_settings


@pytest.fixture
def told(home: Path, sqlite_url: str, valkey_url: str) -> tuple[Office, HistoryCache]:
    """An office whose Valkey runs, and that Valkey."""
    office = Office(Database(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)))
    return office.set_up(), HistoryCache(Cache(valkey_url))


def test_every_change_counts_the_registry_version_up_and_nothing_else_does(told: tuple[Office, HistoryCache]) -> None:
    office, cache = told
    versions = [cache.registry_version()]

    def after(_done: object) -> None:
        versions.append(cache.registry_version())

    after(office.hand_in("batches", {"lot": "L2"}))
    after(office.hand_in("batches", {"lot": "L2"}))
    after(office.hand_in("batches", {"lot": "L3"}, dry_run=True))
    after(office.hand_in("batches", {"lot": "批"}))
    after(recall := open_recall(office.db, GTIN, None, 1, "x", "t"))
    after(close_recall(office.db, recall.public_id, "t"))
    assert [late - early for early, late in zip(versions, versions[1:], strict=False)] == [1, 0, 0, 0, 1, 1]
    assert recall.announced


def test_a_valkey_that_is_away_is_told_and_fails_nothing(sqlite_database: Database) -> None:
    assert announce_change(sqlite_database) is False  # nothing listens at the socket of this home
