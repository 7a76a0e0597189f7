"""The page for what is not one of our codes: the tag is wrong (unknown) or it cannot be a code (malformed)."""
from collections.abc import Hashable

import msgspec
from markupsafe import escape

from webapp.verify.code import BadCode
from webapp.verify.lru import Lru
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict
from webapp.views.public.pieces import Fill, Joined, Templates, join
from webapp.views.public.says import says

VERDICT_OF = {"forged": Verdict.UNKNOWN, "malformed": Verdict.MALFORMED}
REASON_OF = {"forged": Reason.WRONG_TAG, "malformed": Reason.CANNOT_BE_A_CODE}


def _typed(_language: str, bad: BadCode) -> bytes:
    return str(escape(bad.text)).encode()


FILLS: dict[str, Fill] = {"typed": _typed}


class RefusalPages:
    """Rendered once per reason and language; the text that was read is the only hole."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._joined: Lru[Hashable, Joined] = Lru(100)
        self._encode = msgspec.json.Encoder().encode

    def page(self, language: str, bad: BadCode) -> bytes:
        key = (language, bad.kind, bad.reason)
        joined = self._joined.get(key)
        if joined is None:
            verdict = VERDICT_OF[bad.kind]
            told = says(language, verdict, (REASON_OF[bad.kind],))
            render = self._templates.piece
            joined = join([
                render("public/base.html", "head", language, title=told.title),
                render("public/refusal_page.html", "refusal", language, verdict=verdict, says=told, bad=bad),
                render("public/base.html", "foot", language),
            ])
            self._joined.put(key, joined)
        return joined.filled(FILLS, language, bad)

    def json(self, language: str, bad: BadCode) -> bytes:
        verdict = VERDICT_OF[bad.kind]
        told = says(language, verdict, (REASON_OF[bad.kind],))
        return self._encode({
            "code": bad.text, "verdict": verdict, "reasons": [REASON_OF[bad.kind]], "title": told.title,
            "advice": told.next, "product": None, "batch": None, "origin": None, "checks": None, "recorded": False,
            "degraded": [], "receipt": None,
        })
