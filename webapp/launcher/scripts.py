"""Third-party scripts of the staff pages: from npm with pinned integrity, copied to static/vendor/, never committed."""
import hashlib
import os
import shutil
import subprocess

from webapp.launcher.environment import only_one
from webapp.launcher.notice import CannotStart, say

SCRIPTS = {
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
}
NPM_WITHIN_S = 180


def prepare_scripts(root: str, with_test_tools: bool = False) -> str:
    """Put SCRIPTS into static/vendor/ unless they are there for this very lock.

    Returns why they are not there ("" when they are): the pages work without them.
    """
    if _is_ready(root, with_test_tools):
        return ""
    npm = shutil.which("npm")
    if npm is None:
        return "no npm here (as root: apt-get install npm, then start again)"
    try:
        with only_one(root):
            if _is_ready(root, with_test_tools):
                return ""
            say("installing the scripts of the staff pages with npm (once)")
            if problem := _install(npm, root, with_test_tools):
                return f"npm failed: {problem}"
            _copy(root, with_test_tools)
    except CannotStart as problem:
        return str(problem)
    except OSError as error:
        return f"cannot write {error.filename}: {error.strerror}"
    return ""


def _install(npm: str, root: str, with_test_tools: bool) -> str:
    """`npm ci` follows package-lock.json and refuses a file whose hash differs. Returns its complaint, "" if none."""
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
               "--loglevel=error"]
    try:
        done = subprocess.run(command if with_test_tools else [*command, "--omit=dev"], cwd=root, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=NPM_WITHIN_S)
    except subprocess.TimeoutExpired:
        return f"no answer within {NPM_WITHIN_S} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
    return (lines or [f"exit code {done.returncode}"])[0].strip()


def _copy(root: str, with_test_tools: bool) -> None:
    """Each file appears whole or not at all; the stamp comes last."""
    vendor = os.path.join(root, "static", "vendor")
    os.makedirs(vendor, exist_ok=True)
    for name, source in SCRIPTS.items():
        arriving = os.path.join(vendor, name + ".arriving")
        shutil.copyfile(os.path.join(root, "node_modules", *source.split("/")), arriving)
        os.replace(arriving, os.path.join(vendor, name))
    with open(_stamp(root) + ".arriving", "w") as stamp:
        stamp.write(_fingerprint(root, with_test_tools))
    os.replace(_stamp(root) + ".arriving", _stamp(root))


def _is_ready(root: str, with_test_tools: bool) -> bool:
    try:
        with open(_stamp(root)) as stamp:
            made_for = stamp.read()
    except OSError:
        return False
    enough = [_fingerprint(root, True)] if with_test_tools else [_fingerprint(root, True), _fingerprint(root, False)]
    return made_for in enough and all(os.path.exists(os.path.join(root, "static", "vendor", name)) for name in SCRIPTS)


def _fingerprint(root: str, with_test_tools: bool) -> str:
    with open(os.path.join(root, "package-lock.json"), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest() + (" with test tools" if with_test_tools else "")


def _stamp(root: str) -> str:
    return os.path.join(root, "static", "vendor", ".installed")
