"""The same people in every permission test, so that "may a stranger?" always means the same stranger."""
from dataclasses import dataclass
from functools import cache

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from tests.factories import AT, BRAND_A, BRAND_B, GLN_A, GLN_B
from webapp.auth.passwords import hash_password
from webapp.auth.sessions import open_session
from webapp.db import Database
from webapp.models import User
from webapp.views.signed_in import COOKIE

PASSWORD = "correct horse battery staple 盐"


@dataclass(frozen=True)
class Somebody:
    """One user of the tests."""

    name: str
    role: str
    brand: str | None = None
    province: int | None = None
    enterprise_gln: str | None = None
    active: bool = True

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"


ALICE = Somebody("alice", "brand", brand=BRAND_A)
BOB = Somebody("bob", "brand", brand=BRAND_B)
NOBRAND = Somebody("nobrand", "brand")
INVESTIGATOR = Somebody("ines", "investigator")
COLLEAGUE = Somebody("carl", "investigator")
INVESTIGATOR_A = Somebody("anna", "investigator", brand=BRAND_A)
INVESTIGATOR_B = Somebody("ben", "investigator", brand=BRAND_B)
ENTERPRISE_A = Somebody("erik", "enterprise", enterprise_gln=GLN_A)
ENTERPRISE_B = Somebody("elsa", "enterprise", enterprise_gln=GLN_B)
AUTHORITY = Somebody("nora", "authority")
AUTHORITY_A = Somebody("sichuan", "authority", province=510000)
AUTHORITY_B = Somebody("jiangsu", "authority", province=320000)
ADMIN = Somebody("ada", "admin")
LEFT = Somebody("leo", "brand", brand=BRAND_A, active=False)
EVERYBODY = (ALICE, BOB, NOBRAND, INVESTIGATOR, COLLEAGUE, INVESTIGATOR_A, INVESTIGATOR_B, ENTERPRISE_A, ENTERPRISE_B,
             AUTHORITY, AUTHORITY_A, AUTHORITY_B, ADMIN, LEFT)


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


def add_people(db: Database) -> dict[str, int]:
    """Everybody, all with PASSWORD; the answer is their row ids by name."""
    with db.transaction() as connection:
        return {one.name: connection.execute(insert(User).values(
            email=one.email, password_hash=_password_hash(), role=one.role, brand=one.brand, province=one.province,
            enterprise_gln=one.enterprise_gln, active=one.active, created_at=AT)).inserted_primary_key[0]
            for one in EVERYBODY}


def signed_in(app: Flask, db: Database, user_id: int) -> FlaskClient:
    """A browser that holds a session of this user."""
    client = app.test_client()
    client.set_cookie(COOKIE, open_session(db, user_id))
    return client
