"""The demo touches no folder but its own, and mends one that was cut off."""
import subprocess
import sys

import pytest

from webapp.demo.home import MARKER, HomeRefused, open_home


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


@pytest.mark.parametrize("name", ["saltcheck.db", "thesis.txt", ".hidden"])
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(HomeRefused, match="not made by the demo"), open_home(tmp_path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == [name]


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
