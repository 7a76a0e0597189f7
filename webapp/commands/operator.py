"""Whose hand is at the keyboard, as the audit trail names it."""
import getpass


def operator() -> str:
    """"operator NAME" of the machine's user."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):  # a container's user without a name
        return "operator"
