"""A valid code whose lot data has not arrived yet (资料待上传)."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

WITHOUT_LOT = Finding(Verdict.PENDING, Reason.LOT_MISSING)


def pending(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """Said in place of `first` and `again`: without a lot there is no more to say."""
    return None if bag.lot is not None else WITHOUT_LOT
