"""The whole app over two brands' data, and everybody's browser: what tests of the staff pages start from."""
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import (
    BRAND_A,
    BRAND_B,
    CANARY,
    CHENGDU,
    GLN_A,
    GLN_B,
    GTIN_A,
    GTIN_B,
    LHASA,
    LOT_A,
    LOT_B,
    NANJING,
    ZIGONG,
    add_case,
    add_registry,
    add_rollup,
    add_scans,
    add_upload,
)
from tests.people import Somebody, add_people, signed_in
from webapp.app import create_app
from webapp.db import Database
from webapp.settings import Settings, load_settings

SERIAL_A, SERIAL_B = 1 << 45 | 500, 1 << 45 | 900


@dataclass
class StaffWorld:
    """`case_a`, `case_b`: public ids of one open case of each brand."""

    app: Flask
    db: Database
    people: dict[str, int]
    lots: dict[str, int]
    case_a: str
    case_b: str
    upload_b: str

    def browser(self, who: Somebody | None) -> FlaskClient:
        """A browser this person is signed in with; None = a stranger's."""
        if who is None:
            return self.app.test_client()
        return signed_in(self.app, self.db, self.people[who.name])


@contextmanager
def staff_world(settings: Settings) -> Iterator[StaffWorld]:
    """Both brands scanned everywhere, a case and an upload each."""
    db, app = Database(settings), create_app(settings)
    app.config["TESTING"] = True
    people, lots = add_people(db), add_registry(db)
    for gtin, lot, places in ((GTIN_A, LOT_A, (CHENGDU, ZIGONG, LHASA)), (GTIN_B, LOT_B, (NANJING, CHENGDU, LHASA))):
        for count, place in zip((40, 25, 2), places, strict=True):
            add_rollup(db, gtin, place, "first", count, batch_id=lots[lot])
        add_rollup(db, gtin, 0, "first", 7, batch_id=lots[lot])
        add_rollup(db, gtin, places[0], "repeat", 9, batch_id=lots[lot])
    add_scans(db, SERIAL_A, [CHENGDU, LHASA, 0, CHENGDU], lots[LOT_A])
    add_scans(db, SERIAL_B, [NANJING, LHASA], lots[LOT_B], agent=CANARY[:16])
    case_a = add_case(db, BRAND_A, SERIAL_A, LOT_A)
    case_b = add_case(db, BRAND_B, SERIAL_B, LOT_B, area=NANJING, evidence=f"证据 {CANARY}")
    add_upload(db, GLN_A)
    upload_b = add_upload(db, GLN_B)
    try:
        yield StaffWorld(app, db, people, lots, case_a, case_b, upload_b)
    finally:
        for opened in (db, app.extensions["staff"].db, app.extensions["parts"].db):
            opened.close()


@pytest.fixture
def world(home: Path, sqlite_url: str) -> Iterator[StaffWorld]:
    with staff_world(load_settings(home=home, database_url=sqlite_url)) as made:
        yield made
