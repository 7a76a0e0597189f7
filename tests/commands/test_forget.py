from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text

from tests.commands.conftest import Run
from webapp.db import Database
from webapp.models import CodeHistory, Detector, DetectorState, LoginSession, Scan, User, WrongCode
from webapp.scanlog import retention
from webapp.scanlog.partitions import ensure_months, month_of
from webapp.scanlog.retention import Retention, forget

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
AGES = (1, 189, 191, 400, 730, 732, 900)


@pytest.fixture
def db(database: Database) -> Database:
    """Three scans, a wrong code and a history of each age, and a session that is over."""
    days = [NOW - timedelta(days=age) for age in AGES]
    with database.transaction() as connection:
        ensure_months(connection, map(month_of, days))
        connection.execute(insert(Scan), [
            {"at": at - timedelta(seconds=n), "scan_id": f"{n}{at:%Y%m%d}", "serial": 1, "batch_id": None, "device": 7,
             "network": "203.0.113.0/24", "adcode": 510300, "place_source": "geoip", "radius_km": 50,
             "agent": "wechat", "wifi": False, "hosting": False, "shared": False, "role": "shopper",
             "verdict": "first"} for at in days for n in range(3)])
        connection.execute(insert(WrongCode), [
            {"summary_id": f"{at:%Y%m%d}", "at": at, "adcode": 0, "network": "203.0.113.0/24", "hits": 1, "devices": 1,
             "near_misses": 0, "example": "ABC"} for at in days])
        connection.execute(insert(CodeHistory), [
            {"serial": n, "scans": 3, "state": b"state", "tail": b"tail", "updated_at": at}
            for n, at in enumerate(days)])
        user = connection.execute(insert(User).values(
            email="a@b", password_hash="x", role="admin", active=True, created_at=NOW)).inserted_primary_key[0]
        connection.execute(insert(LoginSession), [
            {"token_hash": str(at), "user_id": user, "created_at": at, "seen_at": at}
            for at in (NOW, NOW - timedelta(days=3))])
    return database


def column(db: Database, *columns) -> list:
    with db.write.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def ages(db: Database, table: type, *where) -> list[int]:
    """Days since each row's time, the newest first."""
    with db.write.connect() as connection:
        return [(NOW - at).days for at in connection.scalars(select(table.at).where(*where).order_by(table.at.desc()))]


def test_persons_go_after_half_a_year_and_scans_after_two(db: Database) -> None:
    told = dict(forget(db, Retention(), now=NOW))
    assert ages(db, Scan) == [age for age in AGES[:5] for _ in range(3)]
    assert ages(db, Scan, Scan.device != 0) == ages(db, Scan, Scan.network != "") == [1, 1, 1, 189, 189, 189]
    assert told["devices and networks in scans"] == 9
    assert ages(db, WrongCode) == list(AGES[:5])
    assert ages(db, WrongCode, WrongCode.network != "") == ages(db, WrongCode, WrongCode.example != "") == [1, 189]


def test_nobody_is_forgotten_ten_minutes_early(db: Database) -> None:
    with db.transaction() as connection:
        ensure_months(connection, [month_of(NOW - timedelta(days=190))])
        some = connection.execute(select(Scan.__table__).limit(1)).mappings().one()
        youngest = {**some, "at": NOW - timedelta(days=190, minutes=-10), "scan_id": "young"}
        connection.execute(insert(Scan), [youngest])
    forget_all(db)
    assert len(ages(db, Scan, Scan.device != 0)) == 7


def test_last_visits_and_dead_sessions_go_and_histories_stay(db: Database) -> None:
    forget_all(db)
    assert [tail for tail, in column(db, CodeHistory.tail)] == [b""] * 6 + [b"tail"]
    assert [state for state, in column(db, CodeHistory.state)] == [b"state"] * 7
    assert column(db, LoginSession.seen_at) == [(NOW,)]


@pytest.mark.parametrize(("name", "days", "left"), [("shadow", 3, 0), ("shadow", 1, 1), ("live", 3, 1)])
def test_phones_that_a_stopped_trial_knew_go(database: Database, name: str, days: int, left: int) -> None:
    with database.transaction() as connection:
        connection.execute(insert(Detector).values(name=name, layout="x", learned_to=0, claimed_to=0, raised_to=0,
                                                   updated_at=NOW - timedelta(days=days)))
        connection.execute(insert(DetectorState).values(detector=name, part="people", piece=0, state=b"phones"))
    dict(forget(database, Retention(), now=NOW, dry_run=True))
    assert len(column(database, DetectorState.part)) == 1
    forget_all(database)
    assert len(column(database, DetectorState.part)) == left
    assert column(database, Detector.layout) == [("x" if left else "",)]


def test_a_second_run_finds_nothing(db: Database) -> None:
    forget_all(db)
    assert set(forget_all(db).values()) == {0}


def test_a_dry_run_says_what_would_go_and_changes_nothing(db: Database) -> None:
    before = column(db, *Scan.__table__.c), column(db, *WrongCode.__table__.c), column(db, CodeHistory.tail)
    told = forget_all(db, dry_run=True)
    assert (column(db, *Scan.__table__.c), column(db, *WrongCode.__table__.c), column(db, CodeHistory.tail)) == before
    assert told["scans"] == 6
    assert told["devices and networks in scans"] == 15  # those of the scans that would go, too
    assert told["last visits of codes"] == 6


def test_a_run_that_was_cut_off_is_taken_up(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emptied in pieces of one row; the cut comes in the middle of an hour."""
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    whole, pieces = retention._in_pieces, iter(range(100))

    def cut_off(database: Database, statement) -> int:
        with database.transaction() as connection:
            rows = connection.execute(statement).rowcount
        if rows and statement.is_update and next(pieces) == 1:
            raise KeyboardInterrupt
        return rows + (cut_off(database, statement) if rows else 0)

    monkeypatch.setattr(retention, "_in_pieces", cut_off)
    with pytest.raises(KeyboardInterrupt):
        forget_all(db)
    assert len(ages(db, Scan, Scan.device != 0)) == 13
    monkeypatch.setattr(retention, "_in_pieces", whole)
    forget_all(db)
    assert ages(db, Scan, Scan.device != 0) == [1, 1, 1, 189, 189, 189]


def forget_all(db: Database, **options: bool) -> dict[str, int]:
    return dict(forget(db, Retention(), now=NOW, **options))


def test_whole_months_are_dropped(postgresql_database: Database) -> None:
    with postgresql_database.transaction() as connection:
        ensure_months(connection, [(2024, 10), (2024, 11), (2026, 11)])
    assert dict(forget(postgresql_database, Retention(), now=NOW))["months of scans"] == 1
    with postgresql_database.transaction() as connection:
        left = connection.scalars(text("SELECT relname FROM pg_class WHERE relname LIKE 'scan_20%%' AND relkind = 'r'"))
        assert sorted(left) == ["scan_2024_11", "scan_2026_11"]


def test_the_command_keeps_six_months_at_least(run: Run) -> None:
    assert run("forget").code == 0
    assert "scans: 0 would go" in run("forget", "--dry-run").out
    assert run("forget", "--person-days", 100).code == 2
    assert run("forget", "--scan-days", 185).code == 2
