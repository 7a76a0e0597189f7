"""A code that the producer or an investigator declared no longer valid (作废)."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


def void(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """Somebody's bag carries a withdrawn code: worth a person's time whoever scans it."""
    if bag.void is None:
        return None
    return Finding("void", Verdict.VOID, Reason.CODE_VOIDED, "case", evidence=(
        Evidence(f"该码已作废：{bag.void}", f"The code was declared void: {bag.void}"),))
