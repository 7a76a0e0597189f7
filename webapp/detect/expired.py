"""A bag past its best-before day; only where the lot has one (salt without additives keeps for ever)."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import day_of
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


def expired(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """The best-before day itself is still good, by the calendar in China."""
    if bag.lot is None or bag.lot.best_before is None or day_of(scan.at) <= bag.lot.best_before:
        return None
    day = bag.lot.best_before.isoformat()
    return Finding("expired", Verdict.EXPIRED, Reason.PAST_BEST_BEFORE, "none", evidence=(
        Evidence(f"保质期至 {day}", f"Best before {day}"),))
