"""Scans of many people, and the worker over a database and a Valkey of its own."""
import random
import time
from collections.abc import Callable, Iterator

import pytest

from webapp.scanlog.scan import Scan, scan_id
from webapp.settings import Settings, load_settings
from webapp.worker import Worker


@pytest.fixture
def scan_of() -> Callable[..., Scan]:
    """A shopper's scan; every part may be given, its time is the test's beginning."""
    now = time.time_ns() // 1000

    def make(**parts: object) -> Scan:
        at, serial, device = (int(parts.pop(name, default)) for name, default in
                              (("at", now), ("serial", 1 << 45 | 77), ("device", 5)))
        plain = Scan(scan_id(device, serial, at), at, serial, device, "203.0.113.0/24", 510300, "geoip", 50, "wechat",
                     True, False, False, "shopper", "first")
        return type(plain)(**({name: getattr(plain, name) for name in plain.__struct_fields__} | parts))
    return make


@pytest.fixture
def crowd(scan_of: Callable[..., Scan]) -> Callable[[int, int], list[Scan]]:
    """`count` scans of `codes` codes over a day, in no order: families, strangers, forwards, staff, data centres."""
    def make(count: int, codes: int) -> list[Scan]:
        rng = random.Random(count * 31 + codes)
        return [
            scan_of(at=scan_of().at - rng.randrange(86_400_000_000), serial=1 << 45 | rng.randrange(codes),
                    device=rng.randrange(1, 1 + codes * 4), network=f"10.{rng.randrange(200)}.0.0/24",
                    adcode=rng.choice((510300, 440100, 110000, 0)), shared=rng.random() < 0.1,
                    hosting=rng.random() < 0.05, role="staff" if rng.random() < 0.05 else "shopper",
                    agent=rng.choice(("wechat", "browser", "desktop", "script")))
            for _ in range(count)
        ]
    return make


@pytest.fixture
def worker(settings: Settings, valkey_url: str) -> Iterator[Worker]:
    """On SQLite and on PostgreSQL."""
    one = Worker(load_settings(home=settings.home, database_url=settings.database_url, redis_url=valkey_url))
    yield one
    one.close()
