"""What this machine is, what it must have, and nginx as the outer yardstick."""
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from loadtests.subjects import Server, started

PACKAGES = {"wrk": "wrk", "taskset": "util-linux", "nginx": "nginx-light"}


def need(*programs: str) -> None:
    """Make sure that programs are there: installed through apt when we may, else one line that says what to type."""
    missing = [PACKAGES[name] for name in programs if not found(name)]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for words in (["update", "-qq"], ["install", "-y", "-qq", *missing]):
            subprocess.run(["apt-get", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if all(map(found, programs)):
            return
    names = " ".join(missing)
    print(f"loadtests: not installed: {names}; type: apt-get install {names}", file=sys.stderr)
    sys.exit(5)


def found(program: str) -> bool:
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is not None


def describe() -> str:
    """Date and machine, for the head of every table."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {model}, Python {platform.python_version()}"


@contextmanager
def nginx_static(folder: Path, port: int) -> Iterator[Server]:
    """nginx with one worker and a file of 4 KB."""
    need("nginx")
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    (folder / "4k.html").write_text("x" * 4096)
    (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
""")
    with started(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], port, "/4k.html",
                 PATH=os.environ["PATH"] + ":/usr/sbin") as server:
        yield server
