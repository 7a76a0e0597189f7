"""What machines ask of every site: robots.txt, favicon, health."""
import os

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text

from cache.connection import CacheAway
from webapp.db import DatabaseAway
from webapp.metrics import page as metrics_page
from webapp.views.measured import measured
from webapp.views.public.parts import Parts
from webapp.views.public.reader import parts, respond_json

ICON = (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b5a54" d="M16 2l12 7v14l-12 7-12-7'
        b'V9z"/><path fill="none" stroke="#fff" stroke-width="3" d="M10 16l4.5 4.5L22.5 12"/></svg>')


def robots() -> Response:
    """Codes are for people with bags: nobody is to crawl them."""
    return Response("User-agent: *\nAllow: /$\nAllow: /p/\nAllow: /b/\nAllow: /o/\nDisallow: /\n",
                    headers=parts().headers.text)


def favicon() -> Response:
    return Response(ICON, headers=[("Content-Type", "image/svg+xml"), ("Cache-Control", "public, max-age=604800"),
                                   ("X-Content-Type-Options", "nosniff")])


def healthz() -> Response:
    """The process answers."""
    return respond_json({"status": "ok"})


def readyz() -> Response:
    """503 where a scan could not be kept. Database and cache may be away: the scan page goes on without them."""
    told = {"spool": _spool(parts()), "database": _database(parts()), "cache": _cache(parts())}
    return respond_json({"ready": told["spool"] == "ok", **told}, 200 if told["spool"] == "ok" else 503)


def metrics() -> Response:
    """What Prometheus reads."""
    of = parts()
    return Response(metrics_page(of.metrics, measured(of.settings, of.db)), content_type=CONTENT_TYPE_LATEST)


def _spool(of: Parts) -> str:
    folder = of.settings.spool
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return "away"
    return "ok" if os.access(folder, os.W_OK) else "away"


def _database(of: Parts) -> str:
    try:
        of.db.ask(lambda connection: connection.scalar(text("SELECT 1")))
    except DatabaseAway:
        return "away"
    return "ok"


def _cache(of: Parts) -> str:
    try:
        of.cache.call("PING")
    except CacheAway:
        return "away"
    return "ok"
