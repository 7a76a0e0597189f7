"""Importing a module opens nothing, starts nothing and needs no setting."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

# Alembic and gunicorn execute these files themselves; they are entries, not modules.
EXECUTED = {"webapp.migrations.env", "webapp.gunicorn_conf", "webapp.wsgi"}

WATCH = r"""
import importlib, json, os, sys

deeds = []
FORBIDDEN = ("socket.", "subprocess.", "os.mkdir", "os.remove", "os.rename", "os.system", "os.fork", "os.posix_spawn",
             "sqlite3.connect", "shutil.", "tempfile.", "_thread.start_new_thread")

def hook(event, arguments):
    writes = False
    if event == "open":
        path, mode, flags = arguments
        writes = (bool(set(mode) & set("wax+")) if isinstance(mode, str)
                  else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))
    if watching and (writes or event.startswith(FORBIDDEN)):
        deeds.append([now, event, repr(arguments)[:200]])

watching, now = False, ""
sys.addaudithook(hook)
for third_party in json.loads(sys.argv[2]):
    importlib.import_module(third_party)  # what libraries do at their own import is theirs
watching = True
for now in json.loads(sys.argv[1]):
    importlib.import_module(now)
print(json.dumps(deeds))
"""
# Libraries that look at the network or make a folder while they are imported.
THEIR_OWN_AFFAIR: list[str] = []


@pytest.fixture(scope="module")
def modules(root: Path) -> list[str]:
    files = [file for package in ("webapp", "cache") for file in sorted((root / package).rglob("*.py"))]
    names = [".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for file in files
             if "versions" not in file.parts]
    return [name for name in names if name not in EXECUTED]


def test_importing_opens_no_socket_writes_no_file_and_needs_no_environment(modules: list[str], root: Path):
    done = subprocess.run([sys.executable, "-B", "-c", WATCH, json.dumps(modules), json.dumps(THEIR_OWN_AFFAIR)],
                          cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_launcher_needs_the_standard_library_only(modules: list[str], root: Path):
    ours = [name for name in modules if name.startswith("webapp.launcher")]
    assert ours
    source = f"import sys; sys.path.insert(0, {str(root)!r}); import {', '.join(ours)}"
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", source], env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
