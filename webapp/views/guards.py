"""Who may come through which door. Every route names its guard in register.py; a test proves that none is missing."""
from collections.abc import Callable
from functools import wraps

from flask import abort, g, redirect, request, url_for

from webapp.views import visitor
from webapp.views.same_origin import refuse_foreign_form
from webapp.views.signed_in import user as signed_in_user

Guard = Callable[[], object | None]


def public() -> None:
    """Anybody: shoppers, machines, health checks."""


def sign_in_form() -> None:
    """Anybody, but a form that is sent must be our own."""
    g.staff_door = True
    refuse_foreign_form()


def this_machine() -> None:
    """Programs on this machine that ask us directly (Prometheus); nobody who came through a proxy."""
    if request.headers.get("X-Forwarded-For") or not visitor.is_loopback(request.environ):
        abort(404)


def role(*allowed: str) -> Guard:
    """A signed-in person with one of these roles; strangers go to the sign-in page, other roles get 404.

    A form that is sent must be our own."""

    def guard():
        g.staff_door = True
        refuse_foreign_form()
        person = signed_in_user()
        if person is None:
            back = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("login", next=back), 303)
        if person.role not in allowed and person.role != "admin":
            abort(404)
        return None

    guard.__name__ = "role_" + "_".join(allowed)
    return guard


def guarded(guard: Guard, view: Callable) -> Callable:
    """`view` behind `guard`; the guard's own answer, if it gives one, goes out instead."""

    @wraps(view)
    def stand(*args, **kwargs):
        answer = guard()
        return view(*args, **kwargs) if answer is None else answer

    stand.guard = guard  # type: ignore[attr-defined]  # read by the test that no door lacks one
    return stand
