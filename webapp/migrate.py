"""Brings a database to the newest migration."""
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from webapp.db import Database, DatabaseAway


def alembic_config() -> Config:
    """Alembic without an ini file: everything it needs is the folder beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def is_current(db: Database) -> bool:
    """Whether the database has every migration this code knows. Raises DatabaseAway."""
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return db.ask(lambda connection: MigrationContext.configure(connection).get_current_revision()) == newest


def upgrade(db: Database, revision: str = "head") -> None:
    """Run what is missing, under a lock, so that two starts at once are harmless. Raises DatabaseAway."""
    config = alembic_config()
    try:
        with db.transaction() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7351)")
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except OperationalError as error:
        raise DatabaseAway(f"cannot open the database {db.write.url!r}: {error.orig}") from error
