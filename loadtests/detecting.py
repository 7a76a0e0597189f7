#!/usr/bin/env python3
"""How many visits the detectors take in.   .venv/bin/python loadtests/detecting.py [--visits 100000] [--rounds 3]

From the `scan` table to the last checkpoint, detectors and PostgreSQL on one core: visits of the last day, four for
every three codes that were scanned, by phones and networks all over. Printed are visits a second (median and range of
the rounds; the first one has read nothing yet, so it counts like the others) and where the time of a visit goes.
"""
import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import select, text  # noqa: E402

from loadtests import machine, world  # noqa: E402
from loadtests.subjects import SERVER_CORE  # noqa: E402
from tests.servers import postgres_primary  # noqa: E402
from webapp.cases.alert import withdraw, write_alerts  # noqa: E402
from webapp.db import Database  # noqa: E402
from webapp.detect import live  # noqa: E402
from webapp.detect.live import Detector  # noqa: E402
from webapp.detect.rules import load_rules  # noqa: E402
from webapp.keys import create_keys  # noqa: E402
from webapp.models import CodeBlock  # noqa: E402
from webapp.models.detector import LIVE  # noqa: E402
from webapp.places import PLACES, province_of  # noqa: E402
from webapp.scanlog.insert import Located, insert_new  # noqa: E402
from webapp.scanlog.instant import utc  # noqa: E402
from webapp.scanlog.one_at_a_time import one_at_a_time  # noqa: E402
from webapp.scanlog.partitions import ensure_months, month_of  # noqa: E402
from webapp.scanlog.scan import Scan, scan_id  # noqa: E402
from webapp.settings import load_settings  # noqa: E402
from webapp.verify.lookup import Lookup  # noqa: E402

DAY_US = 86_400_000_000
CODES = 4_000_000
AT_ONCE = 5_000
AT_HOME = 0.97  # of the bags, in the province they were sent to
HELD = 60_000  # as the worker's
STEPS: list[tuple[Any, str, str]] = [
    (live, "claim", "read visits"), (live.Ledgers, "fetch", "read ledgers"), (Lookup, "get_ready", "look up bags"),
    (Lookup, "bag", "look up bags"), (live.LiveFacts, "of", "look up bags"), (live.Engine, "learn", "learn"),
    (Detector, "_checkpoint", "checkpoints")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(machine.describe())
    os.sched_setaffinity(0, {SERVER_CORE})
    with tempfile.TemporaryDirectory(prefix="saltcheck-detect-") as home, postgres_primary() as postgres:
        settings = load_settings(home=Path(home), database_url=postgres.url())
        db = Database(settings, statement_ms=600_000)
        world.fill(db, create_keys(settings.keys, demo=False).codes, CODES, 4_000, Path(home) / "codes.txt")
        keep(db, given.visits)
        with db.transaction() as connection:
            connection.execute(text("ANALYZE"))  # as autovacuum does within a minute
        rounds = [learn(db, given.visits) for _ in range(given.rounds)]
        db.close()
    rates = [given.visits / sum(one.values()) for one in rounds]
    print(f"{given.visits:,} visits: {median(rates):,.0f} a second ({min(rates):,.0f}..{max(rates):,.0f})")
    for step in rounds[0]:
        print(f"  {step:14s}{median(one[step] for one in rounds) / given.visits * 1e6:8.1f} us a visit")


def keep(db: Database, visits: int) -> None:
    """As the workers ship them, but for histories and counts."""
    with db.read.connect() as connection:
        blocks = connection.execute(select(CodeBlock.first_serial, CodeBlock.last_serial)).all()
    lookup, r = Lookup(db, held=HELD), Random(1)
    lookup.agrees(0)
    codes = [r.randrange(first, last) for first, last in r.choices(blocks, k=visits * 3 // 4)]
    cities = [code for code in PLACES if code % 10_000 and not code % 100]
    home = [code for code in cities if province_of(code) == world.DESTINATION]
    now = time.time_ns() // 1000
    for start in range(0, visits, AT_ONCE):
        scans = []
        for number in range(start, min(visits, start + AT_ONCE)):
            at, serial, device = now - DAY_US + number * DAY_US // visits, r.choice(codes), r.getrandbits(62)
            network = f"10.{device >> 8 & 255}.{device & 255}.0/24"
            city = r.choice(home if r.random() < AT_HOME else cities)
            scans.append(Scan(scan_id(device, serial, at), at, serial, device, network, city, "geoip", 20, "wechat",
                              r.random() < 0.5, False, False, "shopper", "first"))
        lookup.get_ready(scan.serial for scan in scans)
        with db.transaction() as connection:
            one_at_a_time(connection)
            ensure_months(connection, {month_of(utc(scan.at)) for scan in scans})
            insert_new(connection, [Located(scan, lookup.bag(scan.serial)) for scan in scans])


def learn(db: Database, visits: int) -> dict[str, float]:
    """One new detector learns them all; -> seconds by step."""
    with db.transaction() as connection:
        for table in ("alert", "case_event", '"case"', "code_ledger", "detector_state", "detector"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    lookup = Lookup(db, held=HELD)
    lookup.agrees(0)
    one = Detector(LIVE, db, lookup, load_rules(), write_alerts, withdraw, lambda saved: None)
    with timed() as spent:
        began = time.perf_counter()
        while one.step(time.time_ns() // 1000):
            pass
        one.finish()
        whole = time.perf_counter() - began
    assert one.learned == visits
    return dict(spent) | {"the rest": whole - sum(spent.values())}


@contextmanager
def timed() -> Iterator[defaultdict[str, float]]:
    """Seconds spent in each step while the block runs; a step inside a step counts as the inner one."""
    spent: defaultdict[str, float] = defaultdict(float)
    running: list[str] = []

    def around(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*words: Any, **named: Any) -> Any:
            began = time.perf_counter()
            running.append(name)
            try:
                return function(*words, **named)
            finally:
                running.pop()
                took = time.perf_counter() - began
                spent[name] += took
                if running:
                    spent[running[-1]] -= took
        return measured

    before = [getattr(owner, name) for owner, name, _ in STEPS]
    for (owner, name, step), function in zip(STEPS, before, strict=True):
        setattr(owner, name, around(step, function))
    try:
        yield spent
    finally:
        for (owner, name, _), function in zip(STEPS, before, strict=True):
            setattr(owner, name, function)


if __name__ == "__main__":
    main()
