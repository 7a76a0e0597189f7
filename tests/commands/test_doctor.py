"""Each check is made to fail once, and the others go on."""
import time
from pathlib import Path

import pytest
import redis

from tests.commands.conftest import Run
from tests.servers import Postgres, valkey_cluster, valkey_server, wait_until_replayed
from webapp.demo.geoip import build_geoip
from webapp.scanlog.heartbeat import Heartbeat, beat
from webapp.scanlog.spool import Spool
from webapp.settings import load_settings

NAMES = ["home", "database", "replica", "valkey", "spool", "worker", "keys", "geoip", "map", "address", "trial"]


def words(out: str) -> dict[str, str]:
    """What was said of each check: ok, note or WRONG."""
    return {line.split()[1]: line.split()[0] for line in out.splitlines()}


def test_a_bare_home_is_well_and_what_is_missing_is_named(run: Run) -> None:
    ended = run("doctor")
    assert ended.code == 0
    assert words(ended.out) == dict.fromkeys(NAMES, "ok") | dict.fromkeys(
        ["replica", "valkey", "worker", "geoip", "map", "trial"], "note")


def test_everything_there(run: Run, home: Path, valkey_url: str, postgresql_url: str, standby_url: str,
                          postgres: Postgres, standby: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until_replayed(postgres, standby)
    build_geoip(home / "geoip.mmdb")
    spool = load_settings(home=home).spool
    spool.mkdir()
    beat(spool, Heartbeat(7, time.time(), time.time(), 1_000, 0, 0))
    (home / "map.json").write_text('{"type": "FeatureCollection"}')
    (home / "trial.toml").write_text("[ledger]\nalert = 12.0\n")
    for name, value in {"REDIS_URL": valkey_url, "DATABASE_URL": postgresql_url, "REPLICA_URL": standby_url,
                        "MAP_GEOJSON": home / "map.json", "MAP_APPROVAL_NO": "GS(2026)1",
                        "BASE_URL": "https://salt.example", "TRUSTED_PROXIES": 1,
                        "SHADOW_RULES": home / "trial.toml"}.items():
        monkeypatch.setenv(f"SALTCHECK_{name}", str(value))
    ended = run("doctor")
    assert (ended.code, words(ended.out)) == (0, dict.fromkeys(NAMES, "ok")), ended.out
    assert "s behind" in ended.out
    assert "trial.toml: ledger.alert;" in ended.out


@pytest.mark.parametrize(("settings", "check", "code"), [
    ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "database", 5),
    ({"REPLICA_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "replica", 5),
    ({"REDIS_URL": "redis://:secret@127.0.0.1:1"}, "valkey", 5),
    ({"SPOOL_DIR": "/proc/spool"}, "spool", 4), ({"KEYS_FILE": "/proc/keys.json"}, "keys", 4),
    ({"GEOIP_DB": "/nowhere.mmdb"}, "geoip", 4), ({"GEOIP_DB": __file__}, "geoip", 4),
    ({"MAP_GEOJSON": "/nowhere.json"}, "map", 4), ({"MAP_APPROVAL_NO": "GS(2026)1"}, "map", 4),
    ({"MAP_GEOJSON": __file__, "MAP_APPROVAL_NO": "GS(2026)1"}, "map", 4),
    ({"BASE_URL": "https://salt.example"}, "database", 5),
    ({"SHADOW_RULES": "/nowhere.toml"}, "trial", 4), ({"SHADOW_RULES": __file__}, "trial", 4),
])
def test_what_is_wrong_is_named_and_told_by_the_exit_code(
        run: Run, monkeypatch: pytest.MonkeyPatch, settings: dict, check: str, code: int) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SALTCHECK_{name}", value)
    ended = run("doctor")
    assert ended.code == code
    assert words(ended.out)[check] == "WRONG"
    assert list(words(ended.out)) == NAMES
    assert "secret" not in ended.out + ended.err


def test_demo_keys_are_wrong_in_production(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("keys", "create", "--demo")
    monkeypatch.setenv("SALTCHECK_BASE_URL", "https://salt.example")
    assert "which production refuses" in run("doctor").out


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALTCHECK_BASE_URL", "ftp://x")
    ended = run("doctor")
    assert (ended.code, "SALTCHECK_BASE_URL='ftp://x'" in ended.err) == (2, True)


AGO = 3_600.0


@pytest.mark.parametrize(("beat_ago", "caught_up_ago", "waits", "word", "said"), [
    (None, None, True, "WRONG", "no worker has ever been round; start ./saltcheck worker"),
    (0, 0, True, "ok", "1,000 scans shipped since it began, 2 records set aside"),
    (0, AGO, True, "WRONG", "has shipped nothing for 3,600 s; its log says why"),
    (AGO, AGO, True, "WRONG", "the worker was last round 3,6"),
    (AGO, AGO, False, "note", "nothing waits"),
])
def test_the_worker_is_looked_for(run: Run, home: Path, beat_ago: float | None, caught_up_ago: float, waits: bool,
                                  word: str, said: str) -> None:
    spool = Spool(load_settings(home=home).spool)
    if waits:
        assert spool.append(b"a scan")
    if beat_ago is not None:
        now = time.time()
        (home / "spool").mkdir(exist_ok=True)
        beat(home / "spool", Heartbeat(7, now - beat_ago, now - caught_up_ago, 1_000, 2, 0))
    ended = run("doctor")
    spool.close()
    assert (words(ended.out)["worker"], ended.code) == (word, 4 if word == "WRONG" else 0)
    assert said in ended.out


def test_a_valkey_that_takes_no_writes_is_away(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with valkey_server() as server, redis.Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", "1")
        monkeypatch.setenv("SALTCHECK_REDIS_URL", server.url)
        ended = run("doctor")
    assert (ended.code, words(ended.out)["valkey"]) == (5, "WRONG")


def test_a_cluster_is_asked_for_its_state(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with valkey_cluster() as nodes:
        monkeypatch.setenv("SALTCHECK_REDIS_URL", ",".join(f"redis://127.0.0.1:{node.port}" for node in nodes))
        ended = run("doctor")
    assert (ended.code, words(ended.out)["valkey"]) == (0, "ok")
    assert "a whole cluster" in ended.out


def test_without_a_proxy_before_a_public_installation_it_asks_whether_that_is_meant(
        run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALTCHECK_BASE_URL", "https://salt.example")
    assert "SALTCHECK_TRUSTED_PROXIES=0" in run("doctor").out
