"""A product to break: gunicorn and worker as processes, a database and a Valkey of their own, codes without end."""
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.served import Served, served
from tests.servers import Postgres, postgres_primary, valkey_server
from tests.verify import world
from webapp.db import Database
from webapp.migrate import upgrade
from webapp.settings import load_settings
from webapp.verify.code import code_of


class Installed(NamedTuple):
    """`postgres` None = on SQLite. Serials of issued codes start at `base`."""

    served: Served
    postgres: Postgres | None
    base: int

    def code(self, serial: int) -> str:
        return code_of(serial, self.served.codes)

    def connect(self) -> socket.socket:
        """A connection to the web server, as a shopper's phone has one."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        try:
            connection.connect(self.served.socket)
        except OSError:
            connection.close()
            raise
        return connection


@contextmanager
def installed(home: Path, sqlite: bool = False) -> Iterator[Installed]:
    """Migrated, with one lot of very many codes; no process of ours runs yet. Everything ends with the block."""
    with ExitStack() as stack:
        postgres = None if sqlite else stack.enter_context(postgres_primary())
        valkey = stack.enter_context(valkey_server())
        settings = load_settings(home=home, database_url=postgres.url() if postgres else "", redis_url=valkey.url)
        db = Database(settings)
        upgrade(db)
        db.close()
        one = stack.enter_context(served(settings))
        yield Installed(one, postgres, world.BASE)
