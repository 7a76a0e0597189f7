"""One Saltcheck to load: a home with codes, its own Valkey, on SQLite or on a PostgreSQL primary with a standby."""
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from loadtests import geoip, world
from loadtests.subjects import ROOT, SERVER_CORE
from webapp.codes.vectorised import make_codes
from webapp.db import Database
from webapp.embedded import start_valkey, stop_valkey
from webapp.keys import create_keys
from webapp.settings import load_settings
from webapp.verify.code import ALPHABET

CODES = 4_000_000


class Installation(NamedTuple):
    """Environment for its processes, files of codes (scanned once before, never scanned, wrong, each on another page of
    the registry), its Valkey's pid."""

    env: dict[str, str]
    codes: Path
    new_codes: Path
    wrong_codes: Path
    cold_codes: Path
    pids: list[int]


@contextmanager
def installed(home: Path, postgres: bool, scanned: int, cold: int = 0) -> Iterator[Installation]:
    """Build it; everything it starts ends with it. Valkey shares the server's core: one core is one core."""
    home.mkdir(parents=True)
    with ExitStack() as stack:
        env = {"SALTCHECK_HOME": str(home), "SALTCHECK_TRUSTED_PROXIES": "1"}
        if postgres:
            from tests.servers import postgres_primary, postgres_standby  # here: the quick run does without
            primary = stack.enter_context(postgres_primary())
            standby = stack.enter_context(postgres_standby(primary))
            env |= {"SALTCHECK_DATABASE_URL": primary.url(), "SALTCHECK_REPLICA_URL": standby.url()}
        geoip.build(home / "geoip.mmdb")
        keys = create_keys(home / "keys.json", demo=not postgres)
        settings = load_settings(home=home, database_url=env.get("SALTCHECK_DATABASE_URL", ""))
        db = Database(settings, statement_ms=60_000)
        stack.callback(db.close)
        # No file, as the README advises; and all it is asked to hold: what is evicted would be read from the database.
        valkey = start_valkey(home / "valkey", "--appendonly", "no", "--maxmemory", "4gb")
        stack.callback(stop_valkey, valkey)
        subprocess.run(["taskset", "-cp", str(SERVER_CORE), str(valkey.process.pid)], stdout=subprocess.DEVNULL)
        env["SALTCHECK_REDIS_URL"] = valkey.url
        world.fill(db, keys.codes, CODES, scanned, home / "codes.txt")
        write_new_codes(home / "new.txt", keys.codes, scanned)
        write_wrong_codes(home / "wrong.txt")
        if cold:
            world.fill_cold(db, keys.codes, cold, home / "cold.txt")
        with db.transaction() as connection:
            connection.execute(text("ANALYZE"))  # as autovacuum does within a minute
        command(env, "rebuild-cache")
        with worker(env):
            yield Installation(env, *(home / f"{kind}.txt" for kind in ("codes", "new", "wrong", "cold")),
                               pids=[valkey.process.pid])


@contextmanager
def worker(env: dict[str, str]) -> Iterator[None]:
    """The worker once round, so that the histories count as complete; then it rests: its work is not the page's."""
    words = [sys.executable, "-m", "webapp.cli", "worker"]
    process = subprocess.Popen(words, cwd=ROOT, env=_environ(env), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(3)
    process.terminate()
    process.wait()
    yield


def command(env: dict[str, str], *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "webapp.cli", *words], cwd=ROOT, env=_environ(env),
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"loadtests: saltcheck {' '.join(words)}: {done.stderr.strip()[-500:]}")


def write_new_codes(path: Path, keys, scanned: int) -> None:
    """Codes nobody has scanned: each lot's block holds many more than were scanned."""
    each = CODES // world.LOTS
    with path.open("wb") as file:
        for number in range(world.LOTS):
            first = 1 + number * each + scanned // world.LOTS
            letters = make_codes(keys.current, first, 20_000, keys)
            file.write(b"\n".join(bytes(row) for row in letters) + b"\n")


def write_wrong_codes(path: Path) -> None:
    dice = random.Random(1)
    path.write_text("\n".join("0" + "".join(dice.choices(ALPHABET, k=19)) for _ in range(50_000)) + "\n")


def _environ(env: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **env}
