"""A code that reads right but was never given to an enterprise."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

NEVER_ISSUED = Finding(Verdict.UNKNOWN, Reason.NOT_ISSUED)


def unissued(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """Nothing else can be said of such a code. A right tag on it means a leaked key or a lost block."""
    return None if bag.issued else NEVER_ISSUED
