"""What every answer to a shopper carries: nothing may be loaded from elsewhere, framed, sniffed or kept."""
from typing import NamedTuple

Headers = list[tuple[str, str]]

HTML = "text/html; charset=utf-8"
JSON = "application/json"


class Answer(NamedTuple):
    """A whole answer: status line ("200 OK"), headers without the length, body."""

    status: str
    headers: Headers
    body: bytes


class AnswerHeaders:
    """Ready-made header lists; `csp` is that of the shopper's pages. Each header costs gunicorn 2 µs, so none is here
    that another one makes needless: nothing is stored, so nothing varies; the CSP forbids framing."""

    def __init__(self, csp: str) -> None:
        safe = [
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ]
        self.html: Headers = [("Content-Type", HTML), *safe, ("Content-Security-Policy", csp)]
        self.json: Headers = [("Content-Type", JSON), *safe, ("Content-Security-Policy", "default-src 'none'")]
        self.text: Headers = [("Content-Type", "text/plain; charset=utf-8"), *safe]
