"""A bag of a product or lot under recall (召回)."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

RECALLED = Finding(Verdict.RECALLED, Reason.RECALL_OPEN)


def recalled(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """The registry's word, never statistics'."""
    return RECALLED if bag.recall is not None else None
