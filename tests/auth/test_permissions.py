"""Scopes: who sees which rows, and that a person without a tenant sees none."""
import pytest
from sqlalchemy import select

from tests.factories import (
    BRAND_A,
    BRAND_B,
    CHENGDU,
    GLN_A,
    GTIN_A,
    GTIN_B,
    LOT_A,
    LOT_B,
    NANJING,
    add_case,
    add_registry,
    add_rollup,
    add_upload,
)
from tests.people import EVERYBODY
from webapp.auth.permissions import LANDING, ROLES, Scope, scope_of
from webapp.auth.sessions import Person
from webapp.models import Case, Product, Rollup, Site, Upload


def scope_of_somebody(name: str) -> Scope:
    one = next(one for one in EVERYBODY if one.name == name)
    return scope_of(Person(1, one.email, one.role, one.brand, one.province, one.enterprise_gln))


@pytest.fixture
def rows(database):
    add_registry(database)
    add_rollup(database, GTIN_A, CHENGDU, "first", 1)
    add_rollup(database, GTIN_B, NANJING, "first", 2)
    add_case(database, BRAND_A, serial=1, lot=LOT_A)  # made in Sichuan
    add_case(database, BRAND_B, serial=2, lot=LOT_B, area=NANJING)
    add_upload(database, GLN_A)
    return database


def seen(database, name: str) -> tuple[int, ...]:
    """How many products, roll-ups, cases, sites and uploads of the two worlds this person sees."""
    scope = scope_of_somebody(name)
    questions = (select(Product.gtin).where(scope.products()), select(Rollup.scans).where(scope.rollups()),
                 select(Case.id).where(scope.cases()), select(Site.gln).where(scope.sites()),
                 select(Upload.id).where(scope.uploads()))
    with database.read.connect() as connection:
        return tuple(len(connection.execute(question).all()) for question in questions)


@pytest.mark.parametrize(("name", "expected"), [
    ("alice", (1, 1, 1, 0, 0)), ("bob", (1, 1, 1, 0, 0)), ("nobrand", (0, 0, 0, 0, 0)),
    ("ines", (2, 2, 2, 2, 1)), ("anna", (1, 1, 1, 0, 0)),
    ("erik", (1, 1, 0, 1, 1)), ("elsa", (1, 1, 0, 1, 0)),
    ("nora", (2, 2, 2, 2, 1)), ("sichuan", (1, 1, 1, 1, 0)), ("jiangsu", (1, 1, 1, 1, 0)),
    ("ada", (2, 2, 2, 2, 1)),
])
def test_person_sees_their_own_rows(rows, name, expected):
    assert seen(rows, name) == expected


def test_brand_sees_its_own_product_and_not_the_other(rows):
    with rows.read.connect() as connection:
        assert connection.scalars(select(Product.gtin).where(scope_of_somebody("alice").products())).all() == [GTIN_A]


@pytest.mark.parametrize("role", [*ROLES, "unheard of"])
def test_role_without_tenant_is_closed_out_unless_it_is_national(role):
    scope = scope_of(Person(1, "x@example.org", role, None, None, None))
    assert scope.everything == (role in ("admin", "investigator", "authority"))


def test_every_role_lands_somewhere():
    assert set(LANDING) == {one.role for one in EVERYBODY}
