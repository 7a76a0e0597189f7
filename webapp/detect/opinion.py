"""What the shopper is told about a code, from its ledger and the small set of open clusters: pure, no I/O."""
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from webapp.detect import weigh
from webapp.detect.event import DAY, PERSON, UNSTATED, BagFacts, Event
from webapp.detect.ledger import ALERTED, CAUTIONED, Ledger, unpack
from webapp.detect.rules import Rules

ONLOOKER = "onlooker"
CLUSTERS = ("copies", "diversions", "old", "places", "leaks", "gaps")  # of Open


class Open(msgspec.Struct, gc=False):
    """What the worker has found and nobody has closed yet. Small; the page reads it once every few seconds.

    `copies`: (lot, province) where strangers check bags of this lot, province 0 = everywhere. `old`: (lot, province) of
    old lots on the market again. `places`: provinces with reuse or copies of many lots. `leaks`, `gaps`: lots scanned
    before shipment, because codes leaked or because the shipment was recorded late. `diversions` (lot, province) never
    reach a shopper: they only stop the ledger from holding the distance against the bag."""

    copies: set[tuple[int, int]] = msgspec.field(default_factory=set)
    diversions: set[tuple[int, int]] = msgspec.field(default_factory=set)
    old: set[tuple[int, int]] = msgspec.field(default_factory=set)
    places: set[int] = msgspec.field(default_factory=set)
    leaks: set[int] = msgspec.field(default_factory=set)
    gaps: set[int] = msgspec.field(default_factory=set)
    far_chance: float = 0.0  # learned chance that a witness is placed in a wrong province; 0 = not learned
    trust: float = 1.0  # 0..1: share markers are seen at all


class Opinion(NamedTuple):
    """`word` is a verdict of the contract; `reasons` name what led to it; `score` is S in nats."""

    word: str
    reasons: tuple[str, ...]
    score: float


def opinion(state: bytes, event: Event, bag: BagFacts, open_now: Open, rules: Rules,
            between: Iterable[Event] = ()) -> Opinion:
    """What to say to `event`, given the packed ledger *before* it and the visits `between` the two. For the page: it
    knows no networks and no phones of other codes, so a carrier's addresses are told from a household's by what the
    phone says alone."""
    ledger = unpack(state) if state else None
    for one in between:
        if _is_person(one):
            ledger = ledger or unpack(b"")
            weigh.fold(ledger, one, False, one.link != UNSTATED, open_now.trust, rules.ledger)
    if ledger is None or event.staff:  # nobody was here before: nothing to weigh
        return speak(ledger, None, event, bag, open_now, rules)
    if not _is_person(event):  # holds no bag, and is told what the code's ledger says
        return speak(ledger, ONLOOKER, event, bag, open_now, rules)
    step = weigh.fold(ledger, event, False, event.link != UNSTATED, open_now.trust, rules.ledger)
    return speak(ledger, step.kind, event, bag, open_now, rules)


def _is_person(event: Event) -> bool:
    return event.agent == PERSON and not event.hosting and not event.staff


def speak(ledger: Ledger | None, kind: str | None, event: Event, bag: BagFacts, open_now: Open,
          rules: Rules) -> Opinion:
    """`ledger` already holds the event, `kind` is what it was there (None: not put in, a robot or staff)."""
    if bag.standing:
        return Opinion(bag.standing, ("registry",), 0.0)
    if bag.best_before and event.at > bag.best_before:
        return Opinion("expired", ("registry",), 0.0)
    first = ledger is None or ledger.scans <= 1
    if not bag.lot:
        return Opinion("pending", ("no_lot",), 0.0)
    if event.staff or (kind is None and ledger is not None):
        return Opinion("first" if first else "again", (), 0.0)
    early = bool(bag.shipped_at) and event.at < bag.shipped_at - rules.leak.grace_hours * 3600
    province = event.city // 10000
    if early and (bag.lot in open_now.leaks or (
            bag.lot not in open_now.gaps and province and bag.destination and province != bag.destination)):
        return Opinion("unreleased", ("before_shipment",), 0.0)
    if kind == weigh.SHARED or (first and event.shared):
        return Opinion("shared_link", ("share_marker",), 0.0)
    score = 0.0
    if ledger is not None and not first and ledger.people >= 2:
        score, heard = _weighed(ledger, kind, event, bag, open_now, rules)
        if heard:
            return Opinion(heard, ("copied",), score)
    if province and province != bag.destination and (
            (bag.lot, province) in open_now.copies or (bag.lot, 0) in open_now.copies
            or (bag.lot, province) in open_now.old or (province in open_now.places and _old(event, bag, rules))):
        return Opinion("caution", ("open_cluster",), score)
    return Opinion("first" if first else "again", (), score)


def _old(event: Event, bag: BagFacts, rules: Rules) -> bool:
    return bool(bag.shipped_at) and event.at - bag.shipped_at > rules.away.old_days * DAY


def _weighed(ledger: Ledger, kind: str | None, event: Event, bag: BagFacts, open_now: Open,
             rules: Rules) -> tuple[float, str]:
    province, own = event.city // 10000, rules.verdict
    main = weigh.main_city(ledger) // 100
    score = weigh.score(ledger, bag.destination, (bag.lot, main) in open_now.diversions, rules.ledger,
                        open_now.far_chance)
    knew = kind == weigh.AGAIN
    strong = weigh.independent(ledger, rules.ledger)
    if (score >= own.suspect or ledger.flags & ALERTED) and strong:
        ledger.flags |= CAUTIONED
        return score, "caution" if knew else "suspect"
    if knew and not ledger.flags & CAUTIONED:
        return score, ""
    bar = own.caution_leave if ledger.flags & CAUTIONED else own.caution
    if (bag.lot, 0) in open_now.copies or (bag.lot, province) in open_now.copies or (
            province in open_now.places and _old(event, bag, rules)):
        bar = min(bar, own.caution_open)
    if score >= bar and ledger.people >= own.caution_people:
        ledger.flags |= CAUTIONED
        return score, "caution"
    ledger.flags &= ~CAUTIONED
    return score, ""


def pack_open(opened: Open) -> bytes:
    """Sorted, so that the same content has the same bytes."""
    return _pack({name: sorted(held) if isinstance(held := getattr(opened, name), set) else held
                  for name in Open.__struct_fields__})


def unpack_open(packed: bytes) -> Open:
    """What pages are told; nothing open where nothing is told or it is not ours."""
    try:
        return _unpack(packed) if packed else Open()
    except msgspec.MsgspecError:
        return Open()


def together(parts: Iterable[Open]) -> Open:
    """What several sets of detectors have found; of the numbers they learned the more careful one."""
    whole = Open()
    for part in parts:
        for name in CLUSTERS:
            getattr(whole, name).update(getattr(part, name))
        whole.far_chance, whole.trust = max(whole.far_chance, part.far_chance), min(whole.trust, part.trust)
    return whole


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Open).decode
