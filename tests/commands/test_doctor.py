"""Each check is made to fail once, and the others go on."""
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.servers import Postgres, wait_until_replayed
from webapp.demo.geoip import build_geoip

NAMES = ["home", "database", "replica", "valkey", "spool", "keys", "geoip", "map", "address"]


def words(out: str) -> dict[str, str]:
    """What was said of each check: ok, note or WRONG."""
    return {line.split()[1]: line.split()[0] for line in out.splitlines()}


def test_a_bare_home_is_well_and_what_is_missing_is_named(run: Run) -> None:
    ended = run("doctor")
    assert ended.code == 0
    assert words(ended.out) == dict.fromkeys(NAMES, "ok") | dict.fromkeys(["replica", "valkey", "geoip", "map"], "note")


def test_everything_there(run: Run, home: Path, valkey_url: str, postgresql_url: str, standby_url: str,
                          postgres: Postgres, standby: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until_replayed(postgres, standby)
    build_geoip(home / "geoip.mmdb")
    (home / "map.json").write_text('{"type": "FeatureCollection"}')
    for name, value in {"REDIS_URL": valkey_url, "DATABASE_URL": postgresql_url, "REPLICA_URL": standby_url,
                        "MAP_GEOJSON": home / "map.json", "MAP_APPROVAL_NO": "GS(2026)1",
                        "BASE_URL": "https://salt.example"}.items():
        monkeypatch.setenv(f"SALTCHECK_{name}", str(value))
    ended = run("doctor")
    assert (ended.code, words(ended.out)) == (0, dict.fromkeys(NAMES, "ok")), ended.out
    assert "s behind" in ended.out


@pytest.mark.parametrize(("settings", "check", "code"), [
    ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "database", 5),
    ({"REPLICA_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "replica", 5),
    ({"REDIS_URL": "redis://:secret@127.0.0.1:1"}, "valkey", 5),
    ({"SPOOL_DIR": "/proc/spool"}, "spool", 4), ({"KEYS_FILE": "/proc/keys.json"}, "keys", 4),
    ({"GEOIP_DB": "/nowhere.mmdb"}, "geoip", 4), ({"GEOIP_DB": __file__}, "geoip", 4),
    ({"MAP_GEOJSON": "/nowhere.json"}, "map", 4), ({"MAP_APPROVAL_NO": "GS(2026)1"}, "map", 4),
    ({"MAP_GEOJSON": __file__, "MAP_APPROVAL_NO": "GS(2026)1"}, "map", 4),
    ({"BASE_URL": "https://salt.example"}, "database", 5),
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
