"""kill -9 web processes and the worker under load: what a page called recorded is in the table, nothing twice.

Take fdatasync or the write itself away and it still passes here, because the page cache survives a killed process (see
tests/scanlog/test_spool.py for the order of sync and answer). Answer before `append`, or delete a segment before the
commit, and it fails.
"""
import random

import pytest

from tests.faults.served import Served, Shoppers, served
from tests.servers import wait_for
from webapp.settings import load_settings


def kill_under_load(one: Served, kills: int, scans_between: int) -> Shoppers:
    """So many kills, each after so many more recorded scans; then everything is shipped."""
    rng = random.Random(7)
    with Shoppers(one, 16, known=False) as shoppers:
        for number in range(1, kills + 1):
            wait_for(lambda n=number: len(shoppers.recorded) >= n * scans_between, "scans between two kills", 60)
            one.kill_a_web_process(rng)
            if number % 3 == 0:
                one.kill_the_worker()
                one.start_worker()
    one.stop_web()
    one.wait_until_shipped()
    return shoppers


def check(one: Served, shoppers: Shoppers) -> None:
    rows = dict(one.rows())
    assert [serial for serial in shoppers.recorded if serial not in rows] == []
    assert [serial for serial, times in rows.items() if times > 1] == []
    assert list(one.settings.spool.glob("*.bad")) == []


def test_nothing_recorded_is_lost_and_nothing_is_there_twice(home, sqlite_url: str, valkey_url: str):
    with served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as one:
        one.start_web()
        one.start_worker()
        shoppers = kill_under_load(one, kills=8, scans_between=150)
        check(one, shoppers)
        assert shoppers.broken > 0  # else nothing was killed in the middle of anything


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_million_scans_and_two_hundred_kills(home, postgresql_url: str, valkey_url: str):
    with served(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url)) as one:
        one.start_web()
        one.start_worker()
        shoppers = kill_under_load(one, kills=200, scans_between=5_000)
        check(one, shoppers)
        print(f"{len(shoppers.recorded):,} recorded, {shoppers.broken:,} connections broken")
