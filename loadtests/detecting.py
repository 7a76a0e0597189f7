#!/usr/bin/env python3
"""How many visits the detectors take in.   .venv/bin/python loadtests/detecting.py [--visits 100000] [--rounds 3]

From the `scan` table to the last checkpoint: visits of the last day, four for every three codes that were scanned, by
phones and networks all over, nearly every code on another page of the registry. Printed are visits a second (median and
range of the rounds) and where the time of a visit goes, detectors and PostgreSQL on one core; then, side by side, one
set of detectors and two that share the codes, each a process, all with PostgreSQL on the machine's cores.
"""
import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import select, text  # noqa: E402

from loadtests import machine, world  # noqa: E402
from loadtests.subjects import SERVER_CORE  # noqa: E402
from tests.detect import kept  # noqa: E402
from tests.servers import Postgres, postgres_primary  # noqa: E402
from webapp.cases.alert import withdraw, write_alerts  # noqa: E402
from webapp.db import Database  # noqa: E402
from webapp.detect import live  # noqa: E402
from webapp.detect.live import Detector  # noqa: E402
from webapp.detect.rules import load_rules  # noqa: E402
from webapp.detect.share import WHOLE, Share, shares  # noqa: E402
from webapp.keys import create_keys  # noqa: E402
from webapp.models import CodeBlock  # noqa: E402
from webapp.models.detector import LIVE  # noqa: E402
from webapp.places import PLACES, province_of  # noqa: E402
from webapp.scanlog.scan import Scan, scan_id  # noqa: E402
from webapp.settings import Settings, load_settings  # noqa: E402
from webapp.verify.lookup import Lookup  # noqa: E402

DAY_US = 86_400_000_000
CODES = 8_000_000  # two stretches, so two shares of about the same size
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
    seconds: dict[int, list[float]] = {1: [], 2: []}
    print(machine.describe())
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    with tempfile.TemporaryDirectory(prefix="saltcheck-detect-") as home, postgres_primary() as postgres:
        settings = load_settings(home=Path(home), database_url=postgres.url())
        db = Database(settings, statement_ms=600_000)
        world.fill(db, create_keys(settings.keys, demo=False).codes, CODES, 4_000, Path(home) / "codes.txt")
        fill(db, given.visits)
        with db.transaction() as connection:
            connection.execute(text("ANALYZE"))  # as autovacuum does within a minute
        rounds = []
        for _ in range(given.rounds):
            kept.forget_all(db)
            rounds.append(learn(db, WHOLE))
        tell("on one core", [given.visits / sum(one.values()) for one in rounds])
        for step in rounds[0]:
            print(f"  {step:14s}{median(one[step] for one in rounds) / given.visits * 1e6:8.1f} us a visit")
        db.close()
        for pid in (0, *server_pids(postgres)):
            with suppress(ProcessLookupError):  # a session that has just ended
                os.sched_setaffinity(pid, cores)
        for _ in range(given.rounds):
            for of in (1, 2):
                seconds[of].append(together(settings, of))
        for of in (1, 2):
            tell(f"{of} on {len(cores)} cores", [given.visits / one for one in seconds[of]])


def tell(what: str, rates: list[float]) -> None:
    print(f"{what:18s}{median(rates):8,.0f} visits a second ({min(rates):,.0f}..{max(rates):,.0f})", flush=True)


def server_pids(postgres: Postgres) -> list[int]:
    """The server's processes; those it starts later go where the first one may."""
    assert postgres.process is not None
    first = postgres.process.pid
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]


def together(settings: Settings, of: int) -> float:
    """So many processes learn the visits of their share; -> seconds until all are done."""
    db = Database(settings, statement_ms=600_000)
    kept.forget_all(db)
    db.close()
    began = time.perf_counter()
    children = []
    for share in shares(of):
        if (child := os.fork()) == 0:
            learn(Database(settings, statement_ms=600_000), share)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * of
    return time.perf_counter() - began


def fill(db: Database, visits: int) -> None:
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
        kept.keep(db, scans, lookup)


def learn(db: Database, share: Share) -> dict[str, float]:
    """A new set of detectors learns all of its share; -> seconds by step."""
    lookup = Lookup(db, held=HELD)
    lookup.agrees(0)
    one = Detector(LIVE, db, lookup, load_rules(), write_alerts, withdraw, lambda saved: None, share)
    with timed() as spent:
        began = time.perf_counter()
        while one.step(time.time_ns() // 1000):
            pass
        one.finish()
        whole = time.perf_counter() - began
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
