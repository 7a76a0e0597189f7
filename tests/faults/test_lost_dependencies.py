"""Valkey or PostgreSQL killed under load: pages go on, say what they lack, and afterwards everything is as before."""
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
import redis

from tests.faults.served import Served, Shoppers, served
from tests.servers import postgres_primary, valkey_server, wait_for
from webapp.db import Database
from webapp.embedded import start_valkey
from webapp.migrate import upgrade
from webapp.settings import load_settings

PEOPLE = [f"10.0.{n}.7" for n in range(6)]


def look(one: Served, number: int, network: str) -> dict:
    with closing(one.connect()) as connection:
        return one.ask(connection, number, network)


def wait_until_known(one: Served, within_s: float = 30) -> dict[int, tuple]:
    """What somebody who reloads is told of codes 1..4, once all of it is there: people before and this one."""
    told: dict[int, tuple] = {}

    def whole() -> bool:
        for number in (1, 2, 3, 4):
            answer = look(one, number, "10.9.9.9")
            if answer["degraded"] or answer["checks"]["scans"] != (number * 2 + 1 if number < 4 else 0):
                return False
            told[number] = answer["verdict"], answer["checks"]
        return True

    wait_for(whole, "the counts", within_s)
    return told


@pytest.mark.parametrize("fault", ["killed and started with its file", "killed and started empty", "flushed", "hung"])
def test_verdicts_and_counts_survive_valkey(home: Path, sqlite_url: str, fault: str, impatient: None):
    with valkey_server() as valkey, \
            served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey.url)) as one:
        one.start_web()
        one.start_worker()
        for number in (1, 2, 3):
            for network in PEOPLE[:number * 2]:
                assert look(one, number, network)["recorded"]
        numbers = (1, 2, 3, 4)
        before = wait_until_known(one)
        assert before[4][0] == "first"

        returned = None
        if fault == "flushed":
            with redis.Redis.from_url(valkey.url) as client:
                client.flushall()
        elif fault == "hung":
            os.kill(valkey.process.pid, signal.SIGSTOP)
            during = [look(one, number, "10.9.9.9") for number in numbers for _ in range(3)]
            assert all(told["recorded"] and told["degraded"] == ["history"] for told in during)
            assert "first" not in {told["verdict"] for told in during}
            os.kill(valkey.process.pid, signal.SIGCONT)
        else:
            valkey.process.kill()
            valkey.process.wait()
            during = [look(one, number, "10.9.9.9") for number in numbers for _ in range(3)]
            assert all(told["recorded"] and told["degraded"] == ["history"] for told in during)
            assert "first" not in {told["verdict"] for told in during}
            if fault == "killed and started empty":
                for file in (valkey.socket.parent / "appendonlydir").iterdir():
                    file.unlink()
            returned = start_valkey(valkey.socket.parent)
        try:
            assert wait_until_known(one) == before
        finally:
            if returned is not None:
                returned.process.kill()
                returned.process.wait()


def test_pages_go_on_while_the_primary_is_away_and_everything_arrives_after(home: Path):
    with postgres_primary() as postgres, valkey_server() as valkey:
        settings = load_settings(home=home, database_url=postgres.url(), redis_url=valkey.url)
        db = Database(settings)
        upgrade(db)
        db.close()
        with served(settings) as one:
            one.start_web()
            one.start_worker()
            with Shoppers(one, 8) as shoppers:
                wait_for(lambda: len(shoppers.recorded) > 300, "some scans")
                postgres.stop()
                asked = len(shoppers.answers)
                wait_for(lambda: len(shoppers.answers) > asked + 300, "pages without the primary")
                during = shoppers.answers[asked + 20:]
                assert all(told["recorded"] for told in during)
                assert not any(told["verdict"] == "first" and "history" in told["degraded"] for told in during)
                postgres.start()
                asked = len(shoppers.answers)
                wait_for(lambda: any(not told["degraded"] for told in shoppers.answers[asked:]), "whole pages", 20)
            assert shoppers.broken == 0
            assert shoppers.told_not == 0
            one.stop_web()
            one.wait_until_shipped()
            rows = dict(one.rows())
            assert shoppers.recorded <= set(rows)
            assert max(rows.values()) == 1


def test_a_wrong_code_needs_neither_database_nor_valkey(home: Path, sqlite_url: str):
    with valkey_server() as valkey, \
            served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey.url)) as one:
        one.start_web()
        valkey.process.kill()
        valkey.process.wait()
        one.db.close()
        Path(sqlite_url.removeprefix("sqlite:///")).unlink()
        with closing(one.connect()) as connection:
            for n in range(2_000):
                connection.request("GET", f"/{n:020}", headers={"Host": "127.0.0.1:8000", "X-Forwarded-For": PEOPLE[0]})
                answer = connection.getresponse()
                assert answer.status == 404
                assert answer.read()
