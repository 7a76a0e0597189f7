"""A code that the producer or an investigator declared no longer valid (作废)."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

VOID = Finding(Verdict.VOID, Reason.CODE_VOIDED)


def void(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """A void without words is still one."""
    return VOID if bag.void is not None else None
