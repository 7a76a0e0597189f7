"""./saltcheck doctor: one line a dependency or setting, and an exit code that a monitor understands."""
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import maxminddb
import typer
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from cache.connection import Cache, CacheAway
from cache.keys import rate
from webapp.commands.stop import REFUSED, SERVICE_AWAY, Stop
from webapp.db import Database, DatabaseAway, open_engine
from webapp.detect.rules import BadRules, changed, load_rules
from webapp.keys import KeysError, keys_of
from webapp.migrate import is_current, upgrade
from webapp.scanlog.backlog import BAD_FILE
from webapp.scanlog.heartbeat import last_beat
from webapp.scanlog.segment import segments
from webapp.settings import Settings, load_settings

LEAST_ROOM = 1 << 30  # bytes free for the spool: an hour of 1,000 scans/s is 0.4 GB
LATE_S = 10.0
OLD_GEOIP_DAYS = 400
SILENT_S = 30.0  # a worker is round every fifth of a second, every five while the database is away


class Note(Exception):
    """It works without; the text says what is missing then."""


class Sick(Exception):
    """It does not work; the text says what to do. `code` is the exit code."""

    def __init__(self, text: str, code: int = REFUSED) -> None:
        super().__init__(text)
        self.code = code


def main() -> None:
    """Check every dependency and setting. Exit 0 well, 4 something to put right, 5 a needed service is away."""
    settings = load_settings()
    wrong: list[Sick] = []
    for name, check in CHECKS.items():
        try:
            word, said = "ok", check(settings)
        except Note as note:
            word, said = "note", str(note)
        except Sick as sick:
            word, said = "WRONG", str(sick)
            wrong.append(sick)
        typer.echo(f"{word:5}  {name:8}  {said}")
    if wrong:
        worst = max(wrong, key=lambda one: one.code)
        raise Stop(worst.code, f"{len(wrong)} of {len(CHECKS)} checks failed, first of all: {worst}")


def home(settings: Settings) -> str:
    return f"{settings.home}: writable, {_room(settings.home)}"


def database(settings: Settings) -> str:
    where = _shown(settings.database)
    db = Database(settings)
    try:
        if not settings.production:
            upgrade(db)
        if not is_current(db):
            raise Sick(f"{where}: not at the newest migration; run ./saltcheck db upgrade")
        drift = _drift(db.write) if db.write.dialect.name == "postgresql" else 0.0
    except OSError as error:
        raise Sick(f"{where}: {error.strerror}; choose another folder with SALTCHECK_HOME") from None
    except (DatabaseAway, OperationalError) as error:
        raise Sick(f"{where}: {_first_line(error)}; check SALTCHECK_DATABASE_URL", SERVICE_AWAY) from None
    finally:
        db.close()
    if drift > LATE_S:
        raise Sick(f"{where}: its clock is {drift:.0f} s away from this machine's; set both right (NTP)")
    return f"{where}: newest migration"


def replica(settings: Settings) -> str:
    if not settings.replica_url:
        raise Note("none set (SALTCHECK_REPLICA_URL): the primary answers the scan pages, too")
    where = _shown(settings.replica_url)
    engine = open_engine(settings.replica_url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name != "postgresql":
                return f"{where}: answers"
            standby, late = connection.execute(text(
                "SELECT pg_is_in_recovery(), CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
                "ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) END")).one()
    except OperationalError as error:
        raise Sick(f"{where}: {_first_line(error)}; check SALTCHECK_REPLICA_URL", SERVICE_AWAY) from None
    finally:
        engine.dispose()
    if late > LATE_S:
        raise Sick(f"{where}: {late:.0f} s behind; scan pages are read from the primary until it has caught up")
    return f"{where}: {f'{late:.1f} s behind' if standby else 'is a primary, not a standby'}"


def valkey(settings: Settings) -> str:
    where = _shown(settings.redis)
    cache = Cache(settings.redis, timeout_s=1.0)
    try:
        cache.call("SET", rate("doctor", "", 0), "1", "EX", 1)  # a server that takes no writes is away, too
        state = _cluster_state(cache) if cache.is_cluster else ""
    except CacheAway as error:
        if not settings.redis_url and not settings.production:
            raise Note(f"nothing listens at {where}: pages say that the history is unavailable; "
                       "./saltcheck demo brings its own, or set SALTCHECK_REDIS_URL") from None
        raise Sick(f"{where}: {_first_line(error)}; start it or check SALTCHECK_REDIS_URL", SERVICE_AWAY) from None
    finally:
        cache.close()
    if state not in ("", "ok"):
        raise Sick(f"{where}: the cluster says its state is {state!r}; see CLUSTER INFO", SERVICE_AWAY)
    return f"{where}: answers{', a whole cluster' if state else ''}"


def worker(settings: Settings) -> str:
    told = last_beat(settings.spool)
    waiting = sum(path.stat().st_size for path in segments(settings.spool))
    if told is None:
        if waiting:
            raise Sick(f"{settings.spool}: {waiting:,} bytes wait and no worker has ever been round; "
                       "start ./saltcheck worker on this machine")
        raise Note("has never been round here; nothing waits (./saltcheck worker ships scans to the database)")
    silent_s = time.time() - told.at
    if silent_s > SILENT_S and waiting:
        raise Sick(f"{settings.spool}: {waiting:,} bytes wait and the worker was last round {silent_s:,.0f} s ago; "
                   "start ./saltcheck worker on this machine")
    if silent_s > SILENT_S:
        raise Note(f"was last round {silent_s:,.0f} s ago; nothing waits")
    late_s = told.at - told.caught_up_at
    if late_s > SILENT_S:
        raise Sick(f"{settings.spool}: goes round and has shipped nothing for {late_s:,.0f} s; its log says why "
                   "(usually the database)")
    aside = f", {told.set_aside} records set aside in {settings.spool / BAD_FILE}" if told.set_aside else ""
    return f"pid {told.pid}, round {silent_s:.0f} s ago, {told.shipped:,} scans shipped since it began{aside}"


def spool(settings: Settings) -> str:
    free = _room(settings.spool)
    if shutil.disk_usage(settings.spool).free < LEAST_ROOM:
        raise Sick(f"{settings.spool}: only {free}; scans that find no room are not kept. Make room or move "
                   "SALTCHECK_SPOOL_DIR")
    waiting = sum(path.stat().st_size for path in segments(settings.spool))
    return f"{settings.spool}: writable, {free}, {waiting:,} bytes kept for the worker"


def keys(settings: Settings) -> str:
    try:
        found = keys_of(settings)
    except KeysError as error:
        raise Sick(str(error)) from None
    if found.demo and settings.production:
        raise Sick(f"{settings.keys}: demo keys, which production refuses; name another file with SALTCHECK_KEYS_FILE")
    versions = ", ".join(map(str, sorted(found.codes.versions)))
    return f"{settings.keys}: {'demo keys' if found.demo else 'keys'}, versions {versions}"


def geoip(settings: Settings) -> str:
    if not settings.geoip.exists() and settings.geoip_db is None:
        raise Note(f"no file {settings.geoip}: every scan is unlocated; set SALTCHECK_GEOIP_DB to a GeoIP2-City .mmdb")
    try:
        with maxminddb.open_database(settings.geoip) as file:
            facts = file.metadata()
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise Sick(f"{settings.geoip}: {_first_line(error)}; put a GeoIP2-City .mmdb there") from None
    if "City" not in facts.database_type:
        raise Sick(f"{settings.geoip}: is {facts.database_type}, which knows no cities; get a GeoIP2-City file")
    built = datetime.fromtimestamp(facts.build_epoch, UTC)
    if (datetime.now(UTC) - built).days > OLD_GEOIP_DAYS:
        raise Note(f"{settings.geoip}: made on {built:%Y-%m-%d}; networks have moved since, get a newer one")
    return f"{settings.geoip}: {facts.database_type}, made on {built:%Y-%m-%d}"


def map_file(settings: Settings) -> str:
    if settings.map_geojson is None and not settings.map_approval_no:
        raise Note("no reviewed map (SALTCHECK_MAP_GEOJSON): tiles and plain axes are shown instead")
    if settings.map_geojson is None or not settings.map_approval_no:
        raise Sick("SALTCHECK_MAP_GEOJSON and SALTCHECK_MAP_APPROVAL_NO (审图号) only go together")
    try:
        kind = json.loads(settings.map_geojson.read_bytes())["type"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Sick(f"SALTCHECK_MAP_GEOJSON={str(settings.map_geojson)!r}: no GeoJSON that can be read") from None
    return f"{settings.map_geojson}: {kind}, {settings.map_approval_no}"


def address(settings: Settings) -> str:
    if settings.production and urlsplit(settings.base_url).scheme != "https":
        raise Note(f"{settings.base_url} is not https: signing in needs it, and so do printed codes "
                   "(SALTCHECK_BASE_URL)")
    if settings.production and not settings.trusted_proxies:
        raise Note("SALTCHECK_TRUSTED_PROXIES=0: behind nginx all shoppers would count as one address; set 1 there")
    return settings.base_url


def trial(settings: Settings) -> str:
    if settings.shadow_rules is None:
        raise Note("none (SALTCHECK_SHADOW_RULES): only the product's own rules are at work")
    try:
        numbers = changed(load_rules(), load_rules(settings.shadow_rules))
    except BadRules as error:
        raise Sick(f"SALTCHECK_SHADOW_RULES: {error}; the worker goes on without a trial. Then restart it") from None
    names = ", ".join(one.name for one in numbers) or "nothing differs from the product's rules"
    return f"{settings.shadow_rules}: {names}; ./saltcheck trial compares"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "home": home, "database": database, "replica": replica, "valkey": valkey, "spool": spool, "worker": worker,
    "keys": keys, "geoip": geoip, "map": map_file, "address": address, "trial": trial,
}


def _room(folder: Path) -> str:
    """How much room there is, once a file could be written there. Raises Sick."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Sick(f"{folder}: cannot be written ({error.strerror}); choose another folder") from None
    return f"{shutil.disk_usage(folder).free / (1 << 30):,.1f} GB free"


def _cluster_state(cache: Cache) -> str:
    told = cache.call("CLUSTER INFO")
    return str(told.get("cluster_state")) if isinstance(told, dict) else "unreadable"


def _drift(engine: Engine) -> float:
    """Seconds between the database's clock and ours."""
    with engine.connect() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return abs((theirs - datetime.now(UTC)).total_seconds())


def _shown(url: str) -> str:
    """An address without its password."""
    if url.startswith(("sqlite", "postgresql")):
        return make_url(url).render_as_string(hide_password=True)
    return ",".join(f"{urlsplit(one).scheme}://{one.rpartition('@')[2].rpartition('://')[2]}" for one in url.split(","))


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
