"""A valid code whose lot data has not arrived yet (资料待上传)."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

WITHOUT_LOT = Finding("record_gap", Verdict.PENDING, Reason.LOT_MISSING, "info", evidence=(
    Evidence("该码尚未关联批次资料", "No lot data has arrived for this code"),))


def pending(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """Said in place of `first` and `again`: without a lot there is no more to say."""
    return None if bag.lot is not None else WITHOUT_LOT
