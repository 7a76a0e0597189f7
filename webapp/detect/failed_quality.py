"""A lot with a test result outside its limit (检验不合格): never shown as if nothing were."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


def failed_quality(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """The intake marked the lot; the failing rows stand on the page. Staff know from the upload."""
    if bag.lot is None or not bag.lot.flagged:
        return None
    items = ", ".join(one.item for one in bag.lot.quality if one.failed) or "-"
    return Finding("quality", Verdict.CAUTION, Reason.QUALITY_FAILED, "none", evidence=(
        Evidence(f"检验项目超出限值：{items}", f"Test results outside their limit: {items}"),))
