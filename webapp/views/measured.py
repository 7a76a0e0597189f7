"""What is measured once somebody asks for /metrics: spool, worker, replica. What cannot be told is absent."""
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import text

from cache.connection import OPEN, Cache
from webapp.db import AWAY, Database, DatabaseAway
from webapp.detect.people import Drop
from webapp.metrics import Counts, Metrics
from webapp.scanlog.heartbeat import Heartbeat, last_beat
from webapp.scanlog.segment import segments
from webapp.scanlog.spool import Spool
from webapp.settings import Settings
from webapp.verify.lookup import Lookup

# A standby at rest is not late, however old the last transaction it replayed.
REPLAYED = text(
    "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() - '0/0', CASE WHEN pg_last_wal_receive_lsn() = "
    "pg_last_wal_replay_lsn() THEN 0 ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END")


def metrics_of(settings: Settings, lookup: Lookup, cache: Cache, spool: Spool) -> Metrics:
    """The numbers of this web process."""
    counts: Counts = {
        "lookups|process": lambda: lookup.asked - lookup.from_valkey - lookup.from_database - lookup.unanswered,
        "lookups|valkey": lambda: lookup.from_valkey,
        "lookups|database": lambda: lookup.from_database,
        "lookups|away": lambda: lookup.unanswered,
        "cache_failures": lambda: cache.failures,
        "cache_refused": lambda: cache.refused,
        "spool_records": lambda: spool.kept,
        "spool_syncs": lambda: spool.syncs,
    }
    return Metrics(settings.home / "metrics", counts, lambda: cache.breaker == OPEN)


def measured(settings: Settings, db: Database) -> Iterator[Metric]:
    """Of this machine's spool and worker, and of the database this process reads from."""
    yield from _spool(settings)
    yield from _worker(settings)
    if settings.replica_url.startswith("postgresql"):
        yield from _replica(db)


def _spool(settings: Settings) -> Iterator[Metric]:
    held = []
    for path in segments(settings.spool):
        with suppress(FileNotFoundError):  # shipped and deleted meanwhile
            held.append(path.stat())
    yield _gauge("spool_segments", "Files of the spool, the shipped but unfinished ones too.", len(held))
    yield _gauge("spool_bytes", "Bytes of spool segments that are not deleted yet.", sum(one.st_size for one in held))
    yield _gauge("spool_age_seconds", "Time since the segment that rests longest was written to.",
                 max((time.time() - one.st_mtime for one in held), default=0.0))


def _worker(settings: Settings) -> Iterator[Metric]:
    told = last_beat(settings.spool)
    if told is None:
        return
    now = time.time()
    yield _gauge("worker_beat_age_seconds", "Time since the worker was last round.", max(0.0, now - told.at))
    yield _counter("shipped_scans", "Scans new to the database since the worker began.", told.shipped)
    yield _counter("records_set_aside", "Records the database does not take, kept in a file.", told.set_aside)
    yield _gauge("spool_waiting_bytes", "Bytes of the spool not shipped when the worker was last round.",
                 told.waiting_bytes)
    yield from _detectors(told)
    if told.caught_up_at:
        yield _gauge("shipping_lag_seconds", "Every scan kept longer ago than this is in the database.",
                     max(0.0, now - told.caught_up_at))


def _detectors(told: Heartbeat) -> Iterator[Metric]:
    if not told.learned:  # left by an older worker
        return
    yield _labelled(CounterMetricFamily, "detect_learned", "Visits learned since the worker began.", "detector",
                    told.learned)
    yield _labelled(CounterMetricFamily, "detect_drops", "Of the visits that the live detectors learned: those that "
                    "gave no evidence, by reason.", "reason", {reason: told.drops.get(reason, 0) for reason in Drop})
    yield _labelled(GaugeMetricFamily, "detect_behind_seconds", "Time of the scans that are in the database and not "
                    "learned yet; absent where another worker detects.", "detector", told.behind_s)
    yield _counter("trial_failures", "Rounds of the rules on trial that ended in an error.", told.trial_failures)


def _replica(db: Database) -> Iterator[Metric]:
    try:
        with db.read.connect() as connection:
            standby, replayed, late_s = connection.execute(REPLAYED).one()
    except AWAY:
        yield _gauge("replica_up", "1 while the replica answers.", 0)
        return
    yield _gauge("replica_up", "1 while the replica answers.", 1)
    if not standby:
        return
    if late_s is not None:
        yield _gauge("replica_lag_seconds", "Age of what the replica shows; 0 while it has all it received.",
                     max(0.0, float(late_s)))
    with suppress(DatabaseAway, *AWAY):  # without the primary nobody knows how far there is to go
        yield _gauge("replica_lag_bytes", "WAL of the primary that the replica has not replayed.",
                     max(0, db.position() - int(replayed)))


def _labelled(family: Any, name: str, sentence: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = family(f"saltcheck_{name}", sentence, labels=[label])
    for of, value in values.items():
        metric.add_metric([of], value)
    return metric


def _gauge(name: str, sentence: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saltcheck_{name}", sentence, value)


def _counter(name: str, sentence: str, value: float) -> Metric:
    family: Any = CounterMetricFamily(f"saltcheck_{name}", sentence, value)
    return family
