"""No other site may press our buttons (CSRF): a token in every form, and the browser's own word on who asks."""
from urllib.parse import urlsplit

from flask import abort, request
from flask_wtf.csrf import CSRFError, CSRFProtect

FORM_BYTES = 64 << 10
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
csrf = CSRFProtect()


def refuse_foreign_form() -> None:
    """403 for a state-changing request from a foreign page or without this browser's form token."""
    if request.method in SAFE:
        return
    request.max_content_length = FORM_BYTES
    if not asked_by_our_page(request.headers, request.host):
        abort(403)
    try:
        csrf.protect()
    except CSRFError:
        abort(403)


def asked_by_our_page(headers, host: str) -> bool:
    """What the browser says: Sec-Fetch-Site where it sends it, else Origin. A program that is no browser sends neither
    and has only the form token to show."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == host
