"""Prepares an app for staff pages: their parts, form tokens and headers. The doors themselves stand in register.py."""
from flask import Flask

from webapp.auth.login_limits import LoginLimits
from webapp.db import Database
from webapp.keys import Keys
from webapp.settings import Settings
from webapp.views.same_origin import csrf
from webapp.views.staff import Staff
from webapp.views.staff_headers import protect_staff_answer


def setup_staff(app: Flask, db: Database, settings: Settings, keys: Keys) -> None:
    """Called once by create_app. `db` should be the consoles' own, so that a slow report never holds up a shopper."""
    app.secret_key = app.secret_key or keys.session
    app.config.update(
        # Flask's own cookie holds only the form token's secret. It ends with the browser, as the tokens should.
        SESSION_COOKIE_NAME="__Host-form", SESSION_COOKIE_SECURE=True, SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/",
        # The guard of each door asks for the token; the Referer check is replaced by Sec-Fetch-Site and Origin.
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=False, WTF_CSRF_TIME_LIMIT=12 * 3600,
    )
    csrf.init_app(app)
    app.extensions["staff"] = Staff(db, settings, keys, LoginLimits())
    app.after_request(protect_staff_answer)
