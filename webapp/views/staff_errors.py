"""How a staff page says no: in the page's own frame, in the reader's language, without a word on what lies behind."""
from collections.abc import Callable
from functools import wraps

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from webapp.db import DatabaseAway
from webapp.logs import log
from webapp.views.staff import render

TOLD = frozenset((400, 403, 404, 503))


def with_staff_errors(view: Callable) -> Callable:
    """`view`, whose refusals become pages and whose missing database becomes a 503."""

    @wraps(view)
    def answer(*args, **kwargs):
        try:
            return view(*args, **kwargs)
        except (DatabaseAway, OperationalError, InterfaceError, PoolTimeout) as error:
            log.warning("staff_page_without_database", error=str(error))
            return render("staff/error.html", status=503), 503, {"Retry-After": "5"}
        except HTTPException as error:
            if error.code not in TOLD:
                raise
            return render("staff/error.html", status=error.code), error.code

    return answer
