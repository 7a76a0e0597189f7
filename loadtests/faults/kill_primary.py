#!/usr/bin/env python3
"""kill -9 of the PostgreSQL primary under load: pages go on, segments wait, everything arrives once it is back.

    .venv/bin/python -m loadtests.faults.kill_primary [--kills 20] [--scans 500000] [--threads 16] [--away 3]

Every kill takes the postmaster and all its processes, in the middle of whatever the worker was committing; after
--away seconds the server starts again. Prints the ledger against the table, and how long the spool needed at the end.
"""
import argparse
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from loadtests.faults.installation import Installed, installed
from loadtests.faults.kill_web import WARM_CODES, report
from loadtests.faults.ledger import Crowd, Ledger, Result, compare
from tests.servers import Postgres, wait_for


def kill_under_load(one: Installed, kills: int, scans: int, threads: int, away_s: float,
                    say=print) -> tuple[Ledger, Result, float]:
    """`kills` kills spread evenly over `scans` acknowledged scans. -> (ledger, result, seconds of shipping the rest)"""
    assert one.postgres is not None
    with Crowd(one.connect, one.code, WARM_CODES, one.base, threads) as ledger:
        for number in range(1, kills + 1):
            wait_for(lambda n=number: len(ledger.recorded) >= n * scans // (kills + 1), "scans between two kills", 600)
            kill(one.postgres)
            time.sleep(away_s)
            one.postgres.start()
            say(f"  {number} kills, {len(ledger.recorded):,} recorded")
        wait_for(lambda: len(ledger.recorded) >= scans, "the last scans", 600)
    one.served.stop_web()
    started = time.monotonic()
    one.served.wait_until_shipped(600)
    return ledger, compare(ledger, one.served.db), time.monotonic() - started


def kill(postgres: Postgres) -> None:
    """-9 for the postmaster and all its children: nobody gets to write anything more."""
    assert postgres.process is not None
    pid = postgres.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (str(pid), *children):
        try:
            os.kill(int(one), signal.SIGKILL)
        except ProcessLookupError:
            continue  # ended by itself in between
    postgres.process.wait()
    (postgres.data / "postmaster.pid").unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--scans", type=int, default=500_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--away", type=float, default=3.0, help="seconds the primary stays away")
    given = parser.parse_args()
    started = time.monotonic()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sc-kill-primary-")))
        one = stack.enter_context(installed(home))
        one.served.start_web()
        one.served.start_worker()
        ledger, result, shipping = kill_under_load(one, given.kills, given.scans, given.threads, given.away)
    report("kill -9 of the primary", given.kills, ledger, result, time.monotonic() - started)
    print(f"  what was left in the spool at the end was shipped in {shipping:.1f} s")
    return 1 if result.lost or result.twice or result.false or result.broken or ledger.errors else 0


if __name__ == "__main__":
    sys.exit(main())
