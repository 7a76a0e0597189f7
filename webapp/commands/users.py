"""./saltcheck users add | password | off | list"""
import re
import secrets
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.auth.passwords import hash_password
from webapp.auth.permissions import ROLES
from webapp.auth.sessions import end_all_sessions
from webapp.auth.sign_in import set_password
from webapp.commands.opened import open_database
from webapp.commands.stop import REFUSED, WRONG_USAGE, Stop
from webapp.db import Database
from webapp.models import Product, Site, User
from webapp.places import PROVINCES
from webapp.settings import load_settings
from webapp.verify.gtin import BadNumber, read_gln

app = typer.Typer(no_args_is_help=True)

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
SHORTEST = 12
NEEDS = {"brand": "brand", "enterprise": "enterprise"}
MAY_HAVE = {"brand": {"brand"}, "enterprise": {"enterprise"}, "investigator": {"brand", "province"},
            "authority": {"province"}, "admin": set()}

Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command()
def add(
    email: str,
    role: Annotated[str, typer.Option(help=" | ".join(ROLES))],
    brand: Annotated[str | None, typer.Option(help="The brand this person sees.")] = None,
    province: Annotated[int | None, typer.Option(metavar="ADCODE", help="GB/T 2260, such as 510000.")] = None,
    enterprise: Annotated[str | None, typer.Option(metavar="GLN", help="The enterprise this person works for.")] = None,
    password_stdin: Stdin = False,
) -> None:
    """Let a person sign in. Prints a new password once, unless one is given on standard input."""
    _refuse_odd(email, role, brand=brand, province=province, enterprise=enterprise)
    db = open_database(load_settings())
    password = _password(password_stdin)
    with db.transaction() as connection:
        _refuse_unknown(connection, brand, enterprise)
    try:
        with db.transaction() as connection:
            connection.execute(insert(User).values(
                email=_plain(email), password_hash=hash_password(password), role=role, brand=brand, province=province,
                enterprise_gln=enterprise, active=True, created_at=datetime.now(UTC)))
    except IntegrityError:
        raise Stop(REFUSED, f"{_plain(email)} is a user already; saltcheck users password gives a new password") \
            from None
    typer.echo(f"{_plain(email)} may sign in as {role}")
    _show(password, password_stdin)


@app.command("password")
def new_password(email: str, password_stdin: Stdin = False) -> None:
    """Give a person a new password and sign them out everywhere."""
    db = open_database(load_settings())
    user_id = _user_id(db, email)
    password = _password(password_stdin)
    set_password(db, user_id, password)
    typer.echo(f"{_plain(email)}: new password, signed out everywhere")
    _show(password, password_stdin)


@app.command()
def off(email: str) -> None:
    """Switch a person off and sign them out everywhere; what they did stays on record."""
    db = open_database(load_settings())
    user_id = _user_id(db, email)
    with db.transaction() as connection:
        connection.execute(update(User).where(User.id == user_id).values(active=False))
    end_all_sessions(db, user_id)
    typer.echo(f"{_plain(email)} can no longer sign in")


@app.command("list")
def list_() -> None:
    """Everybody: e-mail, role, what bounds them, on or off."""
    db = open_database(load_settings())
    with db.transaction() as connection:
        for user in connection.execute(select(User.__table__).order_by(User.email)):
            bound = user.brand or user.enterprise_gln or user.province or "*"
            typer.echo(f"{user.email}\t{user.role}\t{bound}\t{'on' if user.active else 'off'}")


def _refuse_odd(email: str, role: str, **bounds: object) -> None:
    if not EMAIL.fullmatch(email) or len(email) > 200 or not email.isprintable():
        raise Stop(WRONG_USAGE, f"{email!r} is not an e-mail address")
    if role not in ROLES:
        raise Stop(WRONG_USAGE, f"--role {role}: there is no such role; known: {', '.join(ROLES)}")
    given = {name for name, value in bounds.items() if value is not None}
    if (needed := NEEDS.get(role)) and needed not in given:
        raise Stop(WRONG_USAGE, f"--role {role} needs --{needed}: without it this person would see nothing")
    if odd := sorted(given - MAY_HAVE[role]):
        raise Stop(WRONG_USAGE, f"--{odd[0]} has no meaning for --role {role}")
    if bounds["province"] is not None and bounds["province"] not in PROVINCES:
        raise Stop(WRONG_USAGE, f"--province {bounds['province']}: there is no province with this GB/T 2260 code")
    if bounds["enterprise"] is not None:
        try:
            read_gln(str(bounds["enterprise"]))
        except BadNumber as error:
            raise Stop(WRONG_USAGE, f"--enterprise: {error}") from None


def _refuse_unknown(connection: Connection, brand: str | None, enterprise: str | None) -> None:
    if brand is not None and connection.scalar(select(Product.gtin).where(Product.brand == brand).limit(1)) is None:
        raise Stop(REFUSED, f"no product has the brand {brand!r}; upload products first, or check the spelling")
    if enterprise is not None and connection.scalar(select(Site.gln).where(Site.gln == enterprise)) is None:
        raise Stop(REFUSED, f"enterprise {enterprise} is not registered; upload its sites first")


def _user_id(db: Database, email: str) -> int:
    with db.transaction() as connection:
        user_id = connection.scalar(select(User.id).where(User.email == _plain(email)))
    if user_id is None:
        raise Stop(REFUSED, f"there is no user {_plain(email)!r}")
    return user_id


def _plain(email: str) -> str:
    return email.strip().lower()


def _password(from_stdin: bool) -> str:
    if not from_stdin:
        return secrets.token_urlsafe(15)
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise Stop(REFUSED, f"the password on standard input has under {SHORTEST} characters")
    return password


def _show(password: str, from_stdin: bool) -> None:
    if not from_stdin:
        typer.echo(f"password: {password}\n(shown this once)")
