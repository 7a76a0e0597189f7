"""A bag past its best-before day; only where the lot has one (salt without additives keeps for ever)."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

EXPIRED = Finding(Verdict.EXPIRED, Reason.PAST_BEST_BEFORE)


def expired(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """The best-before day itself is still good, by the calendar in China."""
    best_before = bag.lot.best_before if bag.lot is not None else None
    return EXPIRED if best_before is not None and day > best_before else None
