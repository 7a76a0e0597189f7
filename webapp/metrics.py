"""What Prometheus may read of this installation. Made once by each process's entry, summed over all at /metrics.

Several processes share numbers through the folder in PROMETHEUS_MULTIPROC_DIR, which `serve`, `worker` and `demo` set
before they start Python's web processes; without it a process tells only of itself.
"""
import time
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

BUCKETS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0)
STAGES_TOLD = 32  # one scan in so many is timed stage by stage: the clock itself costs


class Metrics:
    """Every number we publish, each with its sentence."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._asked = 0
        self._by_verdict: dict[str, Counter] = {}
        self.scans = Counter("saltcheck_scans", "Scan pages answered, by verdict.", ["verdict"], registry=registry)
        self.unrecorded = Counter("saltcheck_unrecorded_scans", "Scans that the spool could not keep.",
                                  registry=registry)
        self.stage = Histogram("saltcheck_scan_stage_seconds",
                               f"Time of one stage of a scan; one scan in {STAGES_TOLD} is timed.",
                               ["stage"], buckets=BUCKETS_S, registry=registry)
        self.degraded = Counter("saltcheck_degraded_answers", "Pages that said a part was missing.", ["part"],
                                registry=registry)
        self.breaker_open = Gauge("saltcheck_breaker_open", "1 while Valkey/Redis is left alone.", registry=registry,
                                  multiprocess_mode="livemax")
        self.spool_bytes = Gauge("saltcheck_spool_bytes", "Bytes of spool segments that are not deleted yet.",
                                 registry=registry, multiprocess_mode="mostrecent")
        self.spool_age = Gauge("saltcheck_spool_age_seconds",
                               "Time since the segment that rests longest was written to.", registry=registry,
                               multiprocess_mode="mostrecent")

    def watch(self) -> "Watch":
        """A stopwatch for one scan: a real one now and then, else one that stands still."""
        self._asked += 1  # may miss one under threads, which moves a sample and nothing else
        return Stopwatch(self.stage) if self._asked % STAGES_TOLD == 0 else stand_still

    def scan_told(self, verdict: str, recorded: bool, degraded: tuple[str, ...]) -> None:
        """One scan page went out. `recorded`: it was kept, or was none to keep."""
        counter = self._by_verdict.get(verdict)
        if counter is None:
            counter = self._by_verdict[verdict] = self.scans.labels(verdict)
        counter.inc()
        if not recorded:
            self.unrecorded.inc()
        for part in degraded:
            self.degraded.labels(part).inc()


Watch = Callable[[str], None]  # told the name of the stage that just ended


class Stopwatch:
    """Each call ends a stage and starts the next."""

    def __init__(self, stages: Histogram) -> None:
        self._stages = stages
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now = time.perf_counter()
        self._stages.labels(stage).observe(now - self._since)
        self._since = now


def stand_still(_stage: str) -> None:
    """The stopwatch of all other scans."""


def page(metrics: Metrics) -> bytes:
    """The text that Prometheus reads: of all processes where they share a folder."""
    everybody = CollectorRegistry()
    try:
        MultiProcessCollector(everybody)
    except ValueError:  # no shared folder
        return generate_latest(metrics.registry)
    return generate_latest(everybody)


def forget_process(pid: int) -> None:
    """A web process ended: its live gauges no longer count."""
    with suppress(TypeError):  # no shared folder
        mark_process_dead(pid)
