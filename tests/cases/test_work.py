"""Work on a case: closed list of moves, mandatory reasons, and of two who press at once only one wins."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.factories import BRAND_A, LOT_A, add_case, add_registry
from tests.people import add_people
from webapp.cases import work
from webapp.cases.work import ClosingReason, ForbiddenTransition, Move, RefusedWork, State
from webapp.models import Case, CaseEvent, CodeVoid

SERIAL = 1 << 45 | 500


@pytest.fixture
def case_id(database):
    add_registry(database)
    add_case(database, BRAND_A, SERIAL, LOT_A)
    with database.read.connect() as connection:
        return connection.scalar(select(Case.id))


@pytest.fixture
def people(database):
    return add_people(database)


def case_row(database):
    with database.read.connect() as connection:
        return connection.execute(select(Case.state, Case.assignee_id, Case.closing_reason, Case.closed_at)).one()


def actions(database):
    with database.read.connect() as connection:
        return connection.execute(select(CaseEvent.actor, CaseEvent.action, CaseEvent.note)
                                  .order_by(CaseEvent.id)).all()


def do(database, step, *args, **kwargs):
    with database.transaction() as connection:
        step(connection, *args, **kwargs)


def test_taking_a_new_case_makes_it_active_and_is_written_down(database, case_id, people):
    do(database, work.take, case_id, people["ines"], "ines", None)
    assert case_row(database)[:2] == (State.ACTIVE, people["ines"])
    assert actions(database) == [("ines", "take", None)]


def test_of_many_who_take_it_at_once_one_wins(database, case_id, people):
    def attempt(name):
        try:
            do(database, work.take, case_id, people[name], name, None)
        except ForbiddenTransition:
            return None
        return name

    with ThreadPoolExecutor(4) as pool:
        winners = [name for name in pool.map(attempt, ["ines", "carl"] * 4) if name]
    assert len(winners) == 1
    assert case_row(database).assignee_id == people[winners[0]]
    assert len(actions(database)) == 1


def test_taking_over_needs_to_know_whose_it_is(database, case_id, people):
    do(database, work.take, case_id, people["ines"], "ines", None)
    with pytest.raises(ForbiddenTransition):
        do(database, work.take, case_id, people["carl"], "carl", None)
    do(database, work.take, case_id, people["carl"], "carl", people["ines"])
    assert case_row(database).assignee_id == people["carl"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("wanted", Move)
def test_every_move_is_allowed_exactly_where_the_table_says(database, case_id, state, wanted):
    with database.transaction() as connection:
        connection.execute(Case.__table__.update().values(state=state))
    allowed = state in work.TRANSITIONS[wanted].sources
    assert (wanted in work.moves_from(state)) == allowed
    if allowed:
        do(database, work.move, case_id, wanted, "ines", reason=ClosingReason.TEST)
        assert case_row(database).state == work.TRANSITIONS[wanted].target
    else:
        with pytest.raises(ForbiddenTransition):
            do(database, work.move, case_id, wanted, "ines", reason=ClosingReason.TEST)
        assert case_row(database).state == state
        assert actions(database) == []


def test_closing_needs_a_reason_and_other_needs_words(database, case_id):
    with pytest.raises(RefusedWork, match="reason"):
        do(database, work.move, case_id, Move.CLOSE, "ines")
    with pytest.raises(RefusedWork, match="note"):
        do(database, work.move, case_id, Move.CLOSE, "ines", " ", ClosingReason.OTHER)
    do(database, work.move, case_id, Move.CLOSE, "ines", "两个仓库", ClosingReason.OTHER)
    row = case_row(database)
    assert (row.state, row.closing_reason) == (State.CLOSED, "other")
    assert row.closed_at is not None
    assert actions(database) == [("ines", "close", "两个仓库")]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_note_must_say_something_in_five_hundred_characters(database, case_id, text):
    with pytest.raises(RefusedWork):
        do(database, work.note, case_id, "ines", text)


def test_voiding_declares_the_one_code_void_once(database, case_id):
    do(database, work.void_code, case_id, SERIAL, "ines", "copied")
    with pytest.raises(ForbiddenTransition):
        do(database, work.void_code, case_id, SERIAL, "ines", "again")
    with database.read.connect() as connection:
        assert connection.execute(select(CodeVoid.first_serial, CodeVoid.last_serial, CodeVoid.reason,
                                         CodeVoid.voided_by)).all() == [(SERIAL, SERIAL, "copied", "ines")]
        assert work.is_void(connection, SERIAL)
        assert not work.is_void(connection, SERIAL + 1)


def test_only_the_cases_own_code_can_be_voided(database, case_id):
    with pytest.raises(ForbiddenTransition):
        do(database, work.void_code, case_id, SERIAL + 1, "ines", "other bag")
