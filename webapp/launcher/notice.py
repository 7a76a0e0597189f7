"""How the launcher speaks: one line at a time, on stderr, so that a command's own output stays clean."""
import sys


class CannotStart(Exception):
    """Something this machine lacks; the text says what and the exact fix. Ends in exit code 5."""


def say(text: str) -> None:
    print(f"saltcheck: {text}", file=sys.stderr, flush=True)
