"""What one detector says about one scan. Stands alone, so that the page and the case queue can both import it."""
from typing import Literal, NamedTuple

from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

Severity = Literal["none", "info", "case"]


class Evidence(NamedTuple):
    """One fact in words for an investigator; `weight` in nats, or 0 where the fact decides alone."""

    text_zh: str
    text_en: str
    weight: float = 0.0


class Finding(NamedTuple):
    """`verdict` is what the shopper should at least be told (None: nothing); `severity` what staff should do about it.

    kind: the detector's word (contract: clone, reuse, prerelease, …; or the verdict's word where it only informs).
    """

    kind: str
    verdict: Verdict | None
    reason: Reason
    severity: Severity = "none"
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
