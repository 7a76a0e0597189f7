"""`trial` tells what rules on trial would have changed, in words and for programs."""
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.test_trial import alert, case, detectors
from tests.commands.conftest import Run
from tests.factories import LOT_A, add_registry
from webapp.db import Database
from webapp.keys import keys_of
from webapp.settings import load_settings
from webapp.verify.code import code_of

SERIAL = 1 << 45 | 7


@pytest.fixture
def db(run: Run, home: Path) -> Iterator[Database]:
    run("db", "upgrade")
    one = Database(load_settings(home=home))
    yield one
    one.close()


def test_without_a_trial_it_says_how_to_begin_one(run: Run) -> None:
    ended = run("trial")
    assert (ended.code, ended.out) == (4, "")
    assert "SALTCHECK_SHADOW_RULES" in ended.err


def test_it_tells_the_same_in_words_and_to_programs(run: Run, db: Database, home: Path) -> None:
    detectors(db)
    lot = add_registry(db)[LOT_A]
    alert(db, True, 2, serial=SERIAL, lot=lot, area=510000)
    alert(db, False, 3, "diversion", serial=None, lot=lot, area=440000)
    for shadow in (False, True):
        alert(db, shadow, 5 - shadow, serial=SERIAL + 1, lot=lot)
    case(db, f"code:{SERIAL + 1}", "confirmed_fake")
    ended = run("trial")
    code = code_of(SERIAL, keys_of(load_settings(home=home)).codes)
    assert ended.code == 0
    for told in ("the trial runs", "away.sources  3     5", "confirmed fake  1", f"{code} 海之晶 A20261001", "Sichuan",
                 "diversion", "Guangdong", "11.0", "0 sooner and 1 later"):
        assert told in ended.out, told
    found = json.loads(run("trial", "--json").out)
    assert found["changed"] == [{"name": "away.sources", "live": 3, "trial": 5}]
    assert [one["code"] for one in found["only_trial"]] == [code]
    assert found["only_trial"][0]["at"].endswith("+08:00")
    assert [(one["kind"], one["place"], one["lot"]) for one in found["only_live"]] == [
        ("diversion", "Guangdong", "A20261001")]
    assert found["confirmed_fake"] == {"cases": 1, "raised": 1}
    assert found["both"][0]["live_at"] < found["both"][0]["at"]


def test_a_trial_that_stopped_is_told_and_what_it_found_still_shows(run: Run, db: Database) -> None:
    detectors(db)
    alert(db, True, 2, serial=SERIAL)
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE detector SET updated_at = '2026-01-01 00:00:00'")
    ended = run("trial")
    assert (ended.code, "STOPPED" in ended.out) == (0, True)
    assert code_of(SERIAL, keys_of(load_settings()).codes) in ended.out
