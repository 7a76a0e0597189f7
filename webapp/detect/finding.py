"""What one look at a bag's standing, or at its scans, has to say to a shopper."""
from typing import NamedTuple

from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


class Finding(NamedTuple):
    """`verdict` is what the shopper should at least be told."""

    verdict: Verdict
    reason: Reason
