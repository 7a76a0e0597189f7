"""Scans that stand in the database as the worker leaves them, and detectors that read them there."""
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random

from sqlalchemy import select

from cache.keys import STRETCH_BITS
from tests.servers import wait_for
from tests.verify import world
from webapp.cases.alert import withdraw, write_alerts, write_shadow
from webapp.db import Database
from webapp.detect.lead import TRIAL_LOCK
from webapp.detect.ledger import unpack as unpacked
from webapp.detect.live import Detector, Saved
from webapp.detect.rules import Rules, load_rules
from webapp.detect.share import WHOLE, Share
from webapp.detect.short_ledger import lengthen
from webapp.detect.trial import Trial
from webapp.models import Alert, Case, CodeLedger
from webapp.models.detector import LIVE, SHADOW
from webapp.scanlog.insert import Located, insert_new
from webapp.scanlog.instant import utc
from webapp.scanlog.late import note_late
from webapp.scanlog.one_at_a_time import one_at_a_time
from webapp.scanlog.partitions import ensure_months, month_of
from webapp.scanlog.scan import Scan, scan_id
from webapp.verify.lookup import Lookup

__all__ = ["Lookup", "unpacked"]  # for the tests beside this

HOUR, DAY = 3_600_000_000, 86_400_000_000
NOW_US = time.time_ns() // 1000  # scans of the last half year are those that name phones
START = NOW_US - 50 * DAY
CODES = 10_000
FAR = 1 << STRETCH_BITS
# Rules by which two phones of one code are enough.
EAGER = "[ledger]\nalert = -9.0\nalert_people = 2\nalert_networks = 1\n"


def stock(database: Database) -> Lookup:
    """A lot of 10,000 codes, shipped to Sichuan ten days before START."""
    world.people_and_goods(database)
    batch = world.lot(database, "L1", quantity=CODES)
    world.ship(database, "S1", f"{world.SEA}/L1", batch_id=batch, shipped_at=utc(START) - timedelta(days=10))
    world.run(database, world.BASE, world.BASE + CODES - 1,
              world.block(database, world.BASE, world.BASE + CODES - 1), batch)
    lookup = Lookup(database)
    lookup.agrees(0)
    return lookup


def stock_two(database: Database) -> Lookup:
    """And one as far on: of the other of two shares of the codes."""
    found = stock(database)
    batch = world.lot(database, "L2", quantity=CODES)
    first, last = world.BASE + FAR, world.BASE + FAR + CODES - 1
    world.ship(database, "S2", f"{world.SEA}/L2", batch_id=batch, shipped_at=utc(START) - timedelta(days=10))
    world.run(database, first, last, world.block(database, first, last), batch)
    return found


def visit(at: int, number: int, device: int, adcode: int = 510100, network: str | None = None, **more) -> Scan:
    """Somebody at home: a line of their own unless one is named."""
    plain = {"agent": "wechat", "wifi": True, "hosting": False, "shared": False, "role": "shopper", "verdict": ""}
    serial = world.BASE + number
    return Scan(scan_id(device, serial, at), at, serial, device,
                f"10.{device >> 8 & 255}.{device & 255}.0/24" if network is None else network, adcode, "geoip", 50,
                **(plain | more))


def households(seed: int, count: int) -> list[Scan]:
    """Bags opened over a month, each by one family: once, twice, by a second phone on the same line."""
    r = Random(seed)
    scans = []
    for number in r.sample(range(1000, CODES), count):
        at, buyer = START + r.randrange(30 * DAY), r.randrange(1 << 40, 1 << 62)
        home = f"10.{r.randrange(256)}.{r.randrange(256)}.0/24"
        scans.append(visit(at, number, buyer, network=home))
        if r.random() < 0.3:
            scans.append(visit(at + r.randrange(HOUR, 3 * DAY), number, r.choice((buyer, buyer + 1)), network=home))
    return scans


def clone(number: int = 7, people: int = 12) -> list[Scan]:
    """One code on many bags: strangers at home, two days apart, in the city it was sent to and around."""
    return [visit(START + n * 2 * DAY, number, 5000 + 517 * n, (510100, 510300, 500100)[n % 3]) for n in range(people)]


def keep(database: Database, scans: Iterable[Scan], lookup: Lookup) -> None:
    """As the worker ships them, but for histories and counts."""
    scans = list(scans)
    with database.transaction() as connection:
        one_at_a_time(connection)
        ensure_months(connection, {month_of(utc(scan.at)) for scan in scans})
        new = insert_new(connection, list(map(Located, scans, lookup.bags([scan.serial for scan in scans]))))
        note_late(connection, [(one.scan.at, one.scan.scan_id) for one in new])


def forget_all(database: Database) -> None:
    """The registry and the scans stay, the rest is as if nobody had ever detected."""
    with database.transaction() as connection:
        for table in ("alert", "case_event", '"case"', "code_ledger", "detector_state", "detector", "late_arrival"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def detector(database: Database, lookup: Lookup, rules: Rules | None = None, name: str = LIVE,
             saved: Callable[[Saved], None] = lambda saved: None, share: Share = WHOLE) -> Detector:
    return Detector(name, database, lookup, rules or load_rules(), write_alerts, withdraw, saved, share)


def on_trial(database: Database, lookup: Lookup, rules: Rules) -> Trial:
    return Trial(database, lookup, rules, write_shadow, withdraw)


def learn(one: Detector, up_to: int = NOW_US) -> None:
    """Everything there is, and keep it."""
    while one.step(up_to):
        pass
    one.finish()
    _wait_for_its_end(one)


def kill(one: Detector) -> None:
    """As when its process dies: nothing since the last checkpoint is kept."""
    one.close()
    _wait_for_its_end(one)


def _wait_for_its_end(one: Detector) -> None:
    """PostgreSQL ends a session, and with it the lead, a moment after its client is gone."""
    if one._db.write.dialect.name == "postgresql":
        wait_for(lambda: not _sessions_with_the_lead(one), "the end of the session")


def _sessions_with_the_lead(one: Detector) -> int:
    lock = (TRIAL_LOCK, 1) if one.name == SHADOW else (one._share.of * 16 + one._share.number, 2)
    with one._db.write.connect() as connection:
        return connection.exec_driver_sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (objid, objsubid) = (%s, %s) "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", lock).scalar_one()


def outcome(database: Database) -> tuple:
    """What detection left behind: ledgers, alerts, cases."""
    with database.read.connect() as connection:
        ledgers = {row.serial: lengthen(row.ledger) for row in connection.execute(select(CodeLedger.__table__))}
        alerts = connection.execute(select(Alert.at, Alert.kind, Alert.serial, Alert.score, Alert.serials)
                                    .order_by(Alert.at, Alert.kind, Alert.serial)).all()
        cases = connection.execute(select(Case.subject, Case.kind, Case.score).order_by(Case.subject)).all()
    return ledgers, alerts, cases
