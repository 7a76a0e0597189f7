"""The page for what is not one of our codes: the tag is wrong (unknown) or it cannot be a code (malformed)."""
from collections.abc import Hashable

import msgspec
from markupsafe import escape

from webapp.verify.code import BadCode
from webapp.verify.lru import Lru
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict
from webapp.views.public.pieces import Piece, Templates, fill
from webapp.views.public.says import says

VERDICT_OF = {"forged": Verdict.UNKNOWN, "malformed": Verdict.MALFORMED}
REASON_OF = {"forged": Reason.WRONG_TAG, "malformed": Reason.CANNOT_BE_A_CODE}


class RefusalPages:
    """Rendered once per reason and language; the text that was read is the only hole."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._pieces: Lru[Hashable, list[Piece]] = Lru(100)
        self._encode = msgspec.json.Encoder().encode

    def page(self, language: str, bad: BadCode) -> bytes:
        key = (language, bad.kind, bad.reason)
        pieces = self._pieces.get(key)
        if pieces is None:
            verdict = VERDICT_OF[bad.kind]
            told = says(language, verdict, (REASON_OF[bad.kind],))
            render = self._templates.piece
            pieces = [
                render("public/base.html", "head", language, title=told.title),
                render("public/refusal_page.html", "refusal", language, verdict=verdict, says=told, bad=bad),
                render("public/base.html", "foot", language),
            ]
            self._pieces.put(key, pieces)
        return fill(pieces, {"typed": str(escape(bad.text)).encode()})

    def json(self, language: str, bad: BadCode) -> bytes:
        verdict = VERDICT_OF[bad.kind]
        told = says(language, verdict, (REASON_OF[bad.kind],))
        return self._encode({
            "code": bad.text, "verdict": verdict, "reasons": [REASON_OF[bad.kind]], "title": told.title,
            "advice": told.next, "product": None, "batch": None, "origin": None, "checks": None, "recorded": False,
            "degraded": [], "receipt": None,
        })
