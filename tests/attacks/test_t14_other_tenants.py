"""T14: read another tenant. Every page, export and object, asked by everybody; brand B's texts all carry a canary."""
import pytest

from tests.factories import CANARY, GTIN_B, LOT_B
from tests.people import (
    ADMIN,
    ALICE,
    AUTHORITY,
    AUTHORITY_A,
    AUTHORITY_B,
    BOB,
    ENTERPRISE_A,
    ENTERPRISE_B,
    INVESTIGATOR,
    INVESTIGATOR_A,
    INVESTIGATOR_B,
    LEFT,
    NOBRAND,
)
from tests.staff_forms import press
from webapp.auth.permissions import Scope
from webapp.views import signed_in

PAGES = ("/brand", "/brand/map", "/brand/map?lang=en", "/brand/export", f"/brand/map?gtin={GTIN_B}",
         f"/brand/export?gtin={GTIN_B}&lot={LOT_B}", f"/brand/map?lot={LOT_B}", "/cases", "/cases?state=new",
         "/cases?kind=clone", "/cases?after=case.9999999999999999.999", "/enterprise", "/oversight", "/login",
         "/cases/{case_b}", "/cases/{case_b}?lang=en", "/cases/trial")
STRANGERS_TO_B = (None, ALICE, NOBRAND, INVESTIGATOR_A, ENTERPRISE_A, AUTHORITY_A, LEFT)
SEE_B = {"/brand": (BOB, ADMIN), "/brand/map": (BOB, ADMIN),
         "/cases/{case_b}": (INVESTIGATOR, INVESTIGATOR_B, AUTHORITY, AUTHORITY_B, ADMIN),
         "/enterprise": (ENTERPRISE_B, ADMIN), "/oversight": (AUTHORITY, AUTHORITY_B, ADMIN)}
DOORS = {"/brand": {"brand"}, "/brand/map": {"brand"}, "/brand/export": {"brand"},
         "/cases": {"investigator", "authority"},
         "/cases/{case_a}": {"investigator", "authority"}, "/cases/trial": {"investigator"},
         "/enterprise": {"enterprise"}, "/oversight": {"authority"}}


def marks_of_b(world) -> tuple[str, ...]:
    return (CANARY, LOT_B, GTIN_B, world.case_b, world.upload_b)


def name_of(who) -> str:
    return who.name if who else "nobody"


def leaks(world, who) -> list[tuple[str, str]]:
    """Where something of B stands in an answer to `who`; what they typed themselves does not count."""
    client, found = world.browser(who), []
    for page in PAGES:
        address = page.format(case_b=world.case_b)
        text = client.get(address).text
        found += [(page, mark) for mark in marks_of_b(world) if mark in text and mark not in address]
    return found


@pytest.mark.parametrize("who", STRANGERS_TO_B, ids=name_of)
def test_nothing_of_brand_b_is_in_any_answer_to_a_stranger(world, who):
    assert leaks(world, who) == []


@pytest.mark.parametrize(("page", "who"), [(page, who) for page, people in SEE_B.items() for who in people],
                         ids=lambda value: value if isinstance(value, str) else name_of(value))
def test_the_canary_is_really_there_for_those_who_may_see_it(world, page, who):
    answer = world.browser(who).get(page.format(case_b=world.case_b))
    assert answer.status_code == 200
    assert any(mark in answer.text for mark in marks_of_b(world))


def test_without_the_scope_the_canary_would_be_found(world, monkeypatch):
    """Self-check: with the defence off, the test above must fail."""
    monkeypatch.setattr(signed_in, "scope_of", lambda person: Scope(everything=True))
    assert leaks(world, ALICE)
    assert leaks(world, INVESTIGATOR_A)


@pytest.mark.parametrize("action", ["take", "note", "move", "void"])
@pytest.mark.parametrize("who", [None, ALICE, BOB, INVESTIGATOR_A, ENTERPRISE_B, AUTHORITY, AUTHORITY_B], ids=name_of)
def test_nobody_works_on_a_case_that_is_not_theirs_to_work_on(world, who, action):
    client = world.browser(who)
    landing = {None: "/login", ALICE: "/brand", BOB: "/brand", INVESTIGATOR_A: f"/cases/{world.case_a}",
               ENTERPRISE_B: "/enterprise"}.get(who, "/oversight")
    answer = press(client, landing, f"/cases/{world.case_b}/{action}", note="x", move="close", reason="test", holder="")
    assert answer.status_code == (303 if who is None else 404)
    if who is None:
        assert answer.location == "/login"
    page = world.browser(INVESTIGATOR).get(f"/cases/{world.case_b}?lang=en").text
    assert 'class="state new"' in page


@pytest.mark.parametrize("who", [None, ALICE, INVESTIGATOR, ENTERPRISE_A, AUTHORITY, AUTHORITY_A, ADMIN], ids=name_of)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_opens_for_its_roles_and_for_nobody_else(world, door, who):
    answer = world.browser(who).get(door.format(case_a=world.case_a))
    if who is None:
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/login")
    else:
        assert answer.status_code == (200 if who.role == "admin" or who.role in DOORS[door] else 404)


def test_every_staff_page_is_in_the_matrix(world):
    """A new page must say here who may open it."""
    covered = {door.replace("{case_a}", "<public_id>") for door in DOORS} | {"/login"}
    staff = ("/brand", "/cases", "/enterprise", "/oversight", "/login")
    pages = {rule.rule for rule in world.app.url_map.iter_rules()
             if "GET" in rule.methods and rule.rule.startswith(staff)}
    assert pages == covered
