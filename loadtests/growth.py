#!/usr/bin/env python3
"""Does a scan cost more when there is more?   .venv/bin/python loadtests/growth.py [--codes 8] [--scans 6]

First the registry grows from 10^4 issued codes (a block of up to 10^6 codes is one row), then the history from 10^4
stored scans; at each step the processor time of a whole answer is measured in process (median, and the level that 90 of
100 stay below), for codes scanned before and for codes never scanned. Also told: bytes of Valkey a scanned code, and
resident memory. --codes and --scans are the largest powers of ten.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import insert  # noqa: E402

from loadtests import installation, machine, world  # noqa: E402
from loadtests.installation import installed  # noqa: E402
from webapp.codes.block import finish, reserve  # noqa: E402
from webapp.db import Database  # noqa: E402
from webapp.keys import load_keys  # noqa: E402
from webapp.models import Scan  # noqa: E402
from webapp.settings import load_settings  # noqa: E402
from webapp.verify.code import NUMBER_BITS  # noqa: E402

BLOCK = 1_000_000
CHUNK = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=8)
    parser.add_argument("--scans", type=int, default=6)
    given = parser.parse_args()
    installation.CODES, installation.SCANNED = 10_000, 4_000
    print(machine.describe())
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saltcheck-grow-")))
        here = stack.enter_context(installed(home / "one", postgres=False))
        settings = load_settings(home=home / "one", redis_url=here.env["SALTCHECK_REDIS_URL"])
        db, keys = Database(settings), load_keys(settings.keys).codes
        issued, stored = 10_000, 0
        print(f"{'issued codes':>14s}{'stored scans':>14s}{'answer, CPU us':>16s}{'90 of 100':>11s}")
        for power in range(4, given.codes + 1):
            issued = issue_up_to(db, keys, 10 ** power, issued)
            tell(issued, stored, here)
        for power in range(4, given.scans + 1):
            stored = store_up_to(db, keys.current, 10 ** power, stored)
            tell(issued, stored, here)


def issue_up_to(db: Database, keys, wanted: int, issued: int) -> int:
    while issued < wanted:
        size = min(BLOCK, wanted - issued)
        finish(db, reserve(db, world.GTIN, world.lot_name(issued // BLOCK % world.LOTS), size, keys.current))
        issued += size
    return issued


def store_up_to(db: Database, version: int, wanted: int, stored: int) -> int:
    """Rows of `scan` as the worker would have brought them, a minute apart, over many codes."""
    start = datetime.now(UTC) - timedelta(days=365)
    while stored < wanted:
        size = min(CHUNK, wanted - stored)
        with db.transaction() as connection:
            connection.execute(insert(Scan), [{
                "at": start + timedelta(seconds=number), "scan_id": f"{number:032x}", "batch_id": 1, "device": number,
                "serial": version << NUMBER_BITS | 1 + number * 7919 % 10_000_000, "network": "192.0.2.0/24",
                "adcode": 510100, "place_source": "geoip", "radius_km": 50, "agent": "wechat", "wifi": True,
                "hosting": False, "shared": False, "role": "shopper", "verdict": "first",
            } for number in range(stored, stored + size)])
        stored += size
    return stored


def tell(issued: int, stored: int, here) -> None:
    words = [sys.executable, "-m", "loadtests.stages", str(here.codes), "6000"]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **here.env}, capture_output=True, text=True, check=True)
    answer = next(line for line in done.stdout.splitlines() if line.startswith("whole answer")).split()
    print(f"{issued:14,d}{stored:14,d}{answer[-2]:>16s}{answer[-1]:>11s}", flush=True)


if __name__ == "__main__":
    main()
