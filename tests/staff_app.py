"""An app with the staff doors only, and how a browser sends its forms."""
import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from webapp.db import Database
from webapp.keys import ensure_keys
from webapp.settings import Settings
from webapp.views.register import register_staff
from webapp.views.staff_setup import setup_staff

ROOT = Path(__file__).parent.parent


def staff_app(db: Database, settings: Settings) -> Flask:
    """As create_app builds them, without the shopper's pages."""
    app = Flask("webapp", template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config["TESTING"] = True
    setup_staff(app, db, settings, ensure_keys(settings.keys))
    register_staff(app)
    return app


def form_token(client: FlaskClient, page: str = "/login") -> str:
    """The token that stands in the forms of a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text).group(1)


def press(client: FlaskClient, page: str, action: str, **fields: str):
    """Send a form that stands on `page`, as a browser would."""
    fields["csrf_token"] = form_token(client, page)
    return client.post(action, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
