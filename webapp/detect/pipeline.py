"""From one scan to a verdict: an ordered list of detectors, worst word wins.

Adding a detector: its file here in detect/, its line in DETECTORS, its numbers in rules.toml, its words for the case
page, its test, a back-test run. Each is a pure function of (scan, bag, history before this scan, rules).
"""
from collections.abc import Callable
from typing import NamedTuple

from webapp.detect.expired import expired
from webapp.detect.failed_quality import failed_quality
from webapp.detect.finding import Finding
from webapp.detect.many_witnesses import many_witnesses
from webapp.detect.pending import pending
from webapp.detect.recalled import recalled
from webapp.detect.rules import FirstRules
from webapp.detect.seen import seen
from webapp.detect.unissued import unissued
from webapp.detect.unreleased import unreleased
from webapp.detect.void import void
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import ORDER, Reason
from webapp.verify.verdict import SEVERITY, Verdict

Detector = Callable[[Scan, Bag, History | None, FirstRules], Finding | None]

DETECTORS: tuple[Detector, ...] = (
    recalled,
    void,
    many_witnesses,
    unreleased,
    expired,
    failed_quality,
    seen,
    pending,
)


class Judgement(NamedTuple):
    """What is said and why, the reasons of the gravest word first; `findings` are for the worker."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]


# The registry could not be asked: the tag is right, and that is all anybody knows right now.
REGISTRY_AWAY = Judgement(Verdict.PENDING, (Reason.REGISTRY_UNAVAILABLE,), ())


def judge(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Judgement:
    """`history` is what was known before this scan, None while it cannot be read. Pure, about 3 µs."""
    if (alone := unissued(scan, bag, history, rules)) is not None:
        return Judgement(Verdict.UNKNOWN, (alone.reason,), (alone,))
    findings = tuple(found for detector in DETECTORS if (found := detector(scan, bag, history, rules)) is not None)
    if len(findings) == 1:
        found = findings[0]
        assert found.verdict is not None
        return Judgement(found.verdict, (found.reason,), findings)
    told = sorted((found for found in findings if found.verdict is not None), key=_gravest_first)
    verdict = told[0].verdict
    assert verdict is not None  # `seen` or `pending` always has a word
    return Judgement(verdict, tuple(dict.fromkeys(found.reason for found in told)), findings)


def _gravest_first(found: Finding) -> tuple[int, int]:
    assert found.verdict is not None
    return SEVERITY[found.verdict], ORDER[found.reason]
