"""The servers that are measured against each other, each started pinned to the server's core."""
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from webapp.child_process import die_with_parent, stop_process

ROOT = Path(__file__).parent.parent
SERVER_CORE, LOAD_CORE = 0, 1
BIN = Path(sys.executable).parent


class Server(NamedTuple):
    """A running server: where it answers, and the processes whose time is counted."""

    url: str
    pid: int


def gunicorn(app: str, port: int, threads: int = 4) -> list[str]:
    """The yardstick's way to serve: one gthread worker, four threads."""
    return [str(BIN / "gunicorn"), app, "-k", "gthread", "--threads", str(threads), "-w", "1",
            "-b", f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "error", "--worker-tmp-dir", "/dev/shm"]


def product(port: int, app: str = "webapp.wsgi:app") -> list[str]:
    """What `serve` starts, with one process."""
    return [str(BIN / "gunicorn"), "-c", "webapp/gunicorn_conf.py", "-w", "1", "-b", f"127.0.0.1:{port}", app]


@contextmanager
def started(words: list[str], port: int, path: str = "/", core: int | str = SERVER_CORE,
            **env: str) -> Iterator[Server]:
    """Start a server on its core, wait until it answers anything, stop it at the end."""
    process = subprocess.Popen(["taskset", "-c", str(core), *words], cwd=ROOT, env={**os.environ, **env},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent())
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_answers(url + path, process)
        yield Server(url, process.pid)
    finally:
        stop_process(process)


def wait_until_answers(url: str, process: subprocess.Popen, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(map(str, process.args))}: does not answer at {url}") from None
            time.sleep(0.05)
