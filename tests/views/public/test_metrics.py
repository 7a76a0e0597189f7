"""/metrics tells Prometheus on this machine what the pages did, and nobody else."""
import time

import pytest

from tests.faults.inside import inside
from tests.servers import wait_for, wait_until_replayed
from webapp.app import create_app
from webapp.detect.people import Drop
from webapp.keys import create_keys
from webapp.metrics import STAGES_TOLD, Metrics
from webapp.scanlog.heartbeat import HEARTBEAT_FILE, Heartbeat, beat
from webapp.settings import load_settings


@pytest.fixture
def client(home):
    return create_app(load_settings(home=home)).test_client()


def test_tells_this_machine(client):
    told = client.get("/metrics").text
    assert "saltcheck_breaker_open" in told


@pytest.mark.parametrize("stranger", [
    {"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}])
def test_is_not_there_for_others(client, stranger):
    assert client.get("/metrics", environ_base=stranger).status_code == 404


@pytest.mark.parametrize("page", ["/metrics", "/healthz", "/readyz"])
def test_monitors_on_a_production_machine_need_not_know_its_public_name(home, page):
    settings = load_settings(home=home, base_url="https://salt.example")
    create_keys(settings.keys, demo=False)
    client = create_app(settings).test_client()
    assert client.get(page, base_url="http://127.0.0.1:8000").status_code == 200
    assert client.get(page, base_url="http://elsewhere.example").status_code == 400
    assert client.get("/check", base_url="http://127.0.0.1:8000").status_code == 400


def test_counts_verdicts_and_times_some_stages(client):
    metrics = client.application.extensions["parts"].metrics
    for _ in range(STAGES_TOLD):
        metrics.scan_told("first", True, ())
        watch = metrics.watch()
        watch("keep")
    metrics.scan_told("again", False, ("history",))
    told = client.get("/metrics").text
    assert f'saltcheck_scans_total{{verdict="first"}} {STAGES_TOLD}.0' in told
    assert "saltcheck_unrecorded_scans_total 1.0" in told
    assert 'saltcheck_degraded_answers_total{part="history"} 1.0' in told
    assert 'saltcheck_scan_stage_seconds_count{stage="keep"} 1.0' in told


def told(client) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_tells_what_waits_in_the_spool(client):
    parts = client.application.extensions["parts"]
    assert told(client)["saltcheck_spool_bytes"] == 0
    assert parts.spool.append(b"a scan")
    after = told(client)
    assert after["saltcheck_spool_bytes"] > 6
    assert (after["saltcheck_spool_segments"], after["saltcheck_spool_records_total"]) == (1, 1)


def test_what_nobody_measured_is_absent(client):
    names = {name.partition("{")[0] for name in told(client)}
    assert names == {"saltcheck_web_processes", "saltcheck_breaker_open", "saltcheck_spool_segments",
                     "saltcheck_spool_bytes", "saltcheck_spool_age_seconds"}


def test_tells_how_far_the_worker_is(client):
    folder = client.application.extensions["parts"].settings.spool
    folder.mkdir()
    now = time.time()
    beat(folder, Heartbeat(7, now - 3, now - 60, 1_000, 2, 512))
    after = told(client)
    assert after["saltcheck_shipped_scans_total"] == 1_000
    assert after["saltcheck_records_set_aside_total"] == 2
    assert after["saltcheck_spool_waiting_bytes"] == 512
    assert after["saltcheck_shipping_lag_seconds"] == pytest.approx(60, abs=3)
    assert after["saltcheck_worker_beat_age_seconds"] == pytest.approx(3, abs=3)
    (folder / HEARTBEAT_FILE).write_text("123")  # as an older worker left it
    assert "saltcheck_shipping_lag_seconds" not in told(client)


def test_counts_visits_learned_and_why_some_are_no_evidence(client):
    folder = client.application.extensions["parts"].settings.spool
    folder.mkdir()
    beat(folder, Heartbeat(7, time.time(), time.time(), 0, 0, 0, learned={"live": 40, "shadow": 30},
                           behind_s={"shadow": 86_400.0}, drops={"bot": 3}, trial_failures=2))
    after = told(client)
    assert {reason: after[f'saltcheck_detect_drops_total{{reason="{reason}"}}'] for reason in Drop} == (
        dict.fromkeys(Drop, 0) | {Drop.BOT: 3})
    assert after['saltcheck_detect_learned_total{detector="live"}'] == 40
    assert after['saltcheck_detect_learned_total{detector="shadow"}'] == 30
    assert after['saltcheck_detect_behind_seconds{detector="shadow"}'] == 86_400
    assert 'saltcheck_detect_behind_seconds{detector="live"}' not in after
    assert after["saltcheck_trial_failures_total"] == 2
    beat(folder, Heartbeat(7, time.time(), time.time(), 0, 0, 0))  # of an older release
    assert [name for name in told(client) if "detect" in name] == []


@pytest.fixture
def shop(home, sqlite_url, valkey_url):
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as one:
        one.stock()
        yield one


def test_counts_look_ups_by_the_tier_that_knew(shop):
    client = shop.app.test_client()
    shop.ask(1)  # from the database, before any version is known, and again once one is
    shop.ask(2)
    before = told(client)
    shop.parts.lookup._pages.clear()  # as another process would find it: in Valkey
    shop.ask(3)
    shop.ask(4)
    after = told(client)
    tiers = {tier: after[name] - before.get(name, 0) for tier in ("process", "valkey", "database")
             if (name := f'saltcheck_lookups_total{{tier="{tier}"}}') in after}
    assert tiers == {"process": 1, "valkey": 1, "database": 0}
    assert 'saltcheck_lookups_total{tier="away"}' not in after


def test_tells_an_open_breaker_and_what_it_cost(home, sqlite_url):
    with inside(load_settings(home=home, database_url=sqlite_url), valkey=False) as shop:
        shop.stock()
        for number in range(6):
            assert shop.ask(number)["degraded"] == ["history"]
        after = told(shop.app.test_client())
    assert after["saltcheck_breaker_open"] == 1
    assert after["saltcheck_cache_failures_total"] >= 3
    assert after["saltcheck_cache_refused_total"] > 0
    assert after['saltcheck_degraded_answers_total{part="history"}'] == 6


def test_one_process_tells_of_all(client):
    metrics = client.application.extensions["parts"].metrics
    metrics.scan_told("first", True, ())
    other = Metrics(metrics.folder, {}, lambda: True)
    other.scan_told("first", True, ("history",))
    after = told(client)
    assert after['saltcheck_scans_total{verdict="first"}'] == 2
    assert (after["saltcheck_web_processes"], after["saltcheck_breaker_open"]) == (2, 1)


def test_tells_how_late_the_replica_is(home, postgresql_url, standby_url, postgres, standby, valkey_url):
    wait_until_replayed(postgres, standby)
    settings = load_settings(home=home, database_url=postgresql_url, replica_url=standby_url, redis_url=valkey_url)
    with inside(settings) as shop:
        client = shop.app.test_client()
        wait_for(lambda: told(client)["saltcheck_replica_lag_bytes"] == 0, "the standby")
        standby.run("SELECT pg_wal_replay_pause()")
        try:
            shop.stock()
            wait_for(lambda: told(client)["saltcheck_replica_lag_seconds"] > 0, "a late standby")
            after = told(client)
            assert after["saltcheck_replica_lag_bytes"] > 0
            assert after["saltcheck_replica_up"] == 1
        finally:
            standby.run("SELECT pg_wal_replay_resume()")
        standby.stop()
        try:
            after = told(client)
        finally:
            standby.start()
        assert (after["saltcheck_replica_up"], "saltcheck_replica_lag_bytes" in after) == (0, False)
