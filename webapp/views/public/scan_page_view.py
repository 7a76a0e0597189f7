"""GET /CODE inside Flask: whatever single word stands in the address and is no page of ours."""
from flask import Response, request

from webapp.views import visitor
from webapp.views.public.reader import parts
from webapp.views.public.scan_answer import answer


def scan_page(text: str) -> Response:
    of = parts()
    visit = visitor.read(request.environ, of)
    status, headers, body = answer(visit, text, of)
    return Response(body, status, headers)
