"""Answers to a reader of the pages that no scan is about: language, HTML or JSON, and the headers of both."""
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, current_app, has_request_context, request

from webapp.views.public.parts import Parts
from webapp.views.public.words import LANGUAGES


def parts() -> Parts:
    """The parts of the app that answers this request."""
    found: Parts = current_app.extensions["parts"]
    return found


def language() -> str:
    """zh or en: asked for in the address, else the browser's wish; Chinese where nothing is said."""
    if not has_request_context():
        return "zh"
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    best = request.accept_languages.best_match(("zh", "zh-CN", "en"), "zh")
    return best[:2]


def wants_json() -> bool:
    """Accept prefers JSON over HTML."""
    best = request.accept_mimetypes.best_match(("text/html", "application/json"), "text/html")
    return best == "application/json"


def respond_html(template: str, status: int = 200, **facts: Any) -> Response:
    """A page of templates/public/ in the reader's language."""
    lang = language()
    asked = request.args.to_dict() if has_request_context() else {}
    other = "en" if lang == "zh" else "zh"
    switch = "?" + urlencode(asked | {"lang": other})
    body = parts().templates.page(template, lang, switch=switch, **facts)
    return Response(body, status, parts().headers.html)


def respond_json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, parts().headers.json)
