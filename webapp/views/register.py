"""Every address of the product on one page, each with its guard."""
from flask import Flask

from webapp.views.guards import Guard, guarded


def door(app: Flask, rule: str, name: str, guard: Guard, view, methods=("GET",)) -> None:
    """Add one address. `name` is the endpoint for url_for; HEAD and OPTIONS come by themselves."""
    app.add_url_rule(rule, name, guarded(guard, view), methods=list(methods))


def register(app: Flask) -> None:
    """All doors. A shopper's first, staff's after."""
