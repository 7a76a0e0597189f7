"""What a verdict says to a shopper: tone, title, sentence and next step, in a language."""
from typing import NamedTuple

from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict
from webapp.views.public.words import words

OPEN_NAMES = ("scans", "devices", "provinces", "first_day", "best_before")  # what a sentence may leave open


class Says(NamedTuple):
    """tone: good | info | warn | stop | plain, a colour; `sentence` may hold {names} from OPEN_NAMES."""

    tone: str
    title: str
    sentence: str
    next: str


def says(language: str, verdict: Verdict, reasons: tuple[Reason, ...]) -> Says:
    """The leading reason may have words of its own: [verdict.W.REASON] in the catalogue."""
    told = words(language)["verdict"][verdict]
    special = told.get(reasons[0], {}) if reasons else {}
    merged = {**told, **special}
    return Says(merged["tone"], merged["title"], merged["sentence"], merged["next"])
