"""A code that reads right but was never given to an enterprise."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

NEVER_ISSUED = Finding("forged", Verdict.UNKNOWN, Reason.NOT_ISSUED, "info", evidence=(
    Evidence("校验位正确，但该码从未发放", "The check digits are right, but the code was never issued"),))


def unissued(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """Nothing else can be said of such a code. A right tag on it means a leaked key or a lost block."""
    return None if bag.issued else NEVER_ISSUED
