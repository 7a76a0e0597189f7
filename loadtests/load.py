"""One run of wrk against one address: requests a second, latencies, errors, processor time of the server."""
import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """What one run showed. cpu_us: processor time of the server's processes a request, in µs."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int



def run(url: str, seconds: float, connections: int, core: int, pids: list[int], script: str = "",
        refused: bool = False, **env: object) -> Run:
    """Load `url` for some seconds from one core. `script` names a wrk script of this folder; `env` goes to it.
    `refused`: every answer should be a 4xx, and one that is not counts as failed."""
    words = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    if script:
        words += ["-s", str(HERE / script)]
    before = processor_ticks(pids)
    said = subprocess.run([*words, url], env={**os.environ, **{key: str(value) for key, value in env.items()}},
                          capture_output=True, text=True, check=True).stdout
    spent = (processor_ticks(pids) - before) * TICK_US
    total = int(re.search(r"(\d+) requests in", said)[1])
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    refusals = int(wrong[1]) if wrong else 0
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return Run(
        requests_per_s=float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        p50_ms=percentile(said, 50), p99_ms=percentile(said, 99),
        cpu_us=spent / max(1, total),
        failed=(total - refusals if refused else refusals) + (sum(map(int, sockets.groups())) if sockets else 0),
    )


def percentile(said: str, n: int) -> float:
    """A latency percentile of wrk's report, in ms."""
    value, unit = re.search(rf"\s{n}%\s+([\d.]+)(us|ms|s|m)\b", said).groups()
    return float(value) * UNIT_MS[unit]


def processor_ticks(pids: list[int]) -> int:
    """User and system time of processes and all their children, in clock ticks."""
    total = 0
    for pid in pids:
        for one in [pid, *children(pid)]:
            try:
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:
                continue
            total += int(fields[11]) + int(fields[12])
    return total


def children(pid: int) -> list[int]:
    """All processes below one."""
    try:
        direct = [int(x) for task in Path(f"/proc/{pid}/task").iterdir()
                  for x in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []
    return [x for child in direct for x in (child, *children(child))]


def write_json(path: str, results: dict[str, Run], ratios: dict[str, float]) -> None:
    """The figures for programs."""
    keep = ("requests_per_s", "p50_ms", "p99_ms", "cpu_us")
    Path(path).write_text(json.dumps({
        "results": {name: {key: round(getattr(r, key), 3) for key in keep} for name, r in results.items()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
    }, indent=1) + "\n")
