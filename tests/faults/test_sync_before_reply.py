"""A kill proves nothing about a power cut, the order of system calls does: written, synced, then answered."""
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.inside import AGENT, inside
from tests.faults.served import served
from webapp.settings import load_settings

REQUESTS = 60


def test_strace_sees_every_record_synced_before_its_answer(home: Path, sqlite_url: str, valkey_url: str):
    """Without strace (or leave to trace) the in-process test below is the proof."""
    with served(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as one:
        one.start_web(processes=1)
        calls = traced(one, home / "strace.log")
    if calls is None:
        return
    kept = 0
    synced = written = False
    for call in calls:
        if call == "write":
            written, synced = True, False
        elif call == "sync":
            synced = written
        else:
            assert synced, "an answer left before its record was on the disk"
            kept += 1
            written = synced = False
    assert kept == REQUESTS


def traced(one, log: Path) -> list[str] | None:
    """write (to a segment), sync, answer: in the order the kernel saw them; None where nobody may trace."""
    assert one.web is not None
    if shutil.which("strace") is None:
        return None
    pid = Path(f"/proc/{one.web.pid}/task/{one.web.pid}/children").read_text().split()[0]
    tracer = subprocess.Popen(["strace", "-f", "-y", "-s", "40", "-e", "trace=write,fdatasync,sendto,sendmsg",
                               "-o", str(log), "-p", pid], stderr=subprocess.PIPE)
    try:
        line = tracer.stderr.readline().decode()
        if "attached" not in line:
            return None
        with closing(one.connect()) as connection:
            for number in range(REQUESTS):
                assert one.ask(connection, number, "203.0.113.5")["recorded"]
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
        tracer.stderr.close()
    return [call for line in log.read_text().splitlines() if (call := kind_of(line))]


def kind_of(line: str) -> str:
    if "resumed" in line:
        return "sync" if "fdatasync resumed" in line else ""
    if re.search(r" write\(\d+<[^>]*\.spool>", line):
        return "write"
    if re.search(r" fdatasync\(", line) and "unfinished" not in line:
        return "sync"
    return "answer" if "HTTP/1.1 200" in line else ""


def test_no_answer_begins_before_its_record_is_synced(
        home: Path, sqlite_url: str, valkey_url: str, monkeypatch: pytest.MonkeyPatch):
    calls: list[str] = []
    write, fdatasync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda *words: (calls.append("write"), write(*words))[1])
    monkeypatch.setattr(os, "fdatasync", lambda *words: (fdatasync(*words), calls.append("sync"))[0])
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        for number in range(REQUESTS):
            calls.clear()
            environ = {"REQUEST_METHOD": "GET", "PATH_INFO": shop.path(number), "QUERY_STRING": "",
                       "HTTP_HOST": "127.0.0.1:8000", "HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": "203.0.113.5"}
            shop.app.wsgi_app(environ, lambda *_: calls.append("answer"))
            assert calls == ["write", "sync", "answer"]


def test_a_slow_sync_holds_the_answer_back(
        home: Path, sqlite_url: str, valkey_url: str, monkeypatch: pytest.MonkeyPatch):
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (time.sleep(0.2), fdatasync(file))[1])
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        started = time.monotonic()
        assert shop.ask(1)["recorded"]
        assert time.monotonic() - started >= 0.2
