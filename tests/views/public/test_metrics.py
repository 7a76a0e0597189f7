"""/metrics tells Prometheus on this machine what the pages did, and nobody else."""
import pytest

from webapp.app import create_app
from webapp.metrics import STAGES_TOLD
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


def test_tells_what_waits_in_the_spool(client):
    parts = client.application.extensions["parts"]
    assert "saltcheck_spool_bytes 0.0" in client.get("/metrics").text
    assert parts.spool.append(b"a scan")
    told = client.get("/metrics").text
    assert float(told.split("\nsaltcheck_spool_bytes ")[1].split()[0]) > 6
