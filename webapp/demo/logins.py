"""People and one program who may use the demo: a fresh password for each at every build, told in demo.json."""
import secrets
from datetime import datetime

from sqlalchemy import insert

from webapp.auth.passwords import hash_password
from webapp.auth.tokens import new_token
from webapp.db import Database
from webapp.demo.announce import ApiClient, Login
from webapp.demo.enterprises import PRODUCERS
from webapp.models import Client, User

DOMAIN = "demo.example"  # RFC 2606: no mail ever goes there


def add_logins(db: Database, now: datetime) -> dict[str, Login]:
    """One person a role; brand and enterprise belong to the first producer, the authority is the national one."""
    first = PRODUCERS[0]
    bounds: dict[str, dict[str, object]] = {
        "brand": {"brand": first.brand}, "investigator": {}, "enterprise": {"enterprise_gln": first.plant},
        "authority": {}, "admin": {},
    }
    logins = {role: Login(f"{role}@{DOMAIN}", secrets.token_urlsafe(9)) for role in bounds}
    with db.transaction() as connection:
        for role, bound in bounds.items():
            connection.execute(insert(User).values(
                email=logins[role].email, password_hash=hash_password(logins[role].password), role=role, active=True,
                created_at=now, **bound))
    return logins


def add_client(db: Database, now: datetime) -> ApiClient:
    """A program of the first producer."""
    client = ApiClient(PRODUCERS[0].plant, f"demo-{secrets.token_hex(6)}", new_token())
    with db.transaction() as connection:
        connection.execute(insert(Client).values(
            client_id=client.client_id, secret_hash=hash_password(client.client_secret),
            enterprise_gln=client.enterprise_gln, active=True, created_at=now))
    return client
