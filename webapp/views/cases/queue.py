"""GET /cases: the list of cases."""
from flask import abort, g, request

from webapp.cases.queue import KINDS, BadQueue, open_by_state, queue, read_queue
from webapp.cases.work import OPEN, State
from webapp.views.signed_in import scope
from webapp.views.staff import render, staff


def case_queue():
    try:
        wanted = read_queue(request.args, g.user.id)
    except BadQueue:
        abort(400)
    with staff().db.write.execution_options(immediate=False).connect() as connection:
        page = queue(connection, scope(), wanted)
        counts = open_by_state(connection, scope())
    return render("cases/queue.html", page=page, wanted=wanted, counts=counts, kinds=KINDS, open_states=OPEN,
                  closed=State.CLOSED)
