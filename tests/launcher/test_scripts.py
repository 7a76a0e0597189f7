"""Scripts of the staff pages: there or not there, the command goes on."""
import shutil
import stat
from pathlib import Path

import pytest

from webapp.launcher.scripts import SCRIPTS, prepare_scripts


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, tmp_path)
    return tmp_path


def pretend_npm(folder: Path, does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npm of ours: the real one is exercised by every ./saltcheck test before this runs."""
    npm = folder / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\n{does}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")


INSTALLS = "\n".join(f"mkdir -p node_modules/{Path(source).parent}; echo real > node_modules/{source}"
                     for source in SCRIPTS.values()) + '\necho "$@" >> asked'


def test_without_npm_it_says_how_to_get_it(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert "apt-get install npm" in prepare_scripts(str(checkout))
    assert not (checkout / "static").exists()


def test_a_failing_npm_is_quoted_and_leaves_nothing(checkout, monkeypatch):
    pretend_npm(checkout, "echo 'npm error code EINTEGRITY' >&2; exit 1", monkeypatch)
    assert prepare_scripts(str(checkout)) == "npm failed: npm error code EINTEGRITY"
    assert not (checkout / "static").exists()


def test_npm_is_asked_once_for_one_lock(checkout, monkeypatch):
    pretend_npm(checkout, INSTALLS, monkeypatch)
    assert [prepare_scripts(str(checkout)) for _ in range(3)] == ["", "", ""]
    assert (checkout / "asked").read_text().splitlines() == [
        "ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --loglevel=error --omit=dev"
    ]
    assert {file.name for file in (checkout / "static" / "vendor").iterdir()} == {*SCRIPTS, ".installed"}


def test_a_changed_lock_and_a_lost_file_are_installed_again(checkout, monkeypatch):
    pretend_npm(checkout, INSTALLS, monkeypatch)
    prepare_scripts(str(checkout))
    with (checkout / "package-lock.json").open("a") as lock:
        lock.write("\n")
    prepare_scripts(str(checkout))
    (checkout / "static" / "vendor" / "echarts.min.js").unlink()
    prepare_scripts(str(checkout))
    assert len((checkout / "asked").read_text().splitlines()) == 3


def test_the_tests_get_their_own_tools_and_the_demo_is_content_with_them(checkout, monkeypatch):
    pretend_npm(checkout, INSTALLS, monkeypatch)
    prepare_scripts(str(checkout), with_test_tools=True)
    prepare_scripts(str(checkout))
    assert len((checkout / "asked").read_text().splitlines()) == 1


def test_what_was_copied_is_what_the_lock_pins(root):
    for name, source in SCRIPTS.items():
        assert (root / "static" / "vendor" / name).read_bytes() == (root / "node_modules" / source).read_bytes()
