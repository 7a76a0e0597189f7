from collections.abc import Callable

from sqlalchemy import func, select

from webapp.db import Database
from webapp.models import CodeHistory, Rollup
from webapp.models import Scan as Row
from webapp.scanlog.instant import utc
from webapp.scanlog.scan import Scan, encode, sighting_of
from webapp.scanlog.segment import segments
from webapp.scanlog.spool import Spool
from webapp.settings import Settings
from webapp.verify.history import observe, unpack
from webapp.worker import Worker

Make = Callable[..., Scan]
Crowd = Callable[[int, int], list[Scan]]


def stored(database: Database) -> list[tuple]:
    with database.read.connect() as connection:
        return [tuple(row) for row in connection.execute(select(Row.at, Row.scan_id, Row.verdict).order_by(Row.at))]


def test_every_scan_arrives_as_it_was_kept(worker: Worker, settings: Settings, database: Database, crowd: Crowd):
    kept = crowd(500, 40)
    spool = Spool(settings.spool)
    for scan in kept:
        assert spool.append(encode(scan))

    assert worker.round() == len(kept)

    once = {scan.scan_id: scan for scan in kept}
    assert sorted(stored(database)) == sorted((utc(s.at), s.scan_id, s.verdict) for s in once.values())


def test_a_round_ends_though_scans_come_as_fast_as_they_are_shipped(
        worker: Worker, settings: Settings, database: Database, crowd: Crowd):
    first, *others = crowd(6, 6)
    spool = Spool(settings.spool)
    spool.append(encode(first))
    settle = worker.settler.settle

    def one_more(histories: object, keys: object) -> None:  # at every commit, as long as there are any
        settle(histories, keys)
        if others:
            spool.append(encode(others.pop()))

    worker.settler.settle = one_more

    assert [worker.round() for _ in range(7)] == [1] * 6 + [0]
    assert len(stored(database)) == 6


def test_shipping_a_spool_again_changes_nothing(worker: Worker, settings: Settings, database: Database, crowd: Crowd):
    spool = Spool(settings.spool)
    for scan in crowd(300, 20):
        spool.append(encode(scan))
    worker.round()
    with database.read.connect() as connection:
        before = [connection.execute(select(*table.__table__.columns).order_by(*table.__table__.primary_key)).all()
                  for table in (Row, Rollup)]
        histories = connection.execute(select(CodeHistory.serial, CodeHistory.state).order_by(CodeHistory.serial)).all()

    again = Worker(worker._settings)  # a worker that was killed remembers no offset
    assert again.round() == 300
    again.close()

    with database.read.connect() as connection:
        assert [connection.execute(select(*table.__table__.columns).order_by(*table.__table__.primary_key)).all()
                for table in (Row, Rollup)] == before
        assert connection.execute(
            select(CodeHistory.serial, CodeHistory.state).order_by(CodeHistory.serial)).all() == histories


def test_histories_are_the_same_fold_as_the_pages(
        worker: Worker, settings: Settings, database: Database, scan_of: Make):
    visits = [scan_of(at=scan_of().at + n * 3_600_000_000, device=n % 4, network=f"10.0.{n}.0/24") for n in range(9)]
    spool = Spool(settings.spool)
    for scan in visits:
        spool.append(encode(scan))
        worker.round()  # one at a time or all at once: the same

    history = None
    for scan in visits:
        history = observe(history, sighting_of(scan))
    with database.read.connect() as connection:
        row = connection.execute(select(CodeHistory.state, CodeHistory.scans)).one()
    assert unpack(row.state) == history
    assert row.scans == len(visits)


def test_a_visit_kept_by_two_pages_that_did_not_see_each_other_counts_once(
        worker: Worker, settings: Settings, database: Database, scan_of: Make):
    spool = Spool(settings.spool)
    for minutes in (0, 20, 40, 200):  # the window slides: 40 is a reload of 20
        spool.append(encode(scan_of(at=scan_of().at + minutes * 60_000_000)))
    worker.round()

    with database.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Row)) == 4
        assert connection.scalar(select(CodeHistory.scans)) == 2
        assert connection.scalar(select(func.sum(Rollup.scans))) == 2


def test_finished_segments_are_deleted_and_living_ones_stay(worker: Worker, settings: Settings, scan_of: Make):
    spool = Spool(settings.spool)
    spool.append(encode(scan_of()))
    worker.round()
    assert len(segments(settings.spool)) == 1

    spool.append(encode(scan_of(device=6)))
    spool.close()
    assert worker.round() == 1
    assert segments(settings.spool) == []


def test_what_cannot_be_read_or_stored_is_set_aside_and_blocks_nobody(
        worker: Worker, settings: Settings, database: Database, scan_of: Make):
    spool = Spool(settings.spool)
    spool.append(encode(scan_of(device=1)))
    spool.append(b"S" + b"no msgpack")
    spool.append(b"?" + b"of the future")
    spool.append(encode(scan_of(device=2, at=1)))  # in 1970: a clock nobody set
    spool.append(encode(scan_of(device=3)))
    worker.round()
    assert len(stored(database)) == 2
    assert worker.shipper.backlog.bad == 3


def test_a_record_the_database_refuses_is_found_among_good_ones(
        worker: Worker, settings: Settings, database: Database, scan_of: Make):
    if database.write.dialect.name == "sqlite":  # takes any text
        return
    spool = Spool(settings.spool)
    for device in range(1, 40):
        spool.append(encode(scan_of(device=device, verdict="far too long for the column" if device == 17 else "first")))
    worker.round()
    assert len(stored(database)) == 38
    assert worker.shipper.backlog.bad == 1


def test_scans_of_every_month_find_their_partition(
        worker: Worker, settings: Settings, database: Database, scan_of: Make):
    spool = Spool(settings.spool)
    for days in (0, 31, 62, 400):
        spool.append(encode(scan_of(at=scan_of().at - days * 86_400_000_000)))
    worker.round()
    assert len(stored(database)) == 4


def test_roll_ups_tell_visitors_apart(worker: Worker, settings: Settings, database: Database, scan_of: Make):
    hour = 3_600_000_000
    start = scan_of().at // hour * hour - 10 * hour
    spool = Spool(settings.spool)
    for number, parts in enumerate((
            {"device": 1}, {"device": 1}, {"device": 2}, {"device": 3, "shared": True}, {"device": 4, "role": "staff"},
            {"device": 5, "hosting": True}, {"device": 6, "agent": "script"})):
        spool.append(encode(scan_of(at=start + number * hour, **parts)))
    worker.round()
    with database.read.connect() as connection:
        rows = connection.execute(select(Rollup.visitor, func.sum(Rollup.scans)).group_by(Rollup.visitor)).all()
    assert dict(map(tuple, rows)) == {"first": 1, "repeat": 1, "other": 1, "shared": 1, "staff": 1, "machine": 2}
