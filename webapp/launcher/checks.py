"""./saltcheck test: everything the tests need, then pytest. Ruff, mypy and the import ladder are tests among others."""
import os
import shutil
import subprocess

from webapp.launcher.environment import DEV_LOCK, is_ready, prepare
from webapp.launcher.notice import CannotStart, say
from webapp.launcher.scripts import prepare_scripts

# Debian package -> the file it brings. PostgreSQL and Valkey come from wheels.
DEBIAN_PARTS = {
    "chromium": "/usr/bin/chromium",
    "fonts-wqy-microhei": "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "nginx": "/usr/sbin/nginx",
    "strace": "/usr/bin/strace",
}
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile", "--cov", "--cov-report=term"]


def test_command(root: str, words: list[str]) -> list[str]:
    """Install what is missing; the arguments for Python. With `words` pytest gets those and nothing else.

    A missing part stops the whole suite and is only mentioned before a chosen part of it.
    """
    if not is_ready(root, DEV_LOCK):
        prepare(root, DEV_LOCK)
    for problem in (_prepare_debian_parts(), prepare_scripts(root, with_test_tools=True)):
        if problem and not words:
            raise CannotStart(f"the tests need more: {problem}")
        if problem:
            say(f"{problem}; tests that need it will fail")
    os.chdir(root)
    return ["-m", "pytest", *(words or WHOLE_SUITE)]


def _prepare_debian_parts() -> str:
    """Install DEBIAN_PARTS as root, else name the line that does. Returns what is still missing, "" if nothing."""
    missing = [package for package, file in DEBIAN_PARTS.items() if not os.path.exists(file)]
    if not missing:
        return ""
    advice = f"as root: apt-get install {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return advice
    say(f"apt-get install {' '.join(missing)} (once)")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            return f"{advice} (tried: {lines[-1] if lines else done.returncode})"
    return ""
