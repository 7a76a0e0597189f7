"""The embedded Valkey: starts anywhere, keeps what it was told, heals what is damaged."""
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from webapp.embedded import (
    Valkey,
    ValkeyUnavailable,
    heal_valkey,
    socket_path,
    start_valkey,
    stop_valkey,
    valkey_command,
    valkey_url,
    wait_until_ready,
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Valkey]]:
    """Start a server in a folder (the test's own by default); whatever still runs afterwards is ended."""
    running: list[Valkey] = []

    def begin(directory: Path = tmp_path / "var") -> Valkey:
        running.append(start_valkey(directory))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url, decode_responses=True)


def test_it_answers_on_its_socket_and_on_no_port(start):
    with client(start()) as valkey:
        assert valkey.ping()
        assert valkey.config_get("port") == {"port": "0"}


def test_only_its_owner_may_use_the_socket(start):
    assert os.stat(start().socket).st_mode & 0o777 == 0o700


def test_it_keeps_what_it_was_told_over_a_restart(start):
    first = start()
    with client(first) as valkey:
        valkey.set("told", "kept")
    stop_valkey(first)
    with client(start()) as valkey:
        assert valkey.get("told") == "kept"


def test_a_killed_server_leaves_a_stale_socket_that_does_not_matter(start):
    first = start()
    first.process.kill()
    first.process.wait()
    assert first.socket.exists()
    with client(start()) as valkey:
        assert valkey.ping()


def test_a_deep_home_gets_a_short_private_socket(start, tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    valkey = start(deep)
    assert len(os.fsencode(valkey.socket)) <= 107
    assert os.stat(valkey.socket.parent).st_mode & 0o777 == 0o700
    assert valkey.url == valkey_url(deep)
    stop_valkey(valkey)
    valkey.socket.parent.rmdir()


def test_a_short_socket_folder_that_others_may_enter_is_refused(start, tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    folder = socket_path(deep).parent
    folder.mkdir(mode=0o755)
    try:
        with pytest.raises(ValkeyUnavailable, match="not ours alone"):
            start(deep)
    finally:
        folder.rmdir()


def append_only_file(directory: Path) -> Path:
    return next((directory / "appendonlydir").glob("*.incr.aof"))


def fill(start, directory: Path) -> None:
    first = start(directory)
    with client(first) as valkey:
        for number in range(100):
            valkey.set(f"key{number}", "x" * 50)
    stop_valkey(first)


def test_a_cut_tail_costs_the_last_command_only(start, tmp_path):
    fill(start, tmp_path / "var")
    file = append_only_file(tmp_path / "var")
    os.truncate(file, file.stat().st_size - 7)
    with client(start(tmp_path / "var")) as valkey:
        assert valkey.dbsize() == 99


def test_a_file_damaged_in_the_middle_is_set_aside(start, tmp_path):
    fill(start, tmp_path / "var")
    file = append_only_file(tmp_path / "var")
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40] = b"\0" * 40
    file.write_bytes(content)
    with client(start(tmp_path / "var")) as valkey:
        assert valkey.dbsize() == 0
    assert list((tmp_path / "var").glob("appendonlydir.damaged-*"))


def test_after_healing_the_plain_command_starts(start, tmp_path):
    fill(start, tmp_path / "var")
    append_only_file(tmp_path / "var").write_bytes(b"*1\r\n$4\r\nJUNK\r\n\0junk\r\n*1\r\n$4\r\nPING\r\n")
    heal_valkey(tmp_path / "var")
    process = subprocess.Popen(valkey_command(tmp_path / "var"))
    try:
        assert wait_until_ready(tmp_path / "var", process)
    finally:
        process.kill()
        process.wait()


def test_a_second_server_in_the_same_folder_is_refused(start):
    start()
    with pytest.raises(ValkeyUnavailable, match="already runs"):
        start()


def test_a_server_that_cannot_start_says_why(start, tmp_path):
    (tmp_path / "var" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "var" / "valkey.sock").mkdir()
    with pytest.raises(ValkeyUnavailable, match="does not start"):
        start()


def test_it_stops_on_sigterm_in_order(start):
    valkey = start()
    valkey.process.send_signal(signal.SIGTERM)
    assert valkey.process.wait(10) == 0
