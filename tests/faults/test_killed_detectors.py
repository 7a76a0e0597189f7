"""kill -9 the worker again and again while it learns: the same ledgers, alerts and cases as if nothing had happened."""
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.detect.kept import (
    DAY,
    FAR,
    START,
    clone,
    detector,
    forget_all,
    households,
    keep,
    learn,
    outcome,
    stock,
    stock_two,
    unpacked,
    visit,
)
from tests.servers import wait_for
from tests.verify import world
from webapp.child_process import die_with_parent, stop_process
from webapp.db import Database
from webapp.scanlog.heartbeat import HEARTBEAT_FILE, last_beat
from webapp.settings import load_settings

ROOT = Path(__file__).parent.parent.parent
# The worker's detectors with small steps, so that a kill falls before, into and after many a checkpoint.
LEARN = """
import sys, time
from webapp.detect import arrivals, live
arrivals.AT_ONCE, live.EVERY_S, live.SHARE = 20, 0.0, 1e9
from tests.detect.kept import Lookup, detector, NOW_US
from webapp.db import Database
from webapp.settings import load_settings
db = Database(load_settings(home=sys.argv[1], database_url=sys.argv[2]))
lookup = Lookup(db)
lookup.agrees(0)
one = detector(db, lookup)
print("ready", flush=True)
while one.step(NOW_US) or not one.learned:
    time.sleep(0.001)
one.finish()
"""


def start(home: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", LEARN, str(home), url], cwd=ROOT, stdout=subprocess.PIPE,
                            preexec_fn=die_with_parent())


def test_a_worker_killed_at_any_moment_counts_and_raises_nothing_twice(home: Path, postgresql_url: str) -> None:
    db, rng = Database(load_settings(home=home, database_url=postgresql_url)), random.Random(5)
    lookup = stock(db)
    keep(db, households(1, 900) + clone(), lookup)
    kills = 0
    while True:
        process = start(home, postgresql_url)
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(rng.uniform(0.02, 0.25) if kills < 6 else 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        finally:
            process.stdout.close()
            stop_process(process)
        if process.returncode == 0:
            break
    assert kills >= 3
    after = outcome(db)
    forget_all(db)
    learn(detector(db, lookup))
    assert outcome(db) == after
    assert [one.kind for one in after[2]] == ["clone"]
    db.close()


def test_of_two_workers_that_share_the_codes_one_is_killed_and_the_other_goes_on_with_all(
        tmp_path: Path, postgresql_url: str, valkey_url: str) -> None:
    db = Database(load_settings(home=tmp_path, database_url=postgresql_url))
    lookup, a, b = stock_two(db), tmp_path / "a", tmp_path / "b"
    killed, other = (work(home, postgresql_url, valkey_url) for home in (a, b))
    numbers = (20, 21, FAR + 20, FAR + 21)
    try:
        wait_for(lambda: len(shares_of(a)) == len(shares_of(b)) == len(shares_of(a) | shares_of(b)) - 1 == 1,
                 "a share for each", 30)
        for day in range(4):
            if day == 2:
                killed.kill()
                killed.wait()
            keep(db, [visit(START + day * DAY, number, 1000 * (day + 1) + number % FAR) for number in numbers], lookup)
            wait_for(lambda day=day: learned(db, numbers) == dict.fromkeys(numbers, day + 1), "all to be learned", 30)
        assert len(shares_of(b)) == 2
    finally:
        for process in (killed, other):
            stop_process(process)
    assert learned(db, numbers) == dict.fromkeys(numbers, 4)
    db.close()


def work(home: Path, url: str, valkey: str) -> subprocess.Popen[bytes]:
    """The worker of a machine."""
    home.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", "worker"], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(), env=os.environ | {
            "SALTCHECK_HOME": str(home), "SALTCHECK_DATABASE_URL": url, "SALTCHECK_REDIS_URL": valkey,
            "SALTCHECK_DETECTOR_SHARES": "2"})


def shares_of(home: Path) -> set[str]:
    """The sets of detectors that a worker says it leads."""
    spool = load_settings(home=home).spool
    return set(last_beat(spool).behind_s) if (spool / HEARTBEAT_FILE).exists() else set()


def learned(db: Database, numbers: Iterable[int]) -> dict[int, int]:
    """Scans in the ledgers of codes, by number."""
    ledgers = outcome(db)[0]
    return {number: unpacked(ledgers[world.BASE + number]).scans for number in numbers
            if world.BASE + number in ledgers}
