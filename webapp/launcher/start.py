"""What happens between typing ./saltcheck and the command itself."""
import os
import sys

from webapp.launcher.environment import LOCK, is_ready, prepare, python_of
from webapp.launcher.notice import CannotStart, say

SERVICE_AWAY = 5
WITH_STAFF_PAGES = ("demo", "serve")


def start(root: str, words: list[str]) -> None:
    """Make ready what is missing, then become the command. Does not return."""
    try:
        if words[:1] == ["test"]:
            from webapp.launcher.checks import test_command  # only here: the other commands start faster without

            become(root, test_command(root, words[1:]))
        if not is_ready(root, LOCK):
            prepare(root, LOCK)
        if words[:1] and words[0] in WITH_STAFF_PAGES:
            from webapp.launcher.scripts import prepare_scripts

            if missing := prepare_scripts(root):
                say(f"{missing}; staff charts fall back to tables")
        become(root, ["-P", "-m", "webapp.cli", *words])
    except CannotStart as problem:
        say(str(problem))
        sys.exit(SERVICE_AWAY)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)


def become(root: str, arguments: list[str]) -> None:
    """Replace this process by the environment's Python: the same pid, signals and exit code as the command itself."""
    python = python_of(root)
    os.execv(python, [python, *arguments])
