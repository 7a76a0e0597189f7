"""The whole app inside the test's process, for faults that need no process of their own."""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

from tests.verify import world
from tests.views.public.conftest import connect
from webapp.app import create_app
from webapp.db import Database
from webapp.keys import create_keys
from webapp.settings import Settings
from webapp.verify.code import code_of
from webapp.views.public.parts import Parts

AGENT = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36"


class Inside(NamedTuple):
    """`ask` = one phone looks at a code's page; every network is another phone."""

    app: Flask
    parts: Parts
    settings: Settings

    @property
    def db(self) -> Database:
        return self.parts.db

    def stock(self, lot: str = "L1") -> int:
        """A shipped lot on codes 0..9999; gives its batch id."""
        batch = world.lot(self.db, lot)
        world.run(self.db, world.BASE, world.BASE + 9_999, world.block(self.db, world.BASE, world.BASE + 9_999), batch)
        world.ship(self.db, "S1", f"{world.SEA}/{lot}", batch_id=batch)
        return batch

    def path(self, number: int) -> str:
        return "/" + code_of(world.BASE + number, self.parts.keys.codes)

    def ask(self, number: int, network: str = "198.51.100.7") -> dict[str, Any]:
        answer = self._get(number, network, "application/json")
        assert answer.status_code in (200, 404)
        told: dict[str, Any] = answer.json
        return told

    def page(self, number: int, network: str = "198.51.100.7") -> str:
        return self._get(number, network, "text/html").text

    def _get(self, number: int, network: str, wanted: str) -> TestResponse:
        return self.app.test_client().get(
            self.path(number), base_url=self.settings.base_url, headers={"Accept": wanted},
            environ_base={"REMOTE_ADDR": network, "HTTP_USER_AGENT": AGENT})


@contextmanager
def inside(settings: Settings, valkey: bool = True) -> Iterator[Inside]:
    """`valkey`: wait for it first. The registry holds two producers and two products."""
    if not settings.keys.exists():
        create_keys(settings.keys, demo=False)
    app = create_app(settings)
    parts: Parts = app.extensions["parts"]
    if valkey:
        connect(parts)
    world.people_and_goods(parts.db)
    try:
        yield Inside(app, parts, settings)
    finally:
        parts.spool.close()
        parts.db.close()
        app.extensions["staff"].db.close()
        parts.cache.close()

