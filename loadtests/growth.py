#!/usr/bin/env python3
"""Does a scan cost more when there is more?   .venv/bin/python loadtests/growth.py [--codes 8] [--scans 6] [--postgres]

First the registry grows from 10^4 issued codes (a block of up to 10^6 codes is one row), then what is stored from 10^4
scans, each with the history of its code; at each step the processor time of a whole answer is measured in process
(median, and the level that 90 of 100 stay below): for codes whose history is in Valkey, and for codes nobody scanned,
whose history is first looked for in the database. --codes and --scans are the largest powers of ten; 10^7 scans want
--postgres (90 s to fill, 7 GB). Memory of Valkey and web processes: loadtests/memory.py.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import text  # noqa: E402

from loadtests import installation, machine, world  # noqa: E402
from loadtests.installation import Installation, installed  # noqa: E402
from webapp.codes.block import finish, reserve  # noqa: E402
from webapp.db import Database  # noqa: E402
from webapp.keys import CodeKeys, load_keys  # noqa: E402
from webapp.scanlog.partitions import ensure_months  # noqa: E402
from webapp.settings import load_settings  # noqa: E402
from webapp.verify.code import NUMBER_BITS, NUMBERS  # noqa: E402
from webapp.verify.history import History, pack  # noqa: E402

BLOCK = 1_000_000
MONTHS, STEP_S = 12, 3.0  # 10^7 scans, one every three seconds, are a year
AT_ONCE = 1_000_000
FIRST_FOREIGN = NUMBERS // 2  # numbers far behind those of the registry: what is stored is of other codes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=8)
    parser.add_argument("--scans", type=int, default=6)
    parser.add_argument("--postgres", action="store_true", help="a primary with a standby instead of SQLite")
    given = parser.parse_args()
    installation.CODES = 10_000
    print(machine.describe())
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saltcheck-grow-")))
        here = stack.enter_context(installed(home / "one", given.postgres, 4_000))
        settings = load_settings(home=home / "one", redis_url=here.env["SALTCHECK_REDIS_URL"],
                                 database_url=here.env.get("SALTCHECK_DATABASE_URL", ""))
        db, keys = Database(settings, statement_ms=600_000), load_keys(settings.keys).codes
        issued, stored = 10_000, 0
        print(f"{'':28s}{'known code, CPU us':>24s}{'new code, CPU us':>24s}")
        print(f"{'issued codes':>14s}{'stored scans':>14s}" + f"{'median':>12s}{'90 of 100':>12s}" * 2)
        for power in range(4, given.codes + 1):
            issued = issue_up_to(db, keys, 10 ** power, issued)
            tell(issued, stored, here)
        for power in range(4, given.scans + 1):
            started = time.monotonic()
            stored = store_up_to(db, keys.current, 10 ** power, stored)
            tell(issued, stored, here, f"filled in {time.monotonic() - started:.0f} s")
        db.close()


def issue_up_to(db: Database, keys: CodeKeys, wanted: int, issued: int) -> int:
    while issued < wanted:
        size = min(BLOCK, wanted - issued)
        finish(db, reserve(db, world.GTIN, world.lot_name(issued // BLOCK % world.LOTS), size, keys.current))
        issued += size
    return issued


def store_up_to(db: Database, version: int, wanted: int, stored: int) -> int:
    """Rows of `scan` and `code_history` as the worker would have brought them: over a year, each of another code."""
    now = datetime.now(UTC)
    first = now - timedelta(days=30 * MONTHS)
    seen = History(visits=1, first_at=int(first.timestamp()), last_at=int(first.timestamp()), scans=1, devices=1,
                   first_adcode=510100, province_mask=1, network_bits=1, last_devices=(7, 0, 0, 0, 0))
    postgres = db.write.dialect.name == "postgresql"
    while stored < wanted:
        told = {"first": stored, "last": min(wanted, stored + AT_ONCE) - 1, "state": pack(seen),
                "serial": version << NUMBER_BITS | FIRST_FOREIGN, "start": first, "step": STEP_S}
        with db.transaction() as connection:
            if postgres:
                ensure_months(connection, {((first + timedelta(days=day)).year, (first + timedelta(days=day)).month)
                                           for day in range(30 * MONTHS + 31)})
            for statement in POSTGRES if postgres else SQLITE:
                connection.execute(text(statement), told)
        stored = told["last"] + 1
    if postgres:
        with db.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE scan"))
            connection.execute(text("ANALYZE code_history"))
    return stored


# In order of time, as scans come; a number times a prime walks over the serials without order, as bags do.
COLUMNS = ("(at, scan_id, serial, batch_id, device, network, adcode, place_source, radius_km, agent, wifi, hosting, "
           "shared, role, verdict)")
REST = ":serial + n * 7919 % 100000007, 1 + n % 40, n, '192.0.2.0/24', 510100, 'geoip', 50, 'wechat'"
POSTGRES = (
    f"INSERT INTO scan {COLUMNS} SELECT :start + make_interval(secs => n * :step), md5(n::text), {REST}, true, "
    "false, false, 'shopper', 'first' FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n",
    "INSERT INTO code_history (serial, scans, state, tail, updated_at) SELECT :serial + n * 7919 % 100000007, 1, "
    ":state, '', :start FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n "
    "ON CONFLICT DO NOTHING",
)
NUMBERED = "WITH RECURSIVE series(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last) "
SQLITE = (
    f"{NUMBERED}INSERT INTO scan {COLUMNS} SELECT datetime(:start, '+' || (n * :step) || ' seconds'), "
    f"printf('%032x', n), {REST}, 1, 0, 0, 'shopper', 'first' FROM series",
    f"{NUMBERED}INSERT OR IGNORE INTO code_history (serial, scans, state, tail, updated_at) "
    "SELECT :serial + n * 7919 % 100000007, 1, :state, x'', :start FROM series",
)


def tell(issued: int, stored: int, here: Installation, note: str = "") -> None:
    """One line: known codes, then codes nobody scanned before (not even at an earlier step)."""
    known = answer_us(here, here.codes, 6_000)
    mine, rest = split(here.new_codes, 3_000)
    new = answer_us(here, mine, 3_000)
    here.new_codes.write_text("\n".join(rest))
    print(f"{issued:14,d}{stored:14,d}" + "".join(f"{one:>12s}" for one in (*known, *new)) + f"  {note}", flush=True)


def split(path: Path, many: int) -> tuple[Path, list[str]]:
    codes = path.read_text().split()
    part = path.with_suffix(".part")
    part.write_text("\n".join(codes[:many]))
    return part, codes[many:]


def answer_us(here: Installation, codes: Path, count: int) -> tuple[str, str]:
    words = [sys.executable, "-m", "loadtests.stages", str(codes), str(count)]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **here.env}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"growth: {done.stderr.strip()[-600:]}")
    told = next(line for line in done.stdout.splitlines() if line.startswith("whole answer")).split()
    return told[-2], told[-1]


if __name__ == "__main__":
    main()
