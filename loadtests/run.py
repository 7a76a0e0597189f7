#!/usr/bin/env python3
"""One scenario against a running installation:   .venv/bin/python loadtests/run.py SCENARIO [--users N] [--seconds S]

Scenarios: steady_day, panic_buying, viral_code, enumeration, staff_and_shoppers. SALTCHECK_HOME names the home whose
codes are scanned (default var), --host where it answers. Start the demo with SALTCHECK_TRUSTED_PROXIES=1, so that every
visitor has a network of his own. Prints requests/s, p50, p99 and failures; ends with 1 when a request failed.
"""
import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ("steady_day", "panic_buying", "viral_code", "enumeration", "staff_and_shoppers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=SCENARIOS, nargs="?", default="steady_day")
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--host", default="http://127.0.0.1:8000")
    given = parser.parse_args()
    locust = [str(ROOT / ".venv/bin/locust"), "-f", str(ROOT / f"loadtests/{given.scenario}.py"), "--headless",
              "--host", given.host, "--only-summary"]
    if given.scenario != "panic_buying":  # which brings its own shape
        locust += ["-u", str(given.users), "-r", str(given.users), "-t", f"{given.seconds}s"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "USERS": str(given.users)}
    os.execve(locust[0], locust, environment)


if __name__ == "__main__":
    sys.exit(main())
