"""From one scan to a verdict: what the registry says of the bag, what its scans say, worst word wins.

A detector that says something about the bag alone: its file here in detect/, its line in OF_THE_BAG, its words in
verify/reasons.py. Detectors that weigh scans: docs/detection.md.
"""
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from webapp.detect.bags import facts_of
from webapp.detect.event import MICROSECONDS, BagFacts
from webapp.detect.expired import expired
from webapp.detect.failed_quality import failed_quality
from webapp.detect.finding import Finding
from webapp.detect.from_scan import event_of, event_of_sighting
from webapp.detect.glance import is_usual, second_cannot_matter
from webapp.detect.opinion import Open, opinion, together, unpack_open
from webapp.detect.pending import pending
from webapp.detect.recalled import recalled
from webapp.detect.rules import Rules
from webapp.detect.seen import AGAIN, FIRST, NOBODY_KNOWS, SHARED, seen
from webapp.detect.short_ledger import lengthen
from webapp.detect.unissued import unissued
from webapp.detect.unreleased import unreleased
from webapp.detect.void import void
from webapp.scanlog.observer import Observation
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import day_of
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import ORDER, Reason
from webapp.verify.sighting import Sighting
from webapp.verify.verdict import SEVERITY, Verdict

REMEMBERED = 4_000  # kinds of bags

# Each: (bag, the day in China, days a lot may be unshipped) -> Finding | None.
OF_THE_BAG: tuple[Callable[[Bag, date, int], Finding | None], ...] = (
    recalled,
    void,
    unreleased,
    expired,
    failed_quality,
    pending,
)
# What the weighing of scans may say to a shopper, and why. Diversion is not among it.
OF_ITS_SCANS = {
    ("suspect", "copied"): Finding(Verdict.SUSPECT, Reason.COPIED),
    ("caution", "copied"): Finding(Verdict.CAUTION, Reason.SEVERAL_WITNESSES),
    ("caution", "open_cluster"): Finding(Verdict.CAUTION, Reason.LOT_WATCHED),
    ("unreleased", "before_shipment"): Finding(Verdict.UNRELEASED, Reason.BEFORE_SHIPMENT),
}


class Judgement(NamedTuple):
    """What is said and why, the reasons of the gravest word first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]


class Known(NamedTuple):
    """What was known of a code before this scan. history: None while it cannot be read. ledger: short form, b"" =
    nothing is kept of it. unlearned: visits that are not in the ledger yet, in order of time."""

    history: History | None
    ledger: bytes
    unlearned: Sequence[Sighting]
    opened: Open


class Standing(NamedTuple):
    """What the registry says of bags that are alike on one day: facts for the weighing of scans, and findings."""

    facts: BagFacts
    findings: tuple[Finding, ...]
    alone: Judgement | None  # nothing else can be said
    glance: bool  # a usual second look need not be weighed


# The registry could not be asked: the tag is right, and that is all anybody knows right now.
REGISTRY_AWAY = Judgement(Verdict.PENDING, (Reason.REGISTRY_UNAVAILABLE,), ())
NOTHING_ODD = {one: Judgement(one.verdict, (one.reason,), (one,)) for one in (FIRST, AGAIN, SHARED, NOBODY_KNOWS)}


def standing(bag: Bag, day: date, rules: Rules) -> Standing:
    """The same for every scan of that day."""
    days = rules.first.unshipped_days
    never = unissued(bag, day, days)
    if never is not None:
        return Standing(facts_of(bag), (), Judgement(never.verdict, (never.reason,), (never,)), False)
    found = tuple(one for detector in OF_THE_BAG if (one := detector(bag, day, days)) is not None)
    return Standing(msgspec.structs.replace(facts_of(bag), standing="", best_before=0.0), found, None,
                    second_cannot_matter(rules))


def judge(scan: Scan, bag: Standing, known: Known, rules: Rules) -> Judgement:
    """Pure. A first scan takes 2 µs, one of a code with a ledger 10."""
    if bag.alone is not None:
        return bag.alone
    usual = seen(scan.shared, known.history)
    heard = _heard(scan, bag, known, rules)
    if heard is None and not bag.findings:
        return NOTHING_ODD[usual]
    told = list(bag.findings)
    if scan.role == "staff":  # the producer's own people may scan early
        told = [one for one in told if one.verdict is not Verdict.UNRELEASED]
    if heard is not None:
        told.append(heard)
    if bag.facts.lot:
        told.append(usual)
    told.sort(key=_gravest_first)
    return Judgement(told[0].verdict, tuple(dict.fromkeys(found.reason for found in told)), tuple(told))


class Judge:
    """One per process: remembers what the registry says of bags that are alike."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._opened: tuple[tuple[bytes, ...], Open] = (), Open()
        self._standing: dict[tuple[str, int | None, date], Standing] = {}

    def standing(self, bag: Bag, at_us: int) -> Standing:
        """Of this bag on the day of `at_us`."""
        day = day_of(at_us)
        key = (bag.version_tag, bag.destination_adcode, day)
        found = self._standing.get(key)
        if found is None:
            if len(self._standing) >= REMEMBERED:
                self._standing.clear()
            found = self._standing[key] = standing(bag, day, self.rules)
        return found

    def opened(self, packed: tuple[bytes, ...]) -> Open:
        """The open clusters; the same ones are read once."""
        if packed is not self._opened[0]:
            self._opened = packed, together(map(unpack_open, packed))
        return self._opened[1]

    def __call__(self, bag: Bag, seen: Observation) -> Judgement:
        known = Known(seen.history, seen.ledger or b"", seen.unlearned, self.opened(seen.opened))
        return judge(seen.scan, self.standing(bag, seen.scan.at), known, self.rules)


def _heard(scan: Scan, bag: Standing, known: Known, rules: Rules) -> Finding | None:
    """What the scans of this code and of its lot say to whoever made this one."""
    facts, opened = bag.facts, known.opened
    if not facts.lot or scan.role == "staff":
        return None
    ledger = lengthen(known.ledger)
    calm = not known.unlearned and scan.at > facts.shipped_at * MICROSECONDS and not (
        opened.copies or opened.old or opened.places)
    if calm and (not ledger or bag.glance and is_usual(ledger, scan.adcode, facts.destination, opened.far_chance)):
        return None
    between = [event_of_sighting(one, scan.serial) for one in known.unlearned]
    told = opinion(ledger, event_of(scan), facts, opened, rules, between)
    return OF_ITS_SCANS.get((told.word, told.reasons[0])) if told.reasons else None


def _gravest_first(found: Finding) -> tuple[int, int]:
    return SEVERITY[found.verdict], ORDER[found.reason]
