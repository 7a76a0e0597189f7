"""How the shopper's side says no: a page or problem+json in the reader's language, one log line, never a traceback."""
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from webapp.logs import log
from webapp.views.bad_requests import Hosts, fault_of
from webapp.views.public.reader import language, respond_html, respond_json, wants_json
from webapp.views.public.words import words

WORDS_OF = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large", 431: "bad_request", 503: "away"}


def install_errors(app: Flask, hosts: Hosts) -> None:
    """Called once by create_app."""

    @app.before_request
    def refuse_bad_requests() -> Response | None:
        fault = fault_of(request.environ, hosts)
        return None if fault is None else refuse(400, fault)

    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _broken)


def refuse(status: int, why: str) -> Response:
    """A clear no; `why` is for the log alone."""
    log.info("refused", status=status, why=why, method=request.method, path=request.environ.get("PATH_INFO", ""))
    told = words(language())["error"]
    word = WORDS_OF.get(status, "bad_request" if status < 500 else "broken")
    heading, note = told[word], told.get(f"{word}_note", "")
    if wants_json() or request.path.startswith("/api/"):
        response = respond_json({"type": "about:blank", "title": heading, "status": status, "detail": note,
                                 "code": word}, status)
        response.content_type = "application/problem+json"
        return response
    return respond_html("public/error_page.html", status, title=heading, heading=heading, note=note)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    response = refuse(error.code or 500, error.name)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(error: Exception) -> Response:
    """A defect of ours: the trace goes to the log as one line, the reader gets a page."""
    log.error("broken", path=request.path, exc_info=error)
    return refuse(InternalServerError.code, type(error).__name__)
