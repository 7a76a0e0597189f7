"""A lot with a test result outside its limit (检验不合格): never shown as if nothing were."""
from datetime import date

from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

FAILED = Finding(Verdict.CAUTION, Reason.QUALITY_FAILED)


def failed_quality(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """The intake marked the lot; the failing rows stand on the page. Staff know from the upload."""
    return FAILED if bag.lot is not None and bag.lot.flagged else None
