"""Every address of the product on one page, each with its guard."""
from flask import Flask

from webapp.views import login
from webapp.views.brand import map as brand_map
from webapp.views.brand import overview
from webapp.views.cases import actions, case_page, queue, trial
from webapp.views.enterprise import uploads
from webapp.views.guards import Guard, guarded, public, role, sign_in_form, this_machine
from webapp.views.oversight import connected
from webapp.views.public import check_page, home_page, machine_pages, registry_pages, scan_page_view
from webapp.views.staff_errors import with_staff_errors


def door(app: Flask, rule: str, name: str, guard: Guard, view, methods=("GET",)) -> None:
    """Add one address. `name` is the endpoint for url_for; HEAD and OPTIONS come by themselves."""
    app.add_url_rule(rule, name, guarded(guard, view), methods=list(methods))


def register(app: Flask) -> None:
    """All doors. A shopper's first, staff's after."""
    register_public(app)
    register_staff(app)


def register_public(app: Flask) -> None:
    """A shopper's doors. /CODE comes last in Flask's eyes: every fixed address wins over it."""
    door(app, "/", "home", public, home_page.home_page)
    door(app, "/check", "check", public, check_page.check_page)
    door(app, "/p/<gtin>", "product", public, registry_pages.product_page)
    door(app, "/b/<gtin>/<lot>", "batch", public, registry_pages.batch_page)
    door(app, "/o/<gln>", "origin", public, registry_pages.origin_page)
    door(app, "/robots.txt", "robots", public, machine_pages.robots)
    door(app, "/favicon.ico", "favicon", public, machine_pages.favicon)
    door(app, "/healthz", "healthz", public, machine_pages.healthz)
    door(app, "/readyz", "readyz", public, machine_pages.readyz)
    door(app, "/metrics", "metrics", this_machine, machine_pages.metrics)
    door(app, "/<text>", "scan_page", public, scan_page_view.scan_page)


def register_staff(app: Flask) -> None:
    """The doors behind the sign-in page. A guard lets `admin` in everywhere; forms are refused unless they are ours."""
    post = ("POST",)
    brand, enterprise, authority = role("brand"), role("enterprise"), role("authority")
    investigator, reader = role("investigator"), role("investigator", "authority")
    staff_door(app, "/login", "login", sign_in_form, login.login)
    staff_door(app, "/login", "login_submit", sign_in_form, login.submit, post)
    staff_door(app, "/logout", "logout", sign_in_form, login.logout, post)
    staff_door(app, "/brand", "brand_overview", brand, overview.brand_overview)
    staff_door(app, "/brand/map", "brand_map", brand, brand_map.brand_map)
    staff_door(app, "/brand/export", "brand_export", brand, brand_map.brand_export)
    staff_door(app, "/cases", "cases", reader, queue.case_queue)
    staff_door(app, "/cases/trial", "trial", investigator, trial.trial)
    staff_door(app, "/cases/<public_id>", "case", reader, case_page.case_page)
    staff_door(app, "/cases/<public_id>/take", "case_take", investigator, actions.take, post)
    staff_door(app, "/cases/<public_id>/note", "case_note", investigator, actions.note, post)
    staff_door(app, "/cases/<public_id>/move", "case_move", investigator, actions.move, post)
    staff_door(app, "/cases/<public_id>/void", "case_void", investigator, actions.void_code, post)
    staff_door(app, "/enterprise", "enterprise", enterprise, uploads.enterprise_uploads)
    staff_door(app, "/oversight", "oversight", authority, connected.oversight)


def staff_door(app: Flask, rule: str, name: str, guard: Guard, view, methods=("GET",)) -> None:
    """A door whose refusals are staff pages."""
    app.add_url_rule(rule, name, with_staff_errors(guarded(guard, view)), methods=list(methods))
