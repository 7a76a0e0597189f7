"""./saltcheck db upgrade"""
import typer

from webapp.db import Database
from webapp.migrate import upgrade as migrate
from webapp.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `db` a group though it has one command today."""


@app.command()
def upgrade() -> None:
    """Bring the database to the newest migration."""
    settings = load_settings()
    migrate(Database(settings))
    typer.echo(f"{settings.database.partition('@')[2] or settings.database}: up to date")
