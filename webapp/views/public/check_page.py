"""/check: a code typed by hand. Offers the nearest codes where it was mistyped; /CODE itself never does.

Looking for corrections costs two hundred times what a wrong code costs, and tries hundreds of codes for whoever
guesses: so each network gets a limited number a minute. Beyond it the answer is the same, only without corrections.
"""
from flask import Response, redirect, request

from webapp.verify.code import MAX_TYPED, BadCode, nearest, read_code
from webapp.views import visitor
from webapp.views.public.reader import language, parts, respond_html, respond_json, wants_json
from webapp.views.public.refusal_page import REASON_OF, VERDICT_OF
from webapp.views.public.says import says
from webapp.views.public.words import words

CORRECTIONS, WINDOW_S = 20, 60  # a shop's whole Wi-Fi mistypes less


def check_page() -> Response:
    """The form; with ?code= on to the scan page (303), or why it is none with corrections (400, 404)."""
    typed = request.args.get("code", "")[:MAX_TYPED + 1].strip()
    lang = language()
    if not typed:
        return respond_html("public/check_page.html", title=words(lang)["check"]["heading"], bad=None)
    keys = parts().keys.codes
    read = read_code(typed, keys)
    if not isinstance(read, BadCode):
        return redirect(f"/{read.text}" + ("" if lang == "zh" else f"?lang={lang}"), 303)  # type: ignore[return-value]
    network = visitor.read(request.environ, parts()).network
    corrections = nearest(typed, keys) if parts().limits.allow("check", network, CORRECTIONS, WINDOW_S) else []
    verdict, status = VERDICT_OF[read.kind], 404 if read.kind == "forged" else 400
    told = says(lang, verdict, (REASON_OF[read.kind],))
    if wants_json():
        return respond_json({"code": read.text, "verdict": verdict, "reason": read.reason, "title": told.title,
                             "nearest": corrections}, status)
    return respond_html("public/check_page.html", status, title=told.title, bad=read, bad_verdict=verdict, says=told,
                        nearest=corrections)
