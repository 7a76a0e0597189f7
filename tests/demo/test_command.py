"""`./saltcheck demo` as a newcomer types it."""
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0"

# Somebody's real services, none of which answers: the demo must not even look at them.
ELSEWHERE = {
    "SALTCHECK_DATABASE_URL": "postgresql://127.0.0.1:1/real", "SALTCHECK_REDIS_URL": "redis://127.0.0.1:1",
    "SALTCHECK_REPLICA_URL": "postgresql://127.0.0.1:1/real", "SALTCHECK_GEOIP_DB": "/nowhere/geoip.mmdb",
    "SALTCHECK_KEYS_FILE": "/nowhere/keys.json", "SALTCHECK_SPOOL_DIR": "/nowhere/spool",
}


def demo(home, *words, **environment):
    """The command's process; its home is always its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", "demo", *words], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "SALTCHECK_HOME": str(home), "COLUMNS": "100", **environment})


def finished(process):
    """-> (exit code, stdout, stderr)"""
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def look(url, opener=None):
    request = urllib.request.Request(url, headers={"Accept": "application/json", "User-Agent": IPHONE})
    try:
        with (opener.open if opener else urllib.request.urlopen)(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return json.load(refused)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("command") / "var"
    code, out, err = finished(demo(path, "--prepare-only", "--port", "8151", **ELSEWHERE))
    assert code == 0, err
    assert "http://127.0.0.1:8151/" in out
    assert "month of scans" in err
    return path


def told(home):
    return json.loads((home / "demo.json").read_text())


@pytest.fixture
def served(home):
    """The demo, served; stopped as a person would."""
    port = free_port()
    with demo(home, "--port", str(port), **ELSEWHERE) as process:
        deadline = time.monotonic() + 40
        while True:
            try:
                if look(f"http://127.0.0.1:{port}/readyz").get("ready", True):
                    break
            except (OSError, ValueError):
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield told(home), process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)


def test_served_pages_say_their_words_and_ctrl_c_ends_it(served):
    demo_world, process = served
    for verdict, url in demo_world["pages"].items():
        answer = look(url)
        assert answer["verdict"] == verdict
        if verdict not in ("unknown", "malformed"):
            assert answer["recorded"] is True
            assert answer["degraded"] == []
    phone = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    for verdict in ("recalled", "void", "unreleased", "expired", "caution", "again", "pending"):
        answers = [look(demo_world["pages"][verdict], phone) for _ in range(3)]
        assert [(answer["verdict"], answer["degraded"]) for answer in answers] == [(verdict, [])] * 3
    assert look(demo_world["pages"]["malformed"])["verdict"] == "malformed"
    children = [int(pid) for pid in re.findall(r"\d+", Path(
        f"/proc/{process.pid}/task/{process.pid}/children").read_text())]
    assert len(children) == 3
    process.send_signal(signal.SIGINT)
    process.wait(40)
    assert process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_a_second_start_builds_nothing_and_moves_with_the_port(home):
    before = told(home)
    code, out, err = finished(demo(home, "--prepare-only", "--port", "8152"))
    assert (code, err) == (0, "")
    after = told(home)
    assert after["codes"] == before["codes"]
    assert after["logins"] == before["logins"]
    assert after["pages"]["first"] == f"http://127.0.0.1:8152/{before['codes']['first']}"


def test_a_busy_port_is_told_in_one_line_before_anything_is_built(tmp_path):
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        code, _, err = finished(demo(tmp_path / "var", "--port", str(port)))
    assert code == 4
    assert re.fullmatch(rf"saltcheck: 127\.0\.0\.1 port {port} cannot be used .*--port.*\n", err)
    assert not (tmp_path / "var").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for words in (("--prepare-only",), ("--prepare-only", "--reset")):
        code, _, err = finished(demo(tmp_path, *words))
        assert code == 4
        assert err.count("\n") == 1
        assert "'thesis.txt'" in err
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = finished(demo(tmp_path / "file" / "var", "--prepare-only"))
    assert code == 4
    assert err.count("\n") == 1
    assert "SALTCHECK_HOME" in err


def test_a_damaged_demo_json_heals(home):
    (home / "demo.json").write_text("{")
    code, _, err = finished(demo(home, "--prepare-only"))
    assert code == 0
    assert "damaged" in err
    assert set(told(home)["pages"]) == set(told(home)["codes"])


@pytest.mark.parametrize("host", ["999.1.1.1", "no-such-host.invalid"])
def test_a_wrong_host_is_told_in_one_line(tmp_path, host):
    code, _, err = finished(demo(tmp_path / "var", "--host", host))
    assert code == 4
    assert err.count("\n") == 1
    assert host in err
