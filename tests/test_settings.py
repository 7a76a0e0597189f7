"""Settings: read once, wrong values named with their variable."""
import pytest

from webapp.settings import BadSetting, load_settings


@pytest.mark.parametrize(("name", "value"), [
    ("DATABASE_URL", "mysql://x/y"), ("REPLICA_URL", "oracle://x"), ("REDIS_URL", "http://x"),
    ("REDIS_URL", "redis://a,memcached://b"), ("BASE_URL", "ftp://salt.example"), ("BASE_URL", "https://salt.example/x"),
    ("BASE_URL", "salt.example"), ("TRUSTED_PROXIES", "one"), ("TRUSTED_PROXIES", "-1"), ("TRUSTED_PROXIES", "99"),
    ("SYNC", "never"),
])
def test_a_wrong_value_stops_the_start_and_names_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"SALTCHECK_{name}", value)
    with pytest.raises(BadSetting, match=f"^SALTCHECK_{name}="):
        load_settings()


def test_everything_lies_in_the_home_unless_it_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv("SALTCHECK_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.database == f"sqlite:///{tmp_path / 'saltcheck.db'}"
    assert {settings.keys.parent, settings.spool.parent, settings.geoip.parent} == {tmp_path}
    monkeypatch.setenv("SALTCHECK_SPOOL_DIR", "/elsewhere/spool")
    assert str(load_settings().spool) == "/elsewhere/spool"


def test_an_empty_variable_is_an_unset_one_and_an_origin_has_no_slash_at_its_end(tmp_path, monkeypatch):
    for name in ("HOME", "GEOIP_DB", "SPOOL_DIR", "TRUSTED_PROXIES", "SYNC", "SHADOW_RULES"):
        monkeypatch.setenv(f"SALTCHECK_{name}", "")
    assert load_settings() == load_settings(home="var", geoip_db=None, trusted_proxies=0, sync="group")
    assert load_settings(base_url="https://salt.example/").base_url == "https://salt.example"


@pytest.mark.parametrize(("database", "base", "production"), [
    ("", "http://127.0.0.1:8000", False), ("", "http://192.168.1.7:8000", False), ("", "https://salt.example", True),
    ("postgresql://u@h/db", "http://127.0.0.1:8000", True), ("sqlite:////tmp/x.db", "http://localhost", False),
])
def test_production_is_postgresql_or_a_public_address(database, base, production):
    assert load_settings(database_url=database, base_url=base).production is production
