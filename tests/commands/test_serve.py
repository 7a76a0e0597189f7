"""./saltcheck serve: what it refuses before the first request, and how it hands over."""
import pytest

from webapp.commands import serve
from webapp.commands.stop import REFUSED, Stop
from webapp.keys import create_keys, load_keys
from webapp.settings import BadSetting, load_settings


def test_demo_keys_are_refused_where_real_shoppers_would_meet_them(home):
    create_keys(home / "keys.json", demo=True)
    with pytest.raises(BadSetting, match="demo keys"):
        serve.prepare(load_settings(home=home, base_url="https://salt.example"))


def test_production_without_keys_makes_real_ones_in_its_home(home, postgresql_database):
    settings = load_settings(home=home, database_url=str(postgresql_database.write.url.render_as_string(False)))
    serve.prepare(settings)
    assert load_keys(home / "keys.json").demo is False


def test_a_named_keys_file_must_be_there_in_production(home, tmp_path):
    settings = load_settings(home=home, base_url="https://salt.example", keys_file=tmp_path / "mistyped.json")
    with pytest.raises(Stop) as stop:
        serve.prepare(settings)
    assert stop.value.code == REFUSED
    assert not (tmp_path / "mistyped.json").exists()


def test_a_bare_home_is_made_ready(home):
    serve.prepare(load_settings(home=home))
    assert (home / "saltcheck.db").exists()
    assert load_keys(home / "keys.json").demo is True


def test_production_waits_for_its_migrations(home):
    with pytest.raises(Stop, match="db upgrade"):
        serve.prepare(load_settings(home=home, base_url="https://salt.example"))
