"""What every file of the checkout keeps to."""
import re
import subprocess
from pathlib import Path

import pytest

LONGEST = 300
SAYS_NOTHING = re.compile(r"(^|/)(utils?|helpers?|common|misc|lib)(\.py|/)")
MACHINE_PATH = re.compile(r"(?<![\w.*$}>-])/(?:root|work|home/\w+|Users/\w+)/")
LOCKS = ("requirements.lock", "requirements-dev.lock", "package-lock.json")
NOT_EMPTY = {"webapp/models/__init__.py"}  # importing the package must bring every table into the metadata


@pytest.fixture(scope="module")
def files(root: Path) -> list[str]:
    """Everything that is or would be committed."""
    done = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                          capture_output=True, text=True)
    return [name for name in done.stdout.splitlines() if (root / name).is_file()]


def texts(files: list[str], root: Path) -> list[tuple[str, str]]:
    found = []
    for name in files:
        try:
            found.append((name, (root / name).read_text()))
        except UnicodeDecodeError:
            continue  # a picture, not a text
    return found


def test_no_python_file_is_longer_than_a_reader_s_patience(files, root):
    # A migration is a record, written once and read by Alembic: it is as long as what it made.
    read = [name for name in files if name.endswith(".py") and "/migrations/versions/" not in name]
    long = {name: lines for name in read
            if (lines := len((root / name).read_text().splitlines())) > LONGEST}
    assert long == {}


def test_every_file_name_says_what_is_in_it(files):
    assert [name for name in files if SAYS_NOTHING.search(name)] == []


def test_packages_do_nothing_when_they_are_imported(files, root):
    assert [name for name in files if name.endswith("__init__.py") and name not in NOT_EMPTY
            and (root / name).read_text().strip()] == []


def test_no_file_knows_the_machine_it_was_written_on(files, root):
    assert [f"{name}: {found[0]}" for name, text in texts(files, root) if (found := MACHINE_PATH.search(text))] == []


def test_no_lock_names_an_address(root):
    for name in LOCKS:
        text = (root / name).read_text()
        assert "://" not in text, name
        assert "index-url" not in text, name
        assert '"resolved"' not in text, name


def test_every_locked_package_has_a_hash(root):
    for name in LOCKS[:2]:
        for block in re.split(r"\n(?=[a-zA-Z0-9])", (root / name).read_text()):
            assert re.match(r"[\w.\-\[\],]+==\S+", block), (name, block[:80])
            assert "--hash=sha256:" in block, (name, block[:80])
    packages = re.findall(r'"node_modules/[^"]+": \{[^}]*', (root / "package-lock.json").read_text())
    assert packages
    assert all('"integrity": "sha512-' in package for package in packages)


def test_both_locks_agree(root):
    runtime, dev = (set(re.findall(r"^([\w.\-\[\],]+==\S+)", (root / name).read_text(), re.MULTILINE))
                    for name in LOCKS[:2])
    assert runtime - dev == set()


def test_only_the_settings_read_the_environment(files, root):
    readers = {name for name in files if name.startswith(("webapp/", "cache/")) and name.endswith(".py")
               and re.search(r"os\.environ|os\.getenv|import environ", (root / name).read_text())}
    # These hand the whole environment on to a child process and read nothing from it.
    passing_on = {name for name in readers if not re.search(r"environ(\[|\.get|\.setdefault|\.pop)|getenv",
                                                           (root / name).read_text())}
    # gunicorn executes its file by itself, and WEB_CONCURRENCY is a name of gunicorn's own.
    assert readers - passing_on - {"webapp/settings.py", "webapp/gunicorn_conf.py"} == set()
