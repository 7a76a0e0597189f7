"""./saltcheck keys create"""
from typing import Annotated

import typer

from webapp.commands.stop import REFUSED, Stop
from webapp.keys import KeysError, create_keys
from webapp.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `keys` a group though it has one command today."""


@app.command()
def create(
    demo: Annotated[bool, typer.Option("--demo", help="Mark them as demo: production refuses them.")] = False,
) -> None:
    """Make the keys of a new installation. An existing file is never replaced: its codes would become worthless."""
    settings = load_settings()
    if demo and settings.production:
        raise Stop(REFUSED, "--demo: these settings are production's (PostgreSQL or a public address), "
                   "which refuses demo keys")
    try:
        create_keys(settings.keys, demo)
    except KeysError as error:
        raise Stop(REFUSED, str(error)) from None
    typer.echo(f"{settings.keys}: {'demo keys' if demo else 'keys'} made; keep a copy where nobody else can read it")
