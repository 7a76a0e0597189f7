"""No address without a guard: it is named on the line of views/register.py that adds the address."""
import pytest
from flask import Flask
from werkzeug.routing import Rule

from webapp.app import create_app
from webapp.settings import load_settings
from webapp.views import guards


@pytest.fixture
def app(home) -> Flask:
    return create_app(load_settings(home=home))


def addresses(app: Flask) -> list[Rule]:
    """Everything but static files, which are for everybody by what they are."""
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    assert len(found) > 5
    return found


def test_every_address_has_a_guard(app: Flask):
    views = {rule.rule: app.view_functions[rule.endpoint] for rule in addresses(app)}
    assert [rule for rule, view in views.items() if not callable(getattr(view, "guard", None))] == []


def test_an_address_outside_the_staff_areas_is_public_by_choice_only(app: Flask):
    """And the other way round: none inside them is."""
    inside = ("/brand", "/cases", "/rules", "/enterprise", "/oversight")
    doors = {rule.rule: app.view_functions[rule.endpoint].guard for rule in addresses(app)
             if rule.rule.startswith(inside)}
    assert doors
    assert [rule for rule, guard in doors.items() if guard is guards.public] == []


def test_a_stranger_gets_no_further_than_the_sign_in_page(app: Flask):
    client = app.test_client()
    for rule in addresses(app):
        guard = app.view_functions[rule.endpoint].guard
        if guard in (guards.public, guards.sign_in_form) or rule.arguments or "GET" not in (rule.methods or ()):
            continue
        stranger = {"REMOTE_ADDR": "203.0.113.9"}
        assert client.get(rule.rule, environ_base=stranger).status_code in (303, 401, 403, 404), rule.rule
