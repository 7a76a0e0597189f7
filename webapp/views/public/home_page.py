"""/: what this is, and where to type a code."""
from flask import Response

from webapp.views.public.reader import language, respond_html
from webapp.views.public.words import words


def home_page() -> Response:
    return respond_html("public/home_page.html", title=words(language())["page"]["tagline"])
