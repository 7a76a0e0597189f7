"""What the web processes count of themselves, and its text for Prometheus. Made once by create_app.

The scan path pays for additions in memory (tally.py), and whichever process is asked at /metrics adds up the numbers of
all. What other modules count anyway, in plain integers, is copied now and then, and whenever somebody asks.
"""
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.tally import Tally, read_all

BUCKETS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0)
LE = (*map(str, BUCKETS_S), "+Inf")
STAGES_TOLD = 32  # one scan in so many is timed stage by stage: the clock itself costs
OPEN_FOR_S = 2.0  # a breaker that was open so lately counts as open: a process without visitors says nothing new

# name -> (label, sentence). Absent until somebody measured it: 0 would be a claim.
COUNTERS = {
    "scans": ("verdict", "Scan pages answered, by verdict."),
    "unrecorded_scans": ("", "Scans that the spool could not keep."),
    "degraded_answers": ("part", "Pages that said a part was missing."),
    "lookups": ("tier", "Look-ups of a bag by the deepest tier that had to be asked: process memory, Valkey, database, "
                        "away (nobody knew)."),
    "cache_failures": ("", "Calls of Valkey/Redis that got no answer."),
    "cache_refused": ("", "Calls of Valkey/Redis not even tried: the breaker was open."),
    "spool_records": ("", "Records kept in the spool."),
    "spool_syncs": ("", "fdatasync calls of the spool; records that wait together share one."),
}
Watch = Callable[[str], None]  # told the name of the stage that just ended
Counts = Mapping[str, Callable[[], float]]  # "name" or "name|label" -> what it is in this process


class Metrics:
    """`folder`: where the web processes of this home leave their numbers. `counts`: what others count."""

    def __init__(self, folder: Path, counts: Counts, breaker_is_open: Callable[[], bool]) -> None:
        self.folder = folder
        self.tally = Tally(folder)
        self._counts, self._breaker_is_open = counts, breaker_is_open
        self._asked = 0

    def watch(self) -> Watch:
        """A stopwatch for one scan: a real one now and then, else one that stands still."""
        self._asked += 1  # may miss one under threads, which moves a sample and nothing else
        if self._asked % STAGES_TOLD:
            return stand_still
        self.copy()
        return Stopwatch(self.tally)

    def scan_told(self, verdict: str, recorded: bool, degraded: tuple[str, ...]) -> None:
        """One scan page went out. `recorded`: it was kept, or was none to keep."""
        add = self.tally.add
        add(_NAMES[verdict])
        if not recorded:
            add("unrecorded_scans")
        if degraded:
            for part in degraded:
                add("degraded_answers|" + part)
            self.copy()

    def copy(self) -> None:
        """Bring what others count to where every process can read it."""
        for name, count in self._counts.items():
            if value := count():
                self.tally.set(name, value)
        if self._breaker_is_open():
            self.tally.set("breaker_open_at", time.time())


class _Names(dict[str, str]):
    def __missing__(self, verdict: str) -> str:
        name = self[verdict] = f"scans|{verdict}"
        return name


_NAMES = _Names()


class Stopwatch:
    """Each call ends a stage and starts the next."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        took = now - self._since
        self._tally.add(f"stage|{stage}|{LE[bisect_left(BUCKETS_S, took)]}")
        self._tally.add(f"stage|{stage}|sum", took)
        self._since = now


def stand_still(_stage: str) -> None:
    """The stopwatch of all other scans."""


def page(metrics: Metrics, beside: Iterable[Metric] = ()) -> bytes:
    """The text that Prometheus reads: of all web processes, and what was measured beside them."""
    metrics.copy()
    registry = CollectorRegistry()
    registry.register(_Now([*families(read_all(metrics.folder) or [(True, metrics.tally.own())]), *beside]))
    return generate_latest(registry)


class _Now(Collector):
    def __init__(self, told: list[Metric]) -> None:
        self._told = told

    def collect(self) -> list[Metric]:
        return self._told


def families(tallies: list[tuple[bool, dict[str, float]]]) -> Iterable[Metric]:
    """Counters of all processes that ever counted, gauges of those that live."""
    sums: defaultdict[str, float] = defaultdict(float)
    for _, numbers in tallies:
        for name, value in numbers.items():
            sums[name] += value
    for metric, (label, sentence) in COUNTERS.items():
        found = {name.partition("|")[2]: value for name, value in sums.items() if name.partition("|")[0] == metric}
        if found:
            family = CounterMetricFamily(f"saltcheck_{metric}", sentence, labels=[label] if label else [])
            for of, value in sorted(found.items()):
                family.add_metric([of] if label else [], value)
            yield family
    if any(name.startswith("stage|") for name in sums):
        yield _stages(sums)
    alive = [numbers for lives, numbers in tallies if lives]
    yield GaugeMetricFamily("saltcheck_web_processes", "Web processes that have answered scans and live.", len(alive))
    now = time.time()
    yield GaugeMetricFamily(
        "saltcheck_breaker_open", "Web processes that leave Valkey/Redis alone just now, after failures.",
        sum(now - numbers.get("breaker_open_at", 0.0) < OPEN_FOR_S for numbers in alive))


def _stages(sums: Mapping[str, float]) -> Metric:
    sentence = f"Time of one stage of a scan; one scan in {STAGES_TOLD} is timed."
    family = HistogramMetricFamily("saltcheck_scan_stage_seconds", sentence, labels=["stage"])
    for stage in sorted({name.split("|")[1] for name in sums if name.startswith("stage|")}):
        buckets, below = [], 0.0
        for le in LE:
            below += sums.get(f"stage|{stage}|{le}", 0.0)
            buckets.append((le, below))
        family.add_metric([stage], buckets, sums.get(f"stage|{stage}|sum", 0.0))
    return family
