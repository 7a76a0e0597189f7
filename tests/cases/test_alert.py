"""An alert of the detectors makes one row, a grave one a case; a closed case stays closed, a mistake is withdrawn."""
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from tests.verify import world
from webapp.cases.alert import withdraw, write_alerts, write_shadow
from webapp.cases.case import Subject, open_case
from webapp.cases.work import ClosingReason, Move, move
from webapp.db import Database
from webapp.detect.alert import Alert as Raised
from webapp.detect.alert import Evidence, Kind
from webapp.detect.opinion import Open
from webapp.models import Alert, Case, CaseEvent, Scan
from webapp.scanlog.partitions import ensure_months, month_of

NOW = datetime.now(UTC)
AT = NOW.timestamp()
WORDS = (Evidence("证据", "evidence", 12.0),)


def raised(kind: Kind, at: float = AT, score: float = 12.0, severity: str = "case", **about) -> Raised:
    return Raised(kind, at, score, severity, WORDS, **about)  # type: ignore[arg-type]


@pytest.fixture
def lot(database: Database) -> int:
    world.people_and_goods(database)
    return world.lot(database, "L1")


def write(database: Database, *alerts: Raised) -> None:
    with database.transaction() as connection:
        write_alerts(connection, list(alerts))


def rows(database: Database, table: type) -> list:
    with database.read.connect() as connection:
        return list(connection.execute(select(table.__table__).order_by(table.id)))


def test_a_copied_code_opens_one_case_with_evidence_where_it_is_scanned(database: Database, lot: int):
    with database.transaction() as connection:
        ensure_months(connection, {month_of(NOW), month_of(NOW - timedelta(hours=5))})
        connection.execute(insert(Scan), [
            {"at": NOW - timedelta(hours=n), "scan_id": f"{n:032}", "serial": world.BASE + 7, "batch_id": lot,
             "device": n, "network": "", "adcode": adcode, "place_source": "geoip", "radius_km": 50, "agent": "wechat",
             "wifi": True, "hosting": False, "shared": False, "role": "shopper", "verdict": "again"}
            for n, adcode in enumerate((510300, 440100, 440300, 0))])
    write(database, raised(Kind.CLONE, serial=world.BASE + 7, lot=lot))
    (case,) = rows(database, Case)
    assert (case.subject, case.kind, case.state) == (f"code:{world.BASE + 7}", "clone", "new")
    assert (case.brand, case.gtin, case.batch_id, case.area) == ("青禾", world.SEA, lot, 440000)
    (alert,) = rows(database, Alert)
    assert (alert.case_id, alert.serials, alert.shadow) == (case.id, [world.BASE + 7], False)
    assert alert.evidence == [{"zh": "证据", "en": "evidence", "weight": 12.0}]
    assert [one.action for one in rows(database, CaseEvent)] == ["open"]


def test_alerts_of_one_subject_join_its_case_and_the_same_is_written_once(database: Database, lot: int):
    codes = tuple(range(world.BASE, world.BASE + 80))
    for _ in range(3):
        write(database, raised(Kind.DIVERSION, lot=lot, area=440000, serials=codes))
    write(database, raised(Kind.MULTIUSE, AT + 60, lot=lot, area=440100, serials=codes),
          raised(Kind.DIVERSION, AT + 60, lot=lot, area=330000, serials=codes))
    assert [(one.subject, one.kind) for one in rows(database, Case)] == [
        (f"lot:{lot}:440000", "diversion"), (f"lot:{lot}:330000", "diversion")]
    assert [(one.kind, len(one.serials)) for one in rows(database, Alert)] == [
        ("diversion", 50), ("multiuse", 50), ("diversion", 50)]


def test_places_and_wrong_codes_have_cases_of_their_own_and_quote_what_was_tried(database: Database, lot: int):
    write(database, raised(Kind.REUSE, area=330100, serials=(1, 2)),
          raised(Kind.FORGED, area=230000, texts=("7" * 20, f"#{world.BASE + 5}")))
    assert [(one.subject, one.area, one.brand) for one in rows(database, Case)] == [
        ("place:330000", 330100, None), ("forged:230000", 230000, None)]
    forged = rows(database, Alert)[1]
    assert forged.serials == [world.BASE + 5]
    assert forged.evidence[-1]["zh"].endswith("7" * 20)


def test_a_notice_opens_no_case_and_is_told_once_a_day(database: Database, lot: int):
    for hours in (0, 3, 30):
        write(database, raised(Kind.SHARE_STORM, AT + hours * 3600, severity="info", serial=7, lot=lot),
              raised(Kind.RECORD_GAP, AT + hours * 3600, severity="info", lot=lot, area=330000))
    assert rows(database, Case) == []
    assert [one.kind for one in rows(database, Alert)] == ["share_storm", "record_gap"] * 2


def test_what_detectors_on_trial_raise_opens_no_case(database: Database, lot: int):
    with database.transaction() as connection:
        write_shadow(connection, [raised(Kind.CLONE, serial=7, lot=lot)])
    assert rows(database, Case) == []
    assert [one.shadow for one in rows(database, Alert)] == [True]


def close(database: Database, case_id: int, reason: ClosingReason) -> None:
    with database.transaction() as connection:
        move(connection, case_id, Move.CLOSE, "inv@example.cn", reason=reason)


def test_a_closed_case_is_opened_again_only_by_something_much_graver(database: Database, lot: int):
    write(database, raised(Kind.CLONE, serial=7, lot=lot))
    (case,) = rows(database, Case)
    close(database, case.id, ClosingReason.LOCATION_ERROR)
    write(database, raised(Kind.CLONE, AT + 60, serial=7, lot=lot))
    assert len(rows(database, Case)) == 1
    write(database, raised(Kind.CLONE, AT + 120, 30.0, serial=7, lot=lot))
    assert len(rows(database, Case)) == 2


@pytest.mark.parametrize(("reason", "left"), [
    (ClosingReason.LOCATION_ERROR, Open(copies={(99, 44)}, leaks={99})),
    (ClosingReason.CONFIRMED_FAKE, None),
])
def test_what_people_closed_as_a_mistake_stops_warning_shoppers(database: Database, lot: int, reason: ClosingReason,
                                                                left: Open | None):
    write(database, raised(Kind.MULTIUSE, lot=lot, area=440000), raised(Kind.PRERELEASE, lot=lot, area=330000),
          raised(Kind.REUSE, area=110100), raised(Kind.CLONE, serial=7, lot=99))
    opened = Open(copies={(lot, 44), (99, 44)}, leaks={lot, 99}, places={11})
    before = Open(copies=set(opened.copies), leaks=set(opened.leaks), places=set(opened.places))
    with database.transaction() as connection:
        assert not withdraw(connection, opened)
    for case in rows(database, Case):
        close(database, case.id, reason)
    with database.transaction() as connection:
        assert withdraw(connection, opened) is (left is not None)
    assert opened == (left or before)


def test_two_workers_open_one_case(postgresql_database: Database):
    subject = Subject("code:1", "clone", 1, None, None, None, 0)
    barrier, opened = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        with postgresql_database.transaction() as connection:
            opened.append(open_case(connection, subject, 9.0, NOW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.case_id for one in opened}) == 1
    assert sum(one.news for one in opened) == 1


def test_a_case_silent_for_a_day_is_news_again(database: Database):
    subject = Subject("code:1", "clone", 1, None, None, None, 0)
    def look(at: datetime, score: float = 9.0) -> bool:
        with database.transaction() as connection:
            return open_case(connection, subject, score, at).news
    assert [look(NOW), look(NOW), look(NOW + timedelta(hours=5), 20), look(NOW + timedelta(hours=6)),
            look(NOW + timedelta(hours=40))] == [True, False, True, False, True]


