"""The ledger of one code in words: which scans counted, and what they say against each innocent explanation (缘由)."""
from collections.abc import Iterable
from typing import NamedTuple

from webapp.detect import evidence, weigh
from webapp.detect.alert import Evidence
from webapp.detect.event import UNSTATED, BagFacts, Event
from webapp.detect.ledger import Ledger, unpack
from webapp.detect.opinion import Open
from webapp.detect.people import People
from webapp.detect.rules import Rules


class Why(NamedTuple):
    """`lines`: every visit with what it was for the ledger; `explanations`: nats against each, weakest first; `score`
    is S, to be compared with `caution`, `suspect` and the alert."""

    lines: tuple[tuple[Event, str], ...]
    explanations: tuple[Evidence, ...]
    score: float
    caution: float
    suspect: float


def why(events: Iterable[Event], bag: BagFacts, rules: Rules) -> Why:
    """Fold the visits of one code, in order of time, as the engine does. What it knows of phones and networks from
    other codes is left out: retailers and carriers are told apart only by what their phones say."""
    ledger, people = Ledger(), People(rules.people)
    lines: list[tuple[Event, str]] = []
    for event in events:
        machine = people.machine(event)
        if machine is not None or event.staff:
            lines.append((event, str(machine or "staff")))
            continue
        step = weigh.fold(ledger, event, False, event.link != UNSTATED, 1.0, rules.ledger)
        lines.append((event, step.kind))
    return _told(tuple(lines), ledger, bag, Open(), rules)


def why_kept(packed: bytes, bag: BagFacts, opened: Open, rules: Rules) -> Why:
    """What the ledger that the detectors keep says, with all they know of phones, networks and open clusters."""
    return _told((), unpack(packed), bag, opened, rules)


def _told(lines: tuple[tuple[Event, str], ...], ledger: Ledger, bag: BagFacts, opened: Open, rules: Rules) -> Why:
    there = (bag.lot, weigh.main_city(ledger) // 100) in opened.diversions
    x = weigh.explanations(ledger, bag.destination, there, rules.ledger, opened.far_chance)
    words = [evidence.against(name, x[name]) for name in sorted(x, key=x.__getitem__)] if ledger.people > 1 else []
    return Why(lines, (*words, evidence.witnesses(ledger)) if ledger.people else (),
               weigh.score(ledger, bag.destination, there, rules.ledger, opened.far_chance), rules.verdict.caution,
               rules.verdict.suspect)
