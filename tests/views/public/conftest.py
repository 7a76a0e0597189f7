from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

from cache.connection import CacheAway
from tests.servers import wait_for
from tests.verify import world
from webapp.app import create_app
from webapp.db import Database
from webapp.settings import load_settings
from webapp.verify.code import code_of
from webapp.views.public.parts import Parts

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36"


class Shop(NamedTuple):
    """A served product: `phone()` makes a new shopper's browser, `code(n)` the code of running number n."""

    parts: Parts
    phone: Callable[..., FlaskClient]
    code: Callable[[int], str]

    @property
    def db(self) -> Database:
        return self.parts.db


def connect(parts: Parts) -> None:
    """A first connection may take longer than a page would wait for it, on a machine busy with tests."""

    def answers() -> bool:
        try:
            return bool(parts.cache.call("PING"))
        except CacheAway:
            return False

    wait_for(answers, "Valkey")


@pytest.fixture
def shop(home, sqlite_url: str, valkey_url: str) -> Iterator[Shop]:
    """The whole app on SQLite and a real Valkey, with two producers and two products in its registry."""
    app = create_app(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url))
    parts: Parts = app.extensions["parts"]
    connect(parts)
    world.people_and_goods(parts.db)

    def phone(network: str = "198.51.100.7", agent: str = PHONE, **headers: str) -> FlaskClient:
        client = app.test_client()
        client.environ_base.update(
            {"REMOTE_ADDR": network, "HTTP_USER_AGENT": agent},
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()})
        return client

    yield Shop(parts, phone, lambda number: code_of(world.BASE + number, parts.keys.codes))
    parts.spool.close()
    parts.cache.close()
    parts.db.close()
