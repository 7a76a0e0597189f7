"""Sessions: found by their token only, idle and absolute limits, ended for good."""
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.people import ALICE, BOB, LEFT, add_people
from webapp.auth.sessions import ABSOLUTE, IDLE, end_all_sessions, end_session, open_session, person_of
from webapp.auth.sign_in import set_password
from webapp.models import LoginSession, User

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(database):
    return add_people(database)


def test_session_is_its_persons(database, people):
    person = person_of(database, open_session(database, people["alice"], NOON), NOON)
    assert (person.email, person.role, person.brand) == (ALICE.email, "brand", ALICE.brand)


def test_invented_token_is_nobodys(database, people):
    open_session(database, people["alice"], NOON)
    assert person_of(database, "x" * 43, NOON) is None
    assert person_of(database, "\udce4", NOON) is None


def test_token_itself_is_not_stored(database, people):
    token = open_session(database, people["alice"], NOON)
    with database.read.connect() as connection:
        stored = connection.scalars(select(LoginSession.token_hash)).all()
    assert len(stored) == 1
    assert token not in stored
    assert person_of(database, stored[0], NOON) is None  # a stolen table opens no door


def test_idle_session_ends_after_half_an_hour(database, people):
    token = open_session(database, people["alice"], NOON)
    assert person_of(database, token, NOON + IDLE - MINUTE)
    assert person_of(database, token, NOON + IDLE - MINUTE + IDLE) is None


def test_use_keeps_a_session_alive_but_not_beyond_twelve_hours(database, people):
    token = open_session(database, people["alice"], NOON)
    step = timedelta(minutes=20)
    moment = NOON
    while moment + step < NOON + ABSOLUTE:
        moment += step
        assert person_of(database, token, moment)
    assert person_of(database, token, NOON + ABSOLUTE) is None


def test_signing_out_ends_this_session_only(database, people):
    here, there = open_session(database, people["alice"], NOON), open_session(database, people["alice"], NOON)
    end_session(database, here)
    assert person_of(database, here, NOON) is None
    assert person_of(database, there, NOON)


def test_ending_all_leaves_other_people_signed_in(database, people):
    alice, bob = open_session(database, people["alice"], NOON), open_session(database, people["bob"], NOON)
    end_all_sessions(database, people["alice"])
    assert person_of(database, alice, NOON) is None
    assert person_of(database, bob, NOON).email == BOB.email


def test_new_password_ends_every_session(database, people):
    token = open_session(database, people["alice"], NOON)
    set_password(database, people["alice"], "another one")
    assert person_of(database, token, NOON) is None


def test_person_who_was_switched_off_is_out_at_once(database, people):
    token = open_session(database, people["alice"], NOON)
    with database.transaction() as connection:
        connection.execute(update(User).where(User.email == ALICE.email).values(active=False))
    assert person_of(database, token, NOON) is None
    assert person_of(database, open_session(database, people[LEFT.name], NOON), NOON) is None


def test_signing_in_sweeps_dead_sessions(database, people):
    for day in range(5):
        open_session(database, people["alice"], NOON + timedelta(days=day))
    with database.read.connect() as connection:
        assert len(connection.scalars(select(LoginSession.token_hash)).all()) == 1
