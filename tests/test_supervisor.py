"""The supervisor, seen from outside: a real one, real children, real signals."""
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import wait_for

SUPERVISED = """
import sys
from webapp.supervisor import Child, supervise

def say(text):
    print(text, flush=True)

python = sys.executable
IDLE = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\\n" \\
           "while True: signal.pause()"
sys.exit(supervise([{children}], say))
"""


@pytest.fixture
def supervised(tmp_path: Path, root: Path) -> Iterator[Callable[[str], "Watched"]]:
    """Start a supervisor over the children given as source text."""
    started: list[Watched] = []

    def begin(children: str) -> Watched:
        started.append(Watched(children, tmp_path / f"out{len(started)}", root))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


class Watched:
    def __init__(self, children: str, output: Path, root: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISED.format(children=children)], cwd=root, stdout=file, stderr=file
            )

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def said(self, text: str, times: int = 1) -> None:
        wait_for(lambda: sum(text in line for line in self.lines()) >= times, f"{text!r} in {self.lines()}")

    def pid(self, name: str) -> int:
        self.said(f"{name}: started")
        line = [line for line in self.lines() if line.startswith(f"{name}: started")][-1]
        return int(line.partition("pid ")[2].rstrip(")"))


def gone(pid: int) -> bool:
    """No such process, or a dead one nobody has waited for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_children_in_reverse_order(supervised, number):
    watched = supervised("Child('store', [python, '-c', IDLE]), Child('web', [python, '-c', IDLE], main=True)")
    pids = [watched.pid("store"), watched.pid("web")]
    watched.process.send_signal(number)
    assert watched.process.wait(10) == 0
    assert watched.lines()[-2:] == ["web: stopped", "store: stopped"]
    assert all(gone(pid) for pid in pids)


def test_a_crashed_child_starts_again_and_the_main_one_does_not_notice(supervised):
    watched = supervised("Child('worker', [python, '-c', IDLE]), Child('web', [python, '-c', IDLE], main=True)")
    web, worker = watched.pid("web"), watched.pid("worker")
    os.kill(worker, signal.SIGKILL)
    watched.said("worker: ended (killed by SIGKILL), starting again in 0.5 s")
    watched.said("worker: started", times=2)
    assert watched.pid("worker") != worker
    assert not gone(web)


def test_a_child_that_keeps_crashing_waits_longer_each_time(supervised):
    watched = supervised("Child('worker', [python, '-c', 'exit(3)']), Child('web', [python, '-c', IDLE], main=True)")
    watched.said("worker: ended (exit code 3), starting again in 0.5 s")
    watched.said("worker: ended (exit code 3), starting again in 1.0 s")


def test_everything_ends_with_the_main_child_and_its_code(supervised):
    watched = supervised("Child('store', [python, '-c', IDLE]), Child('web', [python, '-c', 'exit(7)'], main=True)")
    store = watched.pid("store")
    assert watched.process.wait(10) == 7
    assert gone(store)
    assert watched.lines()[-2:] == ["web: ended (exit code 7)", "store: stopped"]


def test_children_die_with_a_killed_supervisor(supervised):
    watched = supervised("Child('store', [python, '-c', IDLE]), Child('web', [python, '-c', IDLE], main=True)")
    pids = [watched.pid("store"), watched.pid("web")]
    watched.process.kill()
    watched.process.wait()
    wait_for(lambda: all(gone(pid) for pid in pids), "the end of the orphans")


def test_a_deaf_child_is_killed_after_its_grace(supervised):
    watched = supervised("Child('web', [python, '-c', STUBBORN], main=True, grace_s=0.3)")
    watched.said("deaf")
    watched.process.terminate()
    assert watched.process.wait(10) == 0
    assert gone(watched.pid("web"))


def test_a_second_signal_ends_all_patience(supervised):
    watched = supervised("Child('web', [python, '-c', STUBBORN], main=True, grace_s=600)")
    watched.said("deaf")

    def ended() -> bool:
        watched.process.send_signal(signal.SIGINT)
        return watched.process.poll() is not None

    wait_for(ended, "the end of a supervisor told twice")


def test_the_next_child_starts_when_the_one_before_is_ready(supervised, tmp_path):
    mark = tmp_path / "ready"
    watched = supervised(
        "Child('store', [python, '-c', IDLE], ready=lambda: __import__('os').path.exists(" + repr(str(mark)) + ")), "
        "Child('web', [python, '-c', 'print(\"up\", flush=True);' + IDLE], main=True)"
    )
    watched.said("store: started")
    assert not any(line.startswith("web") for line in watched.lines())
    mark.touch()
    watched.said("web: started")
