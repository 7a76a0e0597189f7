"""Who may come through which door. Every route names its guard in register.py; a test proves that none is missing."""
from collections.abc import Callable
from functools import wraps

from flask import abort, g, redirect, request, url_for

Guard = Callable[[], object | None]


def public() -> None:
    """Anybody: shoppers, machines, health checks."""


def role(*allowed: str) -> Guard:
    """A signed-in person with one of these roles; strangers go to the sign-in page, other roles get 404."""

    def guard():
        user = g.get("user")
        if user is None:
            return redirect(url_for("login", next=request.full_path.rstrip("?")), 303)
        if user.role not in allowed and user.role != "admin":
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

    stand.guard = guard
    return stand
