"""What the shopper's pages work with: made once per process by create_app, opened only when first used."""
from typing import Any, NamedTuple

from cache.limits import Limits
from webapp.db import Database
from webapp.detect.pipeline import Judge
from webapp.geolocate import Geolocator
from webapp.keys import Keys
from webapp.metrics import Metrics
from webapp.scanlog.observer import Observer
from webapp.scanlog.spool import Spool
from webapp.scanlog.wrong_codes import WrongCodes
from webapp.settings import Settings
from webapp.verify.lookup import Lookup
from webapp.views.headers import AnswerHeaders
from webapp.views.public.pieces import Templates
from webapp.views.public.refusal_page import RefusalPages
from webapp.views.public.scan_json import ScanJson
from webapp.views.public.scan_page import ScanPages


class Parts(NamedTuple):
    settings: Settings
    keys: Keys
    db: Database
    cache: Any
    geolocator: Geolocator
    lookup: Lookup
    observer: Observer
    spool: Spool
    wrong_codes: WrongCodes
    judge: Judge
    templates: Templates
    pages: ScanPages
    json: ScanJson
    refusals: RefusalPages
    headers: AnswerHeaders
    metrics: Metrics
    limits: Limits
