"""What every test may ask for: clean settings, a migrated database of its own, a Valkey without anything in it."""
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import redis
from hypothesis import settings as hypothesis_settings

from tests.servers import Postgres, postgres_primary, postgres_standby, valkey_server
from webapp.db import Database
from webapp.embedded import Valkey
from webapp.migrate import upgrade
from webapp.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
_numbers = count(1)

# How long an example takes says how busy the machine is; speed is measured in loadtests/.
hypothesis_settings.register_profile("saltcheck", deadline=None)
hypothesis_settings.load_profile("saltcheck")

# Nor does a Valkey that answers late on a busy machine say anything, but where time-outs are the subject.
PATIENCE = "SALTCHECK_REDIS_TIMEOUT_MS"
os.environ[PATIENCE] = "1000"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees only the settings it sets itself."""
    for name in list(os.environ):
        if name.startswith("SALTCHECK_") and name != PATIENCE:
            monkeypatch.delenv(name)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for Valkey as long as the product's default says."""
    monkeypatch.delenv(PATIENCE)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty SALTCHECK_HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, home: Path) -> Settings:
    """Settings on a migrated, empty database; the test runs on SQLite and on PostgreSQL."""
    return load_settings(home=home, database_url=request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A migrated, empty database; the test runs on SQLite and on PostgreSQL."""
    db = Database(settings)
    yield db
    db.close()


@pytest.fixture
def sqlite_database(home: Path, sqlite_url: str) -> Iterator[Database]:
    """A migrated, empty SQLite file."""
    db = Database(load_settings(home=home, database_url=sqlite_url))
    yield db
    db.close()


@pytest.fixture
def postgresql_database(home: Path, postgresql_url: str) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database."""
    db = Database(load_settings(home=home, database_url=postgresql_url))
    yield db
    db.close()


@pytest.fixture
def replicated_database(home: Path, postgresql_url: str, standby_url: str) -> Iterator[Database]:
    """A migrated, empty database on the primary, read from its streaming standby."""
    db = Database(load_settings(home=home, database_url=postgresql_url, replica_url=standby_url))
    yield db
    db.close()


@pytest.fixture
def sqlite_url(tmp_path: Path, _migrated_sqlite_file: Path) -> str:
    """Address of a migrated, empty SQLite file."""
    shutil.copyfile(_migrated_sqlite_file, tmp_path / "saltcheck.db")
    return f"sqlite:///{tmp_path / 'saltcheck.db'}"


@pytest.fixture
def postgresql_url(postgres: Postgres, _migrated_template: str) -> Iterator[str]:
    """Address of a migrated, empty database on the test run's PostgreSQL; dropped after the test."""
    name = f"test_{next(_numbers)}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE {_migrated_template}")
    yield postgres.url(name)
    postgres.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def standby_url(postgresql_url: str, standby: Postgres) -> str:
    """The same database as `postgresql_url`, on the standby. See `tests.servers.wait_until_replayed`."""
    return standby.url(postgresql_url.partition("?")[0].rpartition("/")[2])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL primary for the whole run."""
    with postgres_primary() as server:
        yield server


@pytest.fixture(scope="session")
def standby(postgres: Postgres) -> Iterator[Postgres]:
    """A streaming hot standby of `postgres`."""
    with postgres_standby(postgres) as server:
        yield server


@pytest.fixture(scope="session")
def _valkey_of_the_run() -> Iterator[Valkey]:
    with valkey_server("--enable-debug-command", "local") as server:
        yield server


@pytest.fixture
def valkey_url(_valkey_of_the_run: Valkey) -> str:
    """Address of an empty Valkey."""
    with redis.Redis.from_url(_valkey_of_the_run.url) as client:
        client.flushall()
    return _valkey_of_the_run.url


@pytest.fixture(scope="session")
def _migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    db = Database(load_settings(home=folder))
    upgrade(db)
    db.close()  # the last connection folds the WAL into the file, so that the file alone is the database
    return folder / "saltcheck.db"


@pytest.fixture(scope="session")
def _migrated_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    postgres.run("CREATE DATABASE migrated")
    db = Database(load_settings(home=tmp_path_factory.mktemp("template"), database_url=postgres.url("migrated")))
    upgrade(db)
    db.close()
    return "migrated"
