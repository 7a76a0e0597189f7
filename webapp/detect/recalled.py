"""A bag of a product or lot under recall (召回)."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


def recalled(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """The registry's word, never statistics'. Known to staff already, so it opens no case."""
    if bag.recall is None:
        return None
    number = bag.recall.public_id
    return Finding("recalled", Verdict.RECALLED, Reason.RECALL_OPEN, "none", evidence=(
        Evidence(f"召回 {number} 进行中", f"Recall {number} is open"),))
