"""Puts the product together: parts, doors, refusals. Opens nothing; connections are made at the first request."""
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

from cache.connection import Cache
from cache.limits import Limits
from cache.lookups import LookupCache
from cache.replay import ReplayPosition
from webapp.db import Database
from webapp.detect.pipeline import Judge
from webapp.detect.rules import load_rules
from webapp.geolocate import Geolocator
from webapp.keys import Keys, keys_of
from webapp.scan_lane import ScanLane
from webapp.scanlog.observer import Observer
from webapp.scanlog.spool import Spool, Sync
from webapp.scanlog.wrong_codes import WrongCodes
from webapp.settings import BadSetting, Settings
from webapp.verify.lookup import Lookup
from webapp.views.bad_requests import Hosts
from webapp.views.errors import install_errors
from webapp.views.headers import AnswerHeaders
from webapp.views.measured import metrics_of
from webapp.views.public.parts import Parts
from webapp.views.public.pieces import Templates
from webapp.views.public.refusal_page import RefusalPages
from webapp.views.public.scan_json import ScanJson
from webapp.views.public.scan_page import ScanPages
from webapp.views.register import register
from webapp.views.staff_setup import setup_staff

ROOT = Path(__file__).parent.parent
MAX_BODY = 20 << 20
STATEMENT_MS = 1_000  # what a page asks takes one; a shopper waits no longer, and is told what is missing


def create_app(settings: Settings) -> Flask:
    """The whole product as a WSGI app. Raises BadSetting and KeysError where it must not start."""
    keys = keys_for(settings)
    app = Flask("webapp", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    parts = make_parts(settings, keys)
    hosts = Hosts(settings)
    app.extensions["parts"] = parts
    install_errors(app, hosts)
    setup_staff(app, Database(settings, pool_size=2), settings, keys)
    register(app)
    static = WhiteNoise(app.wsgi_app, root=str(ROOT / "static"), prefix="static/", autorefresh=not settings.production)
    app.wsgi_app = ScanLane(static, parts, hosts)  # type: ignore[method-assign]
    return app


def make_parts(settings: Settings, keys: Keys) -> Parts:
    """What the shopper's pages work with, with a database pool of their own."""
    db, templates = Database(settings, statement_ms=STATEMENT_MS), Templates()
    cache = Cache(settings.redis, timeout_s=settings.redis_timeout_ms / 1000)
    spool = Spool(settings.spool, Sync(settings.sync))
    lookup = Lookup(db, LookupCache(cache), ReplayPosition(cache).read)
    return Parts(
        settings=settings, keys=keys, db=db, cache=cache, geolocator=Geolocator(settings.geoip),
        lookup=lookup, observer=Observer(db, cache, settings),
        spool=spool, wrong_codes=WrongCodes(spool, keys.codes),
        judge=Judge(load_rules()), templates=templates, pages=ScanPages(templates, settings.base_url), json=ScanJson(),
        refusals=RefusalPages(templates), headers=AnswerHeaders(templates.csp),
        metrics=metrics_of(settings, lookup, cache, spool), limits=Limits(cache))


def keys_for(settings: Settings) -> Keys:
    """The keys to serve with. Raises BadSetting for demo keys where real shoppers would meet them."""
    keys = keys_of(settings)
    if settings.production and keys.demo:
        raise BadSetting(f"SALTCHECK_KEYS_FILE={str(settings.keys)!r}: these are demo keys, anybody could make codes; "
                         "name another file, or another SALTCHECK_HOME where new keys can be made")
    return keys
