"""./saltcheck codes: as its users meet it, in a process of its own."""
import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.codes.conftest import GTIN, LOT, fill
from webapp.db import Database
from webapp.keys import ensure_keys
from webapp.migrate import upgrade
from webapp.settings import load_settings
from webapp.verify.code import read_code


@pytest.fixture
def run(home, root):
    """Runs a command on a home with one product and one lot."""
    db = Database(load_settings(home=home))
    upgrade(db)
    fill(db)
    db.close()
    return lambda *words, **more: subprocess.run(
        command(*words), cwd=root, env=environment(home), capture_output=True, text=True, timeout=60, **more)


def command(*words) -> list[str]:
    return [sys.executable, "-m", "webapp.cli", "codes", *map(str, words)]


def environment(home) -> dict[str, str]:
    return {**os.environ, "SALTCHECK_HOME": str(home)}


def order(out, count=100, gtin=GTIN, lot=LOT) -> list:
    return ["issue", "--gtin", gtin, "--lot", lot, "--count", count, "--out", out]


def codes_in(path) -> list[str]:
    with path.open(newline="") as file:
        return [row["code"] for row in csv.DictReader(file)]


def test_issue_inspect_and_draw(run, tmp_path):
    out = tmp_path / "codes.csv"
    issued = run(*order(out, gtin=GTIN[1:]))
    assert (issued.returncode, issued.stdout) == (0, "")
    code = codes_in(out)[0]
    facts = json.loads(run("inspect", "--json", code).stdout)
    assert (facts["state"], facts["lot"], facts["number"]) == ("issued", LOT, 1)
    assert "海盐" in run("inspect", f"https://yan.cn/{code.lower()}").stdout
    drawn = run("qr", code, "--out", tmp_path / "q.svg")
    assert "one module is 0.366 mm, below GS1's minimum" in drawn.stdout
    assert (tmp_path / "q.svg").read_bytes().startswith(b"<?xml")


def test_rows_can_go_to_standard_output(run):
    done = run(*order("-"))
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 101


@pytest.mark.parametrize(("words", "status", "said"), [
    (order("new.csv", gtin="06901234567891"), 4, "check digit"),
    (order("new.csv", gtin="06901234567809"), 4, "product 06901234567809 is not known"),
    (order("new.csv", lot="L9"), 4, "lot 'L9' of 06901234567892 is not known"),
    (order("there.csv"), 4, "not overwritten"),
    (order("no/folder.csv"), 4, "No such file"),
    ([*order("-"), "--resume"], 2, "--resume needs a file"),
    ([*order("there.csv"), "--resume"], 4, "does not start"),
    (order("new.csv", count=0), 2, "count"),
    (["inspect", "hello"], 4, ""),
    (["qr", "hello", "--out", "q.svg"], 4, "not one of our codes (too_short)"),
    (["qr", "hello", "--out", "q.jpg"], 2, ".svg or .png"),
    (["void-block", "7"], 4, "no block 7"),
])
def test_refusals_say_why_in_words_and_by_number(run, tmp_path, words, status, said):
    (tmp_path / "there.csv").write_text("mine\n")
    words = [tmp_path / word if str(word).endswith((".csv", ".svg", ".jpg")) else word for word in words]
    done = run(*words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "there.csv"]
    assert (tmp_path / "there.csv").read_text() == "mine\n"


def test_a_killed_issue_overlaps_with_nothing_and_is_resumed(run, home, root, tmp_path):
    out, next_out = tmp_path / "cut.csv", tmp_path / "next.csv"
    process = subprocess.Popen(command(*order(out, 2_000_000)), cwd=root, env=environment(home),
                               stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not out.exists() or out.stat().st_size < 1_000_000:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    half = out.read_bytes()

    other = run(*order(next_out, 1000))
    assert "block 1;" in other.stderr  # the cut-off block is named
    resumed = run(*order(out, 2_000_000), "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert out.read_bytes().startswith(half)
    keys = ensure_keys(home / "keys.json").codes
    codes = codes_in(out)
    assert len(set(codes)) == 2_000_000
    assert not set(codes) & set(codes_in(next_out))
    assert [read_code(codes[i], keys).number for i in (0, len(codes) - 1)] == [1, 2_000_000]
    assert run(*order(out, 2_000_000), "--resume").returncode == 0  # once more is harmless
    assert run(*order(out, 1_000), "--resume").returncode == 4


def test_a_reader_that_goes_away_leaves_a_block_to_void(run, home, root):
    with subprocess.Popen(command(*order("-", 500_000)), cwd=root, env=environment(home), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        code = [process.stdout.readline() for _ in range(2)][1][:20]
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 3, said
    assert "Traceback" not in said
    assert "void-block" in said
    assert run("void-block", "1").returncode == 0
    assert json.loads(run("inspect", "--json", code).stdout)["state"] == "void"


def test_a_full_disk_is_told_in_one_line(run):
    done = run(*order("/dev/full"))
    assert done.returncode == 3
    assert "/dev/full is not complete (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_says_how_to_go_on(run, home, root, tmp_path):
    def hear() -> None:  # a suite that runs in the background is deaf to Ctrl-C, and its children with it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command(*order(tmp_path / "codes.csv", 5_000_000)), cwd=root, env=environment(home),
                          stderr=subprocess.PIPE, text=True, preexec_fn=hear) as process:
        assert "block 1" in process.stderr.readline()  # codes are being written now
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert (process.returncode, said.count("\n")) == (3, 1)
    assert "--resume goes on" in said


def test_vectors_are_printed(run, root):
    assert run("vectors").stdout == (root / "webapp/verify/code_vectors.json").read_text()


@pytest.mark.long
def test_ten_million_codes_take_no_more_memory_than_a_few_and_under_50_seconds(run, home, root):
    peaks = {}
    for count in (100_000, 10_000_000):
        start = time.monotonic()
        process = subprocess.Popen(command(*order("/dev/null", count)), cwd=root, env=environment(home),
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        peaks[count] = usage.ru_maxrss
    assert peaks[10_000_000] < peaks[100_000] + 10_000  # KiB
    assert 10_000_000 / (time.monotonic() - start) > 200_000  # codes per second, the start of Python included
