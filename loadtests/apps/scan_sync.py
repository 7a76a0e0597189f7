"""The product with another promise behind `recorded`, to know its price: LOADTEST_SYNC = group | interval | write."""
import os

from webapp.app import create_app
from webapp.scan_lane import ScanLane
from webapp.scanlog.spool import Spool, Sync
from webapp.settings import load_settings

settings = load_settings()
app = create_app(settings)
spool = Spool(settings.spool, Sync(os.environ["LOADTEST_SYNC"]))
parts = app.extensions["parts"]._replace(spool=spool)
app.wsgi_app = ScanLane(app.wsgi_app, parts, app.wsgi_app._hosts)  # type: ignore[method-assign, attr-defined]
