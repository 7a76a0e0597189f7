"""HTTP becomes a value, once: who looks, from where, with what, and whether it counts.

The only place that reads the client's address. Everything read is bounded before it is looked at.
"""
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple, Protocol

from webapp.geolocate import Geolocator, Located, truncate_ip
from webapp.keys import Keys
from webapp.settings import Settings
from webapp.views.user_agent import Agent, agent_of

COOKIE = "sc"
COOKIE_DAYS = 365
DEVICE_BITS = 63  # fits a signed BIGINT
FIELD_LIMIT, QUERY_LIMIT = 512, 2048
SHARE_MARKS = frozenset(("s=1", "from=singlemessage", "from=groupmessage", "from=timeline"))


class Parts(Protocol):
    """What of the app is needed here."""

    @property
    def settings(self) -> Settings: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def geolocator(self) -> Geolocator: ...


class Visit(NamedTuple):
    """One request for a code's page.

    ip, network: the client's address and its /24 or /48, "" = not known. device: 63-bit pseudonym. set_cookie: value
    of a Set-Cookie header to send, or None. counted: False for HEAD, prefetch, link previews and known bots: they are
    answered and leave no trace. language: "zh" | "en". at_us: µs since the epoch, UTC.
    """

    ip: str
    network: str
    device: int
    set_cookie: str | None
    located: Located
    agent: str
    wifi: bool
    shared: bool
    counted: bool
    language: str
    wants_json: bool
    role: str
    at_us: int


def read(environ: dict[str, Any], parts: Parts) -> Visit:
    """The visit behind a WSGI environment."""
    get = environ.get
    ip = client_address(environ, parts.settings.trusted_proxies)
    network = truncate_ip(ip)
    user_agent = get("HTTP_USER_AGENT", "")[:FIELD_LIMIT]
    agent = agent_of(user_agent)
    device = _device_in(get("HTTP_COOKIE", ""), parts.keys.device)
    set_cookie = None
    if device is None:
        device = _device_without_cookie(network, user_agent, parts.keys.device)
        set_cookie = _set_cookie(device, parts)
    query = get("QUERY_STRING", "")[:QUERY_LIMIT]
    words = query.split("&") if query else ()
    return Visit(
        ip, network, device, set_cookie, parts.geolocator.place(ip), agent.name, agent.wifi,
        not SHARE_MARKS.isdisjoint(words), _counts(environ, agent),
        _language(words, get("HTTP_ACCEPT_LANGUAGE", "")[:FIELD_LIMIT]),
        _prefers_json(get("HTTP_ACCEPT", "")[:FIELD_LIMIT]), "shopper", time.time_ns() // 1000,
    )


def client_address(environ: dict[str, Any], trusted_proxies: int) -> str:
    """The address the nearest trusted chain of proxies saw: so many entries from the right of X-Forwarded-For; the
    peer's own when there is no proxy. Entries further left are whatever the client wrote. "" when it is none."""
    if trusted_proxies:
        entries = environ.get("HTTP_X_FORWARDED_FOR", "")[-FIELD_LIMIT:].rsplit(",", trusted_proxies)
        # Fewer entries than proxies: somebody came in at an inner proxy, which wrote the leftmost one itself.
        entry = entries[-min(trusted_proxies, len(entries))].strip()
        if entry:
            return entry if truncate_ip(entry) else ""
    peer: str = environ.get("REMOTE_ADDR", "")
    return peer if truncate_ip(peer) else ""


def is_loopback(environ: dict[str, Any]) -> bool:
    """Whether the peer itself, whatever it forwards, is on this machine (a unix socket has no address)."""
    peer = environ.get("REMOTE_ADDR", "")
    return peer in ("", "::1") or peer.startswith(("127.", "::ffff:127."))


def _counts(environ: dict[str, Any], agent: Agent) -> bool:
    if agent.is_bot or environ["REQUEST_METHOD"] != "GET":
        return False
    # Safari says X-Purpose: preview, Firefox X-Moz, Chrome Purpose and Sec-Purpose (also "prefetch;prerender").
    said = (environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or environ.get("HTTP_X_PURPOSE")
            or environ.get("HTTP_X_MOZ"))
    return not (said and said.lower().startswith(("prefetch", "prerender", "preview")))


def _device_in(cookies: str, key: bytes) -> int | None:
    """The pseudonym of our cookie if we made it: an invented one would be a device for the asking."""
    for part in cookies[:4096].split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and len(value) == 22:
            return _opened(value, key)
    return None


@lru_cache(4096)
def _opened(value: str, key: bytes) -> int | None:
    try:
        raw = urlsafe_b64decode(value + "==")
    except ValueError:
        return None
    return int.from_bytes(raw[:8], "big") if compare_digest(raw[8:], _mac(raw[:8], key)) else None


def _device_without_cookie(network: str, user_agent: str, key: bytes) -> int:
    """The same for the same phone on the same network, and what its cookie will carry: with and without cookies it
    stays one device, and dropping cookies makes no new ones."""
    named = blake2b(f"{network}\0{user_agent}".encode("utf-8", "replace"), digest_size=8, key=key, person=b"device")
    return int.from_bytes(named.digest(), "big") >> 64 - DEVICE_BITS


def _set_cookie(device: int, parts: Parts) -> str:
    raw = device.to_bytes(8, "big")
    value = urlsafe_b64encode(raw + _mac(raw, parts.keys.device)).rstrip(b"=").decode()
    secure = "; Secure" if parts.settings.base_url.startswith("https:") else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={COOKIE_DAYS * 86_400}; HttpOnly; SameSite=Lax{secure}"


def _mac(raw: bytes, key: bytes) -> bytes:
    return blake2b(raw, digest_size=8, key=key, person=b"cookie").digest()


def _language(words: "tuple[()] | list[str]", accepted: str) -> str:
    for word in words:
        if word in ("lang=zh", "lang=en"):
            return word[5:]
    return _accepted_language(accepted)


@lru_cache(1024)
def _accepted_language(accepted: str) -> str:
    """zh unless the browser prefers English to Chinese."""
    best, found = 0.0, "zh"
    for part in accepted.lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        language = tag.partition("-")[0]
        if language in ("zh", "en") and (weight := _weight(quality)) > best:
            best, found = weight, language
    return found


@lru_cache(1024)
def _prefers_json(accepted: str) -> bool:
    weights = {"application/json": 0.0, "text/html": 0.0}
    for part in accepted.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind in weights:
            weights[kind] = next((_weight(word[2:]) for word in parameters if word.startswith("q=")), 1.0)
    return weights["application/json"] > weights["text/html"]


def _weight(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
