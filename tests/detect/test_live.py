"""The detectors over the database: killed anywhere they go on as if nothing had been, and nothing is said twice."""
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select, update

from tests.detect import kept
from tests.detect.kept import DAY, NOW_US, START, clone, detector, households, keep, kill, learn, outcome, stock, visit
from tests.servers import wait_for
from tests.verify import world
from webapp.db import Database
from webapp.detect import arrivals, live
from webapp.detect.engine import Engine
from webapp.detect.live import LostLead, Saved
from webapp.models import Case, CodeLedger, Detector, DetectorState, LateArrival
from webapp.scanlog.instant import utc
from webapp.verify import lookup as verify_lookup
from webapp.verify.page import PAGE


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "AT_ONCE", 60)


def undisturbed(database: Database) -> tuple:
    """What one detector makes of everything at once; the registry stays, the rest is as if it had never run."""
    kept.forget_all(database)
    lookup = kept.Lookup(database)
    lookup.agrees(0)
    learn(detector(database, lookup))
    return outcome(database)


def test_a_copied_code_becomes_a_case_and_households_do_not(database: Database) -> None:
    lookup = stock(database)
    keep(database, households(1, 200) + clone(), lookup)
    learn(detector(database, lookup))
    ledgers, alerts, cases = outcome(database)
    assert [(one.subject, one.kind) for one in cases] == [(f"code:{world.BASE + 7}", "clone")]
    assert [one.kind for one in alerts] == ["clone"]
    assert len(ledgers) == 201


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_it_ends_like_one_that_was_not(database: Database, seed: int,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies leaves its session to the server, which ends it: what was not committed never was."""
    lookup, r = stock(database), Random(seed)
    keep(database, households(1, 200) + clone(), lookup)
    monkeypatch.setattr(live, "EVERY_S", 0.0)
    killed = 0
    one = detector(database, lookup)
    while one.step(NOW_US):
        if r.random() < 0.5:
            monkeypatch.setattr(live, "EVERY_S", r.choice((0.0, 60.0)))  # before or after its next checkpoint
            kill(one)
            killed += 1
            one = detector(database, lookup)
        if killed > 12:
            monkeypatch.setattr(live, "EVERY_S", 0.0)
    one.finish()
    assert killed > 1
    assert outcome(database) == undisturbed(database)


def test_a_checkpoint_that_fails_halfway_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = stock(database)
    keep(database, households(1, 80) + clone(), lookup)
    monkeypatch.setattr(live, "EVERY_S", 0.0)

    def fails(*_: object) -> None:
        raise LostLead("the connection broke")

    one = detector(database, lookup)
    monkeypatch.setattr(live, "forget_late", fails)  # the last thing a checkpoint does
    with pytest.raises(LostLead):
        learn(one)
    with database.read.connect() as connection:
        assert [connection.scalar(select(func.count()).select_from(table))
                for table in (CodeLedger, DetectorState, Case)] == [0, 0, 0]
    monkeypatch.undo()
    learn(one)
    assert outcome(database) == undisturbed(database)


def test_which_machine_was_first_does_not_matter_within_the_mark(database: Database) -> None:
    lookup, scans = stock(database), households(2, 150) + clone()
    Random(3).shuffle(scans)
    keep(database, scans[:100], lookup)
    keep(database, scans[100:], lookup)
    one = detector(database, lookup)
    learn(one)
    assert outcome(database) == undisturbed(database)


def test_scans_beyond_the_mark_wait(database: Database) -> None:
    lookup = stock(database)
    keep(database, [visit(START, 1, 1), visit(START + 100, 1, 2)], lookup)
    one = detector(database, lookup)
    learn(one, START + 50)
    assert one.learned == 1
    learn(one, START + 100)
    assert one.learned == 2


def test_a_scan_that_comes_late_is_learned_once_however_often_the_detector_dies(database: Database) -> None:
    lookup = stock(database)
    scans = clone()
    keep(database, scans[::2], lookup)
    one = detector(database, lookup)
    learn(one)
    keep(database, scans[1::2], lookup)  # a machine that was cut off for weeks
    one.step(NOW_US)
    kill(one)  # before its checkpoint
    learn(one)
    learn(one)
    ledgers, alerts, cases = outcome(database)
    assert [one.kind for one in cases] == ["clone"]
    assert kept.unpacked(ledgers[world.BASE + 7]).scans == len(scans)
    with database.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LateArrival)) == 0


def test_what_comes_between_a_claim_and_a_checkpoint_is_learned_once(database: Database,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_S", 60.0)
    lookup = stock(database)
    keep(database, [visit(START, 1, 1), visit(START + 10, 1, 2, network="10.9.9.0/24")], lookup)
    one = detector(database, lookup)
    one.step(START + 20)
    keep(database, [visit(START + 5, 1, 3, network="10.8.8.0/24")], lookup)  # of a time that is claimed, not yet kept
    kill(one)
    one.step(START + 20)
    one.finish()
    ledgers, _, _ = outcome(database)
    assert kept.unpacked(ledgers[world.BASE + 1]).scans == 3


def test_a_state_nobody_can_read_is_learned_again_without_saying_anything_twice(
        database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """And forgotten in pieces before: no round waits for millions of ledgers."""
    monkeypatch.setattr("webapp.detect.ledgers.FORGOTTEN_AT_ONCE", 30)
    lookup = stock(database)
    keep(database, households(1, 100) + clone(), lookup)
    learn(detector(database, lookup))
    before = outcome(database)
    for harm in (update(Detector).values(layout="of another release"),
                 update(DetectorState).where(DetectorState.part == "people").values(state=b"\xc1")):
        with database.transaction() as connection:
            connection.execute(harm)
            connection.exec_driver_sql("UPDATE \"case\" SET state = 'closed', closed_at = updated_at")
        again, pieces = detector(database, lookup), 0
        while again._engine is None:
            again.step(NOW_US)
            pieces += again._engine is None
        assert pieces > 2
        learn(again)
        assert outcome(database) == before


def test_while_it_is_far_behind_it_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_S", 0.0)
    lookup, told = stock(database), []
    keep(database, households(1, 100), lookup)
    learn(detector(database, lookup, saved=told.append))
    late = [one.late for one in told[1:]]  # the first: nobody had looked yet
    assert late == sorted(late, reverse=True)
    assert (late[0], late[-1]) == (True, False)
    with database.transaction() as connection:
        connection.execute(update(Detector).values(layout="of another release"))
    told.clear()
    one = detector(database, lookup, saved=told.append)
    one.step(NOW_US)
    assert told[0].late  # it learns once more what was known
    one.close()


def test_one_that_has_learned_nothing_yet_has_nothing_to_lose(database: Database,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    lookup = stock(database)
    for _ in range(2):
        one = detector(database, lookup)
        learn(one)
        one.close()
    assert capsys.readouterr().out.count("learning_anew") == 1
    keep(database, clone(), lookup)
    learn(detector(database, lookup))
    assert outcome(database) == undisturbed(database)


def test_a_visit_the_engine_stumbles_over_is_left_out_and_told(database: Database, monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    lookup = stock(database)
    keep(database, clone(), lookup)
    honest = Engine.learn

    def stumbles(self, event, bag):
        if event.device == 5000 + 517:
            raise ZeroDivisionError("a bug")
        return honest(self, event, bag)

    monkeypatch.setattr(Engine, "learn", stumbles)
    learn(detector(database, lookup))
    ledgers, _, _ = outcome(database)
    assert kept.unpacked(ledgers[world.BASE + 7]).scans == len(clone()) - 1
    assert "visit_not_learned" in capsys.readouterr().out


def test_of_two_workers_one_detects_and_the_other_takes_over(postgresql_database: Database) -> None:
    lookup = stock(postgresql_database)
    keep(postgresql_database, clone(), lookup)
    first, second = detector(postgresql_database, lookup), detector(postgresql_database, lookup)
    assert not first.step(START)
    assert not second.step(NOW_US)
    assert second.learned == 0
    first.close()
    wait_for(lambda: not second.step(NOW_US) and bool(second.learned), "the lead")  # once the server ends its session
    learn(second)
    assert second.learned == len(clone())


def test_whoever_lost_the_lead_keeps_nothing(database: Database) -> None:
    lookup = stock(database)
    keep(database, clone(), lookup)
    one = detector(database, lookup)
    one.step(START)
    with database.transaction() as connection:
        connection.execute(update(Detector).values(learned_to=START + DAY))
    with pytest.raises(LostLead):
        learn(one)
    assert outcome(database)[1:] == ([], [])


def test_without_a_place_nothing_is_evidence_of_distance(database: Database) -> None:
    """No GeoIP file: many codes of a lot, everywhere, and no alert about places."""
    lookup = stock(database)
    keep(database, [visit(START + n * DAY // 10, n, 900 + 517 * n, adcode=0) for n in range(120)], lookup)
    learn(detector(database, lookup))
    assert outcome(database)[1:] == ([], [])


def test_bags_of_a_lot_in_another_province_are_a_diversion(database: Database) -> None:
    lookup = stock(database)
    keep(database, households(4, 100) + [
        visit(START + 20 * DAY + n * DAY // 3, n, 900 + 517 * n, adcode=440100) for n in range(15)], lookup)
    told: list[Saved] = []
    learn(detector(database, lookup, saved=told.append))
    assert [(one.kind, one.subject[-7:]) for one in outcome(database)[2]] == [("diversion", ":440000")]
    assert told[-1].open.diversions == {(lookup.bag(world.BASE).lot.batch_id, 44)}


def test_codes_seen_before_any_record_of_their_leaving_are_a_leak(database: Database) -> None:
    lookup = stock(database)
    batch = world.lot(database, "L2", produced_on=utc(START).date())
    world.run(database, world.BASE + 50_000, world.BASE + 50_999,
              world.block(database, world.BASE + 50_000, world.BASE + 50_999), batch)
    scans = [visit(START + DAY + n * 1_000_000, 50_000 + n, 900 + 517 * n, adcode=330100) for n in range(4)]
    keep(database, scans, lookup)
    learn(detector(database, lookup))
    _, alerts, cases = outcome(database)
    assert [one.subject for one in cases] == [f"lot:{batch}:330000"]
    assert [one.kind for one in alerts] == ["prerelease"]
    world.ship(database, "S2", f"{world.SEA}/L2", batch_id=batch, shipped_at=utc(START) + timedelta(days=5))
    lookup.invalidate()
    keep(database, [visit(START + 30 * DAY, 50_100, 77, adcode=510100)], lookup)
    one = detector(database, lookup)
    learn(one)
    assert len(outcome(database)[2]) == 1


def test_bags_that_another_machine_shipped_are_read_together(database: Database,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here remembers them; one by one each would be a question to the registry."""
    pages = range(0, kept.CODES, PAGE)
    keep(database, [visit(START + number, number, 7000 + number) for number in pages], stock(database))
    lookup, read, asked = kept.Lookup(database), verify_lookup.read_pages, []
    lookup.agrees(0)
    monkeypatch.setattr(verify_lookup, "read_pages", lambda *words: asked.append(words[1]) or read(*words))
    learn(detector(database, lookup))
    assert [len(firsts) for firsts in asked] == [len(pages)]


def test_only_the_detectors_session_reads_by_index_alone(postgresql_database: Database) -> None:
    """A table of ledgers that has just grown was read as a whole, forty times slower; other sessions plan freely."""
    lookup = stock(postgresql_database)
    keep(postgresql_database, clone(), lookup)
    one = detector(postgresql_database, lookup)
    one.step(START)
    assert one._held.exec_driver_sql("SHOW enable_seqscan").scalar() == "off"
    kill(one)
    with postgresql_database.write.connect() as connection:
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar() == "on"
