"""Whose browser this is: the session cookie becomes `g.user`, looked up at the first guard that asks."""
from flask import g, request
from werkzeug.wrappers import Response

from webapp.auth.permissions import Scope, scope_of
from webapp.auth.sessions import ABSOLUTE, Person, person_of
from webapp.views.staff import staff

COOKIE = "__Host-session"


def user() -> Person | None:
    """The signed-in person, None for a stranger. One query a request, none without a cookie."""
    if "user" not in g:
        token = request.cookies.get(COOKIE)
        g.user = person_of(staff().db, token) if token else None
    return g.user


def scope() -> Scope:
    """What the signed-in person may see; only behind a role guard."""
    return scope_of(g.user)


def set_cookie(response: Response, token: str) -> None:
    """`__Host-`: this host only, HTTPS only (browsers count 127.0.0.1 as safe), no script reads it."""
    response.set_cookie(COOKIE, token, max_age=int(ABSOLUTE.total_seconds()), path="/", secure=True, httponly=True,
                        samesite="Lax")


def forget_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
