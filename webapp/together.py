"""Scans that came at the same time, answered together: their heads are read, Valkey and the disk asked once for all.

Only what is as plain as a phone's request is taken; whatever else came (a body, a header twice, a proxy's dialect, an
address that is no code) is left as it is to gunicorn, which knows how to be strict.
"""
import re
import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from webapp.scan_lane import Environ, ScanLane
from webapp.views.headers import Answer

MAX_HEAD, MAX_FIELDS = 4094, 64  # gunicorn_conf.py allows no more, either
END = b"\r\n\r\n"
LOOKS_LIKE_A_SCAN = re.compile(rb"(?:GET|HEAD) /[0-9A-Za-z]{4}(?:-?[0-9A-Za-z]{4}){4}/?[? ]").match
NOT_PLAIN = {"HTTP_CONNECTION", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE", "HTTP_EXPECT"}


class Together:
    """One per process. `lane` is the app's."""

    def __init__(self, lane: ScanLane) -> None:
        self._lane = lane
        self._date, self._date_of = "", 0

    def take(self, data: bytes, peer: str) -> Environ | None:
        """A request as the lane reads it (not a whole WSGI environment), if `data` is one plain scan and no more.
        `peer`: the address of who sent it, "" over a unix socket."""
        if len(data) > MAX_HEAD or not LOOKS_LIKE_A_SCAN(data) or data.find(END) != len(data) - len(END):
            return None
        head = _Head(peer)
        parser = HttpRequestParser(head)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            return None
        environ = head.environ
        environ["REQUEST_METHOD"] = parser.get_method().decode()
        plain = head.is_plain and len(environ) <= MAX_FIELDS and parser.get_http_version() == "1.1"
        return environ if plain and self._lane.takes(environ) else None

    def answers(self, environs: Sequence[Environ]) -> list[bytes]:
        """Whole HTTP answers, in order."""
        return [self._packed(answer, environ["REQUEST_METHOD"])
                for answer, environ in zip(self._lane.answers(environs), environs, strict=True)]

    def _packed(self, answer: Answer, method: str) -> bytes:
        status, headers, body = answer
        lines = [f"HTTP/1.1 {status}", *[f"{name}: {value}" for name, value in headers],
                 f"Content-Length: {len(body)}", f"Date: {self._now()}", "\r\n"]
        head = "\r\n".join(lines).encode("latin-1")
        return head if method == "HEAD" else head + body

    def _now(self) -> str:
        second = int(time.time())
        if second != self._date_of:
            self._date, self._date_of = formatdate(second, usegmt=True), second
        return self._date


def together_of(app: Any) -> Together | None:
    """Of a WSGI app that has our lane in front; None of any other."""
    lane = getattr(app, "wsgi_app", None)
    return Together(lane) if isinstance(lane, ScanLane) else None


class _Head:
    """What httptools calls while it reads a head; names and values as WSGI has them."""

    def __init__(self, peer: str) -> None:
        self.environ: Environ = {"REMOTE_ADDR": peer}
        self.is_plain = True

    def on_url(self, url: bytes) -> None:
        if b"#" in url or not url.isascii():
            self.is_plain = False
        self.environ["PATH_INFO"], _, self.environ["QUERY_STRING"] = url.decode("latin-1").partition("?")

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = _key(name), value.decode("latin-1").strip(" \t")
        if key in self.environ or key in NOT_PLAIN and text != "keep-alive" or b"_" in name:
            self.is_plain = False
        self.environ[key] = text


@lru_cache(256)
def _key(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
