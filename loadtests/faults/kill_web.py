#!/usr/bin/env python3
"""kill -9 of web processes (and the worker) under load: what a page called recorded is in the table, once.

    .venv/bin/python -m loadtests.faults.kill_web [--kills 200] [--scans 1000000] [--threads 16] [--sqlite]

Starts a PostgreSQL, a Valkey, gunicorn and the worker of its own. Every third kill also takes the worker. Prints the
ledger against the table; ends with 1 when a scan was lost, is there twice, or is there though its page said it is not.
A kill proves nothing about a power cut (the page cache survives): see tests/faults/test_sync_before_reply.py.
"""
import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from loadtests.faults.installation import Installed, installed
from loadtests.faults.ledger import Crowd, Ledger, Result, compare, percentile_ms
from tests.servers import wait_for

WARM_CODES = 1_000


def kill_under_load(one: Installed, kills: int, scans: int, threads: int, say=print) -> tuple[Ledger, Result]:
    """`kills` kills spread evenly over `scans` acknowledged scans, then everything shipped and compared."""
    rng = random.Random(7)
    with Crowd(one.connect, one.code, WARM_CODES, one.base, threads) as ledger:
        for number in range(1, kills + 1):
            wait_for(lambda n=number: len(ledger.recorded) >= n * scans // kills, "scans between two kills", 600)
            wait_for(lambda: one.served.kill_a_web_process(rng), "a web process to kill", 30)
            if number % 3 == 0:
                one.served.kill_the_worker()
                one.served.start_worker()
            if number % 20 == 0:
                say(f"  {number} kills, {len(ledger.recorded):,} recorded, {len(ledger.broken):,} broken off")
    one.served.stop_web()
    one.served.wait_until_shipped(600)
    return ledger, compare(ledger, one.served.db)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--scans", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    given = parser.parse_args()
    started = time.monotonic()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sc-kill-web-")))
        one = stack.enter_context(installed(home, sqlite=given.sqlite))
        one.served.start_web()
        one.served.start_worker()
        ledger, result = kill_under_load(one, given.kills, given.scans, given.threads)
    report("kill -9 of web processes", given.kills, ledger, result, time.monotonic() - started)
    return 1 if result.lost or result.twice or result.false else 0


def report(what: str, kills: int, ledger: Ledger, result: Result, seconds: float) -> None:
    """The ledger in words, with what 0 of n is worth (rule of three)."""
    print(f"{what}: {kills} kills, {result.recorded:,} scans acknowledged in {seconds:.0f} s")
    print(f"  lost {result.lost}, twice {result.twice}, there though the page said no {result.false}; "
          f"at 95 % less than {3 / max(1, result.recorded):.1e} are lost")
    print(f"  connections broken {result.broken:,} (of these kept {result.broken_kept:,}), told not recorded "
          f"{len(ledger.not_recorded):,}, degraded {ledger.degraded:,}, other answers {dict(ledger.errors)}")
    print(f"  p50 {percentile_ms(ledger.seconds, 50):.1f} ms, p99 {percentile_ms(ledger.seconds, 99):.1f} ms, "
          f"slowest {percentile_ms(ledger.seconds, 100):.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
