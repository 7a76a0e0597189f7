"""./saltcheck clients add | off | list"""
import json
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import insert, select, update

from webapp.auth.passwords import hash_password
from webapp.commands.opened import open_database
from webapp.commands.stop import REFUSED, WRONG_USAGE, Stop
from webapp.models import Client, Site
from webapp.settings import load_settings
from webapp.verify.gtin import BadNumber, read_gln

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    enterprise: Annotated[str, typer.Option(metavar="GLN", help="The enterprise whose data the program hands in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print client_id and client_secret as JSON.")] = False,
) -> None:
    """Let a program of an enterprise call the API. Prints its id and its secret once."""
    try:
        gln = read_gln(enterprise)
    except BadNumber as error:
        raise Stop(WRONG_USAGE, f"--enterprise: {error}") from None
    db = open_database(load_settings())
    client_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    secret_hash = hash_password(secret)
    with db.transaction() as connection:
        if connection.scalar(select(Site.gln).where(Site.gln == gln)) is None:
            raise Stop(REFUSED, f"enterprise {gln} is not registered; upload its sites first")
        connection.execute(insert(Client).values(
            client_id=client_id, secret_hash=secret_hash, enterprise_gln=gln, active=True,
            created_at=datetime.now(UTC)))
    if as_json:
        typer.echo(json.dumps({"enterprise_gln": gln, "client_id": client_id, "client_secret": secret}))
    else:
        typer.echo(f"client_id: {client_id}\nclient_secret: {secret}\n(the secret is shown this once)")


@app.command()
def off(client_id: str) -> None:
    """Take a program's access away; tokens it holds run out within 15 minutes."""
    db = open_database(load_settings())
    with db.transaction() as connection:
        done = connection.execute(update(Client).where(Client.client_id == client_id).values(active=False))
    if done.rowcount != 1:
        raise Stop(REFUSED, f"there is no client {client_id!r}")
    typer.echo(f"{client_id} gets no new tokens")


@app.command("list")
def list_() -> None:
    """Every program: id, enterprise, on or off."""
    db = open_database(load_settings())
    with db.transaction() as connection:
        for client in connection.execute(select(Client.__table__).order_by(Client.created_at)):
            typer.echo(f"{client.client_id}\t{client.enterprise_gln}\t{'on' if client.active else 'off'}")
