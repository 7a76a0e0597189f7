"""The demo touches no folder but its own, and mends one that was cut off."""
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from webapp.db import Database
from webapp.demo.build import demo_settings
from webapp.demo.home import MARKER, HomeRefused, open_home
from webapp.keys import create_keys
from webapp.migrate import upgrade
from webapp.models import Site


def test_a_new_folder_becomes_the_demos(tmp_path):
    with open_home(tmp_path / "var") as home:
        assert not home.ready
        home.begin()
        (home.path / "demo.json").write_text("{}")
        home.finish()
        assert home.ready


def test_an_empty_folder_is_taken(tmp_path):
    with open_home(tmp_path) as home:
        assert not home.ready


@pytest.mark.parametrize("name", ["thesis.txt", ".hidden"])
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(HomeRefused, match="not made by the demo"), open_home(tmp_path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == [name]


def make_bare(path):
    """What any command leaves in a folder where nothing was."""
    create_keys(path / "keys.json", demo=True)
    db = Database(demo_settings(path))
    upgrade(db)
    (path / "spool").mkdir()
    return db


def test_a_folder_where_commands_ran_and_nothing_was_uploaded_is_taken(tmp_path):
    make_bare(tmp_path).close()
    with open_home(tmp_path) as home:
        assert not home.ready


def test_a_registry_with_data_is_somebodys(tmp_path):
    db = make_bare(tmp_path)
    with db.transaction() as connection:
        connection.execute(insert(Site).values(gln="9520001900006", owner_gln="9520001900006", name_zh="x",
                                               kind="producer", adcode=510300, updated_at=datetime.now(UTC)))
    db.close()
    with pytest.raises(HomeRefused, match="a registry with data"), open_home(tmp_path):
        pass
    assert not (tmp_path / MARKER).exists()


def test_real_keys_are_somebodys(tmp_path):
    create_keys(tmp_path / "keys.json", demo=False)
    with pytest.raises(HomeRefused, match="keys of its own"), open_home(tmp_path):
        pass


def test_a_file_that_cannot_be_read_is_somebodys(tmp_path):
    (tmp_path / "saltcheck.db").write_bytes(b"SQLite? no. " * 100)
    with pytest.raises(HomeRefused, match="cannot be read"), open_home(tmp_path):
        pass


def test_beginning_again_wipes_only_what_the_demo_made(tmp_path):
    with open_home(tmp_path) as home:
        home.begin()
        (tmp_path / "spool").mkdir()
        (tmp_path / "spool" / "x.spool").write_text("x")
        (tmp_path / "keys.json").write_text("{}")
        (tmp_path / "appendonlydir.damaged-5").mkdir()
        (tmp_path / "notes.txt").write_text("mine")
        home.begin()
    assert sorted(one.name for one in tmp_path.iterdir()) == [MARKER, "notes.txt"]


def test_a_link_is_removed_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "treasure").write_text("mine")
    with open_home(tmp_path / "var") as home:
        home.begin()
        (home.path / "spool").symlink_to(tmp_path / "elsewhere")
        home.begin()
    assert (tmp_path / "elsewhere" / "treasure").read_text() == "mine"


CUT = (b"", b"{", b'{"version": 1, "state": "building"}', b'{"version": 0, "state": "ready"}')


@pytest.mark.parametrize("mark", CUT)
def test_a_cut_off_or_older_build_is_not_ready(tmp_path, mark):
    (tmp_path / MARKER).write_bytes(mark)
    (tmp_path / "demo.json").write_text("{}")
    with open_home(tmp_path) as home:
        assert not home.ready


def test_two_demos_do_not_share_a_folder(tmp_path):
    script = (f"from webapp.demo.home import *\nfrom pathlib import Path\n"
              f"try:\n with open_home(Path({str(tmp_path)!r})): pass\nexcept HomeRefused as e: print(e)")
    with open_home(tmp_path):
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "already runs" in said
    with open_home(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeRefused, match="SALTCHECK_HOME"), open_home(tmp_path / "file" / "var"):
        pass
