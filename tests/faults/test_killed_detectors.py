"""kill -9 the worker again and again while it learns: the same ledgers, alerts and cases as if nothing had happened."""
import random
import subprocess
import sys
from pathlib import Path

from tests.detect.kept import clone, detector, households, keep, learn, outcome, stock
from webapp.child_process import die_with_parent, stop_process
from webapp.db import Database
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
    with db.transaction() as connection:
        for table in ("alert", "case_event", '"case"', "code_ledger", "detector_state", "detector"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    learn(detector(db, lookup))
    assert outcome(db) == after
    assert [one.kind for one in after[2]] == ["clone"]
    db.close()
