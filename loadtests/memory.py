#!/usr/bin/env python3
"""What a web process and a scanned code take of memory.   .venv/bin/python loadtests/memory.py [--scans 60000]

Valkey: bytes a scanned code, for codes that are scanned next to each other and for one in ten, one in a hundred of
those issued; with the last visits (the hour after the scan) and without them. Web process: resident memory (RSS) and
its share (PSS) of one that has served scans of a registry larger than everything it may remember: boxes, pallets,
journeys, two languages, page and JSON.
"""
import argparse
import http.client
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import redis  # noqa: E402
from sqlalchemy import select  # noqa: E402

from loadtests import machine, world  # noqa: E402
from loadtests.stages import PHONE, environ  # noqa: E402
from loadtests.subjects import started  # noqa: E402
from webapp.app import create_app  # noqa: E402
from webapp.db import Database  # noqa: E402
from webapp.embedded import start_valkey, stop_valkey  # noqa: E402
from webapp.keys import create_keys  # noqa: E402
from webapp.models import CodeBlock  # noqa: E402
from webapp.settings import Settings, load_settings  # noqa: E402
from webapp.verify.code import code_of  # noqa: E402
from webapp.worker import Worker  # noqa: E402

CODES = 2_400_000
PORT = 18_931


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=60_000)
    given = parser.parse_args()
    print(machine.describe())
    print(f"\n{'Valkey, bytes a scanned code':40s}{'within the hour':>17s}{'later':>8s}")
    for one_in in (1, 10, 100):
        with home() as settings:
            hour, later = valkey_bytes(settings, 20_000, one_in)
            print(f"{f'one of {one_in} issued is scanned' if one_in > 1 else 'neighbours':40s}{hour:17.0f}{later:8.0f}")
    print(f"\n{f'web process after {given.scans:,} scans':40s}{'RSS, MB':>17s}{'PSS, MB':>8s}")
    with home(boxes=True) as settings:
        rss, pss = web_memory(settings, given.scans)
        print(f"{'gunicorn, 16 threads':40s}{rss:17.0f}{pss:8.0f}", flush=True)


@contextmanager
def home(boxes: bool = False) -> Iterator[Settings]:
    """An installation of its own, with codes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="saltcheck-memory-")))
        valkey = start_valkey(folder)
        stack.callback(stop_valkey, valkey)
        settings = load_settings(home=folder, redis_url=valkey.url, trusted_proxies=1)
        keys = create_keys(settings.keys, demo=True)
        db = Database(settings)
        stack.callback(db.close)
        world.fill(db, keys.codes, CODES, world.LOTS, folder / "none.txt")
        if boxes:
            with db.transaction() as connection:
                for first, last in connection.execute(select(CodeBlock.first_serial, CodeBlock.last_serial)).all():
                    world.pack(connection, first, last)
        yield settings


def serials(settings: Settings) -> Iterator[int]:
    db = Database(settings)
    with db.read.connect() as connection:
        for first, last in connection.execute(select(CodeBlock.first_serial, CodeBlock.last_serial)):
            yield from range(first, last + 1)
    db.close()


def valkey_bytes(settings: Settings, count: int, one_in: int) -> tuple[float, float]:
    """Scan `count` codes, let the worker fold them. -> bytes a code with their last visits, and without."""
    app = create_app(settings)
    parts = app.extensions["parts"]
    worker = Worker(settings)
    worker.round()
    found = [serial for number, serial in enumerate(serials(settings)) if number < count * one_in]
    chosen = random.Random(1).sample(found, count)
    with redis.Redis.from_url(settings.redis_url) as valkey:
        before = valkey.info("memory")["used_memory"]
        for number, serial in enumerate(chosen):
            app.wsgi_app(environ(code_of(serial, parts.keys.codes), number), lambda *_: None)
        while worker.round():
            pass
        for kind in ("p", "l"):  # registry look-ups run out within two minutes
            drop(valkey, f"{kind}:*")
        hour = valkey.info("memory")["used_memory"] - before
        drop(valkey, "t:*")
        later = valkey.info("memory")["used_memory"] - before
    for one in (worker, parts.spool, parts.cache, parts.db):
        one.close()
    return hour / count, later / count


def drop(valkey: redis.Redis, pattern: str) -> None:
    pipeline = valkey.pipeline(transaction=False)
    for name in valkey.scan_iter(match=pattern, count=5_000):
        pipeline.delete(name)
    pipeline.execute()


def web_memory(settings: Settings, scans: int) -> tuple[float, float]:
    """-> RSS and PSS (MB) of the one web process, as `serve` starts it, after so many scans."""
    from webapp.commands.serve import MEMORY, gunicorn  # the very words of the command

    words = gunicorn(f"127.0.0.1:{PORT}", 1, 16)
    env = {"SALTCHECK_HOME": str(settings.home), "SALTCHECK_REDIS_URL": settings.redis_url,
           "SALTCHECK_TRUSTED_PROXIES": "1", **MEMORY}
    codes = list(serials(settings))
    dice = random.Random(2)
    from webapp.keys import load_keys

    keys = load_keys(settings.keys).codes
    with started([sys.executable, "-m", *words], PORT, "/healthz", **env) as one:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        for number in range(scans):
            address = f"{80 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.7"
            headers = {"User-Agent": PHONE, "X-Forwarded-For": address,
                       "Accept-Language": ("zh-CN", "en")[number & 1],
                       "Accept": "application/json" if number % 10 == 0 else "text/html"}
            connection.request("GET", "/" + code_of(dice.choice(codes), keys), headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"memory: the server answered {answer.status}")
        connection.close()
        children = Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text().split()
        return max(memory_of(int(pid)) for pid in children)


def memory_of(pid: int) -> tuple[float, float]:
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return tuple(int(rows[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("SALTCHECK_")]:
        del os.environ[name]
    main()
