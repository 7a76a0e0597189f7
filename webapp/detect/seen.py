"""Whether anybody looked at this code before: the words where nothing is odd."""
from webapp.detect.finding import Finding
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

FIRST = Finding(Verdict.FIRST, Reason.FIRST_CHECK)
AGAIN = Finding(Verdict.AGAIN, Reason.SEEN_BEFORE)
SHARED = Finding(Verdict.SHARED_LINK, Reason.FORWARDED)
# Not "first": nobody knows. See decisions/ on what the page says while the history is away.
NOBODY_KNOWS = Finding(Verdict.AGAIN, Reason.HISTORY_UNAVAILABLE)


def seen(shared: bool, history: History | None) -> Finding:
    """`shared_link` for an opened forward; its sender's `again` is told apart before, by the same phone's reload."""
    if shared:
        return SHARED
    if history is None:
        return NOBODY_KNOWS
    return AGAIN if history.scans else FIRST
