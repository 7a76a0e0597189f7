"""Whether anybody looked at this code before: the words where nothing is odd."""
from webapp.detect.finding import Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

FIRST = Finding("first", Verdict.FIRST, Reason.FIRST_CHECK)
AGAIN = Finding("again", Verdict.AGAIN, Reason.SEEN_BEFORE)
SHARED = Finding("shared_link", Verdict.SHARED_LINK, Reason.FORWARDED)
# Not "first": nobody knows. See decisions/ on what the page says while the history is away.
NOBODY_KNOWS = Finding("again", Verdict.AGAIN, Reason.HISTORY_UNAVAILABLE)


def seen(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """`shared_link` for an opened forward; its sender's `again` is told apart before, by the same phone's reload."""
    if bag.lot is None:
        return None
    if scan.shared:
        return SHARED
    if history is None:
        return NOBODY_KNOWS
    return AGAIN if history.scans else FIRST
