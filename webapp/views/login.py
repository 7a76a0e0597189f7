"""Signing in and out. GET shows the form, POST tries it; the answer to a wrong password never says why."""
import re
from urllib.parse import urlsplit

from flask import g, redirect, request, session

from webapp.auth.permissions import LANDING
from webapp.auth.sessions import end_session
from webapp.auth.sign_in import Refusal, sign_in
from webapp.geolocate import truncate_ip
from webapp.settings import LOOPBACK
from webapp.views import signed_in
from webapp.views.staff import render, staff
from webapp.views.visitor import client_address

# A path of ours as a browser may be sent to: one slash first, no backslash, no second host by any spelling.
OWN_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~/-]{0,200}(\?[A-Za-z0-9._~/%&=+:,@-]{0,300})?")


def login():
    """The form, or straight on for somebody who is signed in already."""
    if person := signed_in.user():
        return redirect(own_path(request.args.get("next")) or LANDING[person.role], 303)
    return _form()


def submit():
    """Try the form's e-mail and password."""
    outcome = sign_in(staff().db, staff().limits, request.form.get("email", ""), request.form.get("password", ""),
                      _network())
    if outcome is Refusal.TOO_MANY:
        return _form(outcome), 429, {"Retry-After": "900"}
    if isinstance(outcome, Refusal):
        return _form(outcome), 401
    _forget_old_session()
    answer = redirect(own_path(request.form.get("next")) or LANDING[outcome.role], 303)
    signed_in.set_cookie(answer, outcome.token)
    return answer


def logout():
    """End the session on the server too: a copied cookie is worthless afterwards."""
    _forget_old_session()
    answer = redirect("/login", 303)
    signed_in.forget_cookie(answer)
    return answer


def own_path(text: str | None) -> str | None:
    """`text` if it is a path on this host and nothing else, so that our sign-in never sends anybody to a stranger."""
    if not text or "//" in text or not OWN_PATH.fullmatch(text):
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc or parts.path == "/login" else text


def _form(refusal: Refusal | None = None):
    return render("staff/login.html", refusal=refusal, unsafe=_cookie_will_be_dropped(),
                  email=request.form.get("email", "")[:200], next=own_path(request.values.get("next")) or "")


def _cookie_will_be_dropped() -> bool:
    """Without HTTPS a browser keeps the session cookie only on the machine itself: said before it is tried. The
    address people use decides: behind nginx our own connection is plain."""
    host = urlsplit("//" + request.host).hostname or ""
    return not staff().settings.base_url.startswith("https:") and not request.is_secure and host not in LOOPBACK


def _network() -> str:
    """The /24 or /48 the form comes from: one person cannot be many by changing the last digits."""
    return truncate_ip(client_address(request.environ, staff().settings.trusted_proxies))


def _forget_old_session() -> None:
    if token := request.cookies.get(signed_in.COOKIE):
        end_session(staff().db, token)
    g.pop("user", None)
    session.clear()  # the form token of the visitor before does not serve the one after
