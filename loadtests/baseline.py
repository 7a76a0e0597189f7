#!/usr/bin/env python3
"""How much one core serves, side by side in one run:   python loadtests/baseline.py [--quick] [--json FILE]

Every server is pinned to one core (with the Valkey it asks), wrk to the other. Rounds go through all subjects in turn,
so that what the machine does meanwhile hits all alike; shown are medians and, in brackets, the lowest and highest
round. Compare ratios, not absolute figures. Every scan request is a scan of its own: another code, another phone,
another network, judged and kept before its page leaves.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if Path(sys.prefix) != ROOT / ".venv" and __name__ == "__main__":
    made = subprocess.run([ROOT / "saltcheck", "db", "--help"], stdout=subprocess.DEVNULL)
    if made.returncode:
        sys.exit(made.returncode)
    os.execv(ROOT / ".venv/bin/python", [ROOT / ".venv/bin/python", __file__, *sys.argv[1:]])
sys.path.insert(0, str(ROOT))

from loadtests import load, machine  # noqa: E402
from loadtests.installation import Installation, installed  # noqa: E402
from loadtests.subjects import LOAD_CORE, SERVER_CORE, Server, gunicorn, product, started  # noqa: E402

CONNECTIONS = 32
OF_TWO = 128  # connections to two processes: with 32 both wait for requests
QUICK = ("flask_hello", "scan_gunicorn", "scan_fastest", "wrong_code", "scan_json")
POSTGRES = ("scan_gunicorn_postgres", "scan_fastest_postgres", "scan_cold")
HELLO = "flask_hello"
# Codes that were looked at once are needed, a second of every subject's runs: all of them, --quick, with PostgreSQL.
SCANS_S, SCANS_S_QUICK, SCANS_S_POSTGRES = 60_000, 24_000, 18_000
COLD = 25_000  # bags on pages of the registry that are asked for once, 500 a second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="five subjects, at most 90 s")
    parser.add_argument("--json", metavar="FILE", help="write the figures for programs")
    parser.add_argument("--seconds", type=float, help="length of one run (default 8, quick 3)")
    parser.add_argument("--rounds", type=int, help="repetitions (default 5, quick 3)")
    parser.add_argument("--only", help="comma list of subjects; flask_hello is always measured")
    given = parser.parse_args()
    machine.need("wrk", "taskset")
    seconds = given.seconds or (3 if given.quick else 8)
    rounds = given.rounds or (3 if given.quick else 5)
    chosen = {HELLO, *given.only.split(",")} if given.only else set(QUICK) if given.quick else None
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saltcheck-load-")))
        print(machine.describe(), flush=True)
        subjects = start_subjects(stack, home, chosen, seconds * rounds + 1)
        runs = measure(subjects, rounds, seconds)
        told = stages(subjects) if not given.quick else ""
    results = {name: median(several) for name, several in runs.items()}
    ratios = {name: run.requests_per_s / results[HELLO].requests_per_s for name, run in results.items()}
    print(table(runs, results, ratios), told)
    if given.json:
        load.write_json(given.json, results, ratios)
    failed = {name: run.failed for name, several in runs.items() for run in several if run.failed}
    if failed:
        sys.exit(f"baseline: requests failed: {failed}")


class Subject:
    """A server, and how it is asked."""

    scans = 0  # asked for so far, of all subjects: no scan is ever one of a bag that was just looked at

    def __init__(self, server: Server, pids: list[int], path: str = "/", script: str = "",
                 server_env: dict[str, str] | None = None, refused: bool = False, connections: int = CONNECTIONS,
                 **env: object) -> None:
        self.url, self.pids, self.script, self.env = server.url + path, [server.pid, *pids], script, env
        self.server_env, self.refused, self.connections = server_env or {}, refused, connections

    def run(self, seconds: float) -> load.Run:
        """One run; the next one, of whatever subject, goes on where this one ended: no visit is ever a reload."""
        done = load.run(self.url, seconds, self.connections, LOAD_CORE, self.pids, self.script, START=Subject.scans,
                        refused=self.refused, **self.env)
        if "CODES" in self.env and not self.refused:
            Subject.scans += int(done.requests_per_s * seconds * 1.05) + 200
        return done


def start_subjects(stack: ExitStack, home: Path, chosen: set[str] | None, each_s: float) -> dict[str, Subject]:
    """Everything that is measured, up and idle; each will run for `each_s`."""

    def wanted(*names: str) -> bool:
        return chosen is None or bool(chosen.intersection(names))

    def up(words: list[str], port: int, path: str = "/", **env: str) -> Server:
        return stack.enter_context(started(words, port, path, **env))

    same = {"script": "scans.lua"}  # the headers of a phone cost a server time, too
    subjects = {HELLO: Subject(up(gunicorn("loadtests.apps.flask_hello:app", 8401), 8401), [], **same)}
    if chosen is None:
        subjects["flask_hello_our_settings"] = Subject(
            up(product(8406, "loadtests.apps.flask_hello:app"), 8406), [], **same)
        subjects["plain_wsgi"] = Subject(up(gunicorn("loadtests.apps.plain:app", 8402), 8402), [], **same)
        subjects["flask_page_no_data"] = Subject(up(gunicorn("loadtests.apps.flask_page:app", 8403), 8403), [], **same)
        nginx = stack.enter_context(machine.nginx_static(home / "nginx", 8405))
        subjects["nginx_static_4k"] = Subject(nginx, [], "/4k.html")
    here = stack.enter_context(installed(
        home / "sqlite", False, int(each_s * (SCANS_S if chosen is None else SCANS_S_QUICK))))
    scans = {"CODES": here.codes, "script": "scans.lua", "server_env": here.env}
    if wanted("scan_gunicorn", "wrong_code", "scan_json"):
        server = up(product(8411), 8411, "/healthz", **here.env)
        subjects["scan_gunicorn"] = Subject(server, here.pids, "/", **scans)
        subjects["scan_json"] = Subject(server, here.pids, "/", **scans | {"HEADERS": "json"})
        subjects["wrong_code"] = Subject(server, here.pids, "/", CODES=here.wrong_codes, script="scans.lua",
                                         refused=True)
    if wanted("scan_fastest"):
        fastest = up(product(8412), 8412, "/healthz", **here.env, SALTCHECK_SYNC="interval")
        subjects["scan_fastest"] = Subject(fastest, here.pids, "/", **scans)
    if chosen is None:
        add_promises(subjects, here, up, scans)
    if wanted("scan_two_workers"):
        add_two_workers(stack, subjects, here, scans)
    if wanted(*POSTGRES):
        add_postgres(stack, home, subjects, up, int(each_s * SCANS_S_POSTGRES))
    if chosen is None:
        subjects["scan_first_ever"] = Subject(server, here.pids, "/", CODES=here.new_codes, script="scans.lua")
    return {name: one for name, one in subjects.items() if chosen is None or name in chosen}


def add_promises(subjects: dict[str, Subject], here: Installation, up, scans: dict[str, object]) -> None:
    """The price of `recorded` beside the other two promises: written only, which a power cut undoes."""
    server = up(product(8414, "loadtests.apps.scan_sync:app"), 8414, "/healthz", **here.env, LOADTEST_SYNC="write")
    subjects["scan_gunicorn_write"] = Subject(server, here.pids, "/", **scans)


def add_two_workers(stack: ExitStack, subjects: dict[str, Subject], here: Installation,
                    scans: dict[str, object]) -> None:
    """Two processes on both cores, which they share with the load and with Valkey: what a second one brings."""
    both = f"{SERVER_CORE},{LOAD_CORE}"
    for name, app, port, env, how in (
            ("flask_hello_two_workers", "loadtests.apps.flask_hello:app", 8431, {}, {"script": "scans.lua"}),
            ("scan_two_workers", "webapp.wsgi:app", 8432, here.env, scans)):
        words = [*product(port, app), "-w", "2"]
        server = stack.enter_context(started(words, port, "/healthz", both, **env))
        subjects[name] = Subject(server, here.pids, "/", connections=OF_TWO, **how)


def add_postgres(stack: ExitStack, home: Path, subjects: dict[str, Subject], up, scanned: int) -> None:
    there: Installation = stack.enter_context(installed(home / "postgres", True, scanned, COLD))
    for name, port, sync in (("scan_gunicorn_postgres", 8421, "group"), ("scan_fastest_postgres", 8422, "interval")):
        server = up(product(port), port, "/healthz", **there.env, SALTCHECK_SYNC=sync)
        subjects[name] = Subject(server, there.pids, "/", CODES=there.codes, script="scans.lua")
        if sync == "group":
            subjects["scan_cold"] = Subject(server, there.pids, "/", CODES=there.cold_codes, script="scans.lua")


def measure(subjects: dict[str, Subject], rounds: int, seconds: float) -> dict[str, list[load.Run]]:
    runs: dict[str, list[load.Run]] = {name: [] for name in subjects}
    for subject in subjects.values():
        subject.run(min(1.0, seconds))  # first pages are drawn, first connections made
    for number in range(1, rounds + 1):
        for name, subject in subjects.items():
            runs[name].append(subject.run(seconds))
            print(f"round {number}/{rounds}  {name:24s}{runs[name][-1].requests_per_s:9.0f}/s", file=sys.stderr)
    return runs


def stages(subjects: dict[str, Subject]) -> str:
    """The stage table of the installation that was just loaded."""
    of = subjects["scan_gunicorn"]
    words = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "loadtests.stages", str(of.env["CODES"])]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **of.server_env}, capture_output=True, text=True,
                          check=True)
    return "\n" + done.stdout


def median(runs: list[load.Run]) -> load.Run:
    values = [statistics.median(getattr(run, field) for run in runs) for field in load.Run._fields]
    return load.Run(*values)


def table(runs: dict[str, list[load.Run]], results: dict[str, load.Run], ratios: dict[str, float]) -> str:
    lines = [f"{'':24s}{'requests/s':>11s}{'lowest..highest':>18s}{'x hello':>9s}"
             f"{'p50 ms':>8s}{'p99 ms':>8s}{'CPU us':>8s}"]
    for name, run in results.items():
        spread = [one.requests_per_s for one in runs[name]]
        lines.append(f"{name:24s}{run.requests_per_s:11.0f}{f'{min(spread):.0f}..{max(spread):.0f}':>18s}"
                     f"{ratios[name]:9.2f}{run.p50_ms:8.2f}{run.p99_ms:8.2f}{run.cpu_us:8.0f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
