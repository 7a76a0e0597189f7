"""What no page of ours can be asked like: a foreign host, an over-long or unreadable address."""
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from webapp.settings import LOOPBACK, Settings

MAX_PATH = 512
MAX_QUERY = 2048
FOR_PROGRAMS = {"/healthz", "/readyz", "/metrics"}  # monitors ask for these by the machine's own names


class Hosts:
    """The host names this installation answers to: its own, and in a demo the machine itself."""

    def __init__(self, settings: Settings) -> None:
        own = urlsplit(settings.base_url).hostname or ""
        names = {own} if settings.production else {own, *LOOPBACK}
        self.knows = lru_cache(256)(lambda header: _name(header) in names)


def fault_of(environ: Mapping[str, Any], hosts: Hosts) -> str | None:
    """What is wrong with a request, in a word for the log; None where nothing is."""
    host = environ.get("HTTP_HOST", "")[:255]
    path: str = environ["PATH_INFO"]  # WSGI: bytes as latin-1
    if not hosts.knows(host) and not (path in FOR_PROGRAMS and _name(host) in LOOPBACK):
        return "foreign_host"
    if len(path) > MAX_PATH or len(environ.get("QUERY_STRING", "")) > MAX_QUERY:
        return "over_long"
    if not path.isascii():
        try:
            path = path.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return "not_utf8"
    return None if path.isprintable() else "control_characters"


def _name(header: str) -> str:
    """The host without its port, in lower case; an IPv6 address without brackets."""
    name, _, port = header.rpartition(":")
    if not name or not port.isdecimal():
        name = header
    return name.strip("[]").rstrip(".").lower()
