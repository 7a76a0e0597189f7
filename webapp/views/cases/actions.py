"""POST /cases/{id}/…: the buttons of a case page. Each does one thing in one transaction and goes back to the page."""
from collections.abc import Callable

from flask import abort, g, redirect, request, url_for
from sqlalchemy import Connection

from webapp.cases import work
from webapp.cases.case_file import CaseHead, find
from webapp.intake.announce import announce_change
from webapp.views.signed_in import scope
from webapp.views.staff import staff


def take(public_id: str):
    holder = request.form.get("holder", "")
    if holder and not (holder.isascii() and holder.isdecimal() and len(holder) < 19):
        abort(400)
    return _do(public_id, lambda connection, head: work.take(
        connection, head.id, g.user.id, g.user.email, int(holder) if holder else None))


def note(public_id: str):
    return _do(public_id, lambda connection, head: work.note(connection, head.id, g.user.email, _text()))


def move(public_id: str):
    try:
        wanted = work.Move(request.form.get("move", ""))
        reason = work.ClosingReason(request.form["reason"]) if request.form.get("reason") else None
    except ValueError:
        abort(400)
    return _do(public_id, lambda connection, head: work.move(
        connection, head.id, wanted, g.user.email, _text(), reason if wanted is work.Move.CLOSE else None))


def void_code(public_id: str):
    def void(connection: Connection, head: CaseHead) -> None:
        if head.serial is None:
            abort(400)
        work.void_code(connection, head.id, head.serial, g.user.email, _text())

    answer = _do(public_id, void)
    announce_change(staff().db)  # only now is it committed; every process forgets what it knew of the code
    return answer


def _do(public_id: str, act: Callable[[Connection, CaseHead], None]):
    """Find the case inside the person's scope, act, say what became of it."""
    try:
        with staff().db.transaction() as connection:
            act(connection, find(connection, scope(), public_id) or abort(404))
        said = "done"
    except work.ForbiddenTransition:
        said = "too_late"
    except work.RefusedWork as refused:
        said = f"{refused.field}_missing"
    return redirect(url_for("case", public_id=public_id, said=said), 303)


def _text() -> str:
    return request.form.get("note", "")
