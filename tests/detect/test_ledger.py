"""The 64 bytes of a code: they hold what matters, and a missing place is no place."""
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.detect import weigh
from webapp.detect.event import DAY, MOBILE, UNSTATED, WIFI, BagFacts, Event
from webapp.detect.ledger import SIZE, Ledger, unpack
from webapp.detect.opinion import Open, opinion, speak
from webapp.detect.rules import load_rules

RULES = load_rules()
SHIPPED = 1_735_689_600.0
BAG = BagFacts(lot=1, destination=51, shipped_at=SHIPPED, quantity=1000)
CITIES = st.sampled_from((0, 510100, 510300, 440100, 110100, 320500, 650100))

visits = st.builds(
    Event, at=st.floats(SHIPPED, SHIPPED + 200 * DAY), serial=st.just(5), device=st.integers(0, 1 << 62),
    network=st.integers(0, 1 << 32), city=CITIES, link=st.sampled_from((MOBILE, UNSTATED, WIFI)), wechat=st.booleans(),
    shared=st.booleans(),
    point=st.none() | st.tuples(st.floats(20, 50), st.floats(75, 130)))


def folded(events: list[Event]) -> Ledger:
    ledger = Ledger()
    for event in sorted(events, key=lambda event: event.at):
        weigh.fold(ledger, event, False, event.link != UNSTATED, 1.0, RULES.ledger)
    return ledger


@settings(max_examples=200, deadline=None)
@given(st.lists(visits, max_size=40))
def test_packing_and_unpacking_loses_nothing_that_matters(events: list[Event]) -> None:
    ledger = folded(events)
    again = unpack(ledger.pack())
    assert len(ledger.pack()) == SIZE == 64
    assert again.pack() == ledger.pack()
    assert again.people == ledger.people
    before, after = (weigh.score(one, 51, False, RULES.ledger) for one in (ledger, again))
    assert abs(before - after) < 0.05


@settings(max_examples=200, deadline=None)
@given(st.lists(visits, min_size=2, max_size=30))
def test_without_a_geoip_file_nothing_is_far(events: list[Event]) -> None:
    nowhere = [Event(e.at, e.serial, e.device, e.network, 0, None, link=e.link, wechat=e.wechat) for e in events]
    ledger = folded(nowhere)
    assert not any(ledger.cities)
    assert not weigh.outside(ledger, 51)
    assert weigh.place_evidence(ledger, 0.045) == 0.0


@settings(max_examples=100, deadline=None)
@given(st.lists(visits, min_size=1, max_size=30))
def test_an_opinion_changes_nothing_and_is_the_same_twice(events: list[Event]) -> None:
    state = folded(events[:-1]).pack()
    last = max(events, key=lambda event: event.at)
    first = opinion(state, last, BAG, Open(), RULES)
    assert opinion(state, last, BAG, Open(), RULES) == first


def test_a_phone_that_knows_the_code_hears_at_most_caution() -> None:
    events = [Event(SHIPPED + n * 3 * DAY, 5, 1000 + n, 7_000 + n * 71, 110100 + 100 * (n % 3), link=WIFI)
              for n in range(14)]
    state = folded(events).pack()
    stranger = Event(SHIPPED + 60 * DAY, 5, 99, 999_999, 110100, link=WIFI)
    owner = Event(SHIPPED + 60 * DAY, 5, 1013, 7_000 + 13 * 71, 110100, link=WIFI)
    assert opinion(state, stranger, BAG, Open(), RULES).word == "suspect"
    assert opinion(state, owner, BAG, Open(), RULES).word == "caution"


def test_one_household_is_never_warned() -> None:
    home = 4242
    events = [Event(SHIPPED + DAY * day, 5, device, home, 510100, link=WIFI, wechat=True)
              for day, device in enumerate((1, 2, 1, 3, 2, 4, 1))]
    for n, event in enumerate(events):
        said = opinion(folded(events[:n]).pack() if n else b"", event, BAG, Open(), RULES).word
        assert said == ("again" if n else "first")


def test_what_only_the_registry_knows_comes_first() -> None:
    event = Event(SHIPPED + DAY, 5, 1, 1, 510100)
    assert opinion(b"", event, BagFacts(standing="recalled"), Open(), RULES).word == "recalled"
    assert opinion(b"", event, BagFacts(lot=1, best_before=SHIPPED), Open(), RULES).word == "expired"
    assert opinion(b"", event, BagFacts(), Open(), RULES).word == "pending"


def test_caution_stays_until_the_evidence_is_clearly_gone() -> None:
    events = [Event(SHIPPED + n * 5 * DAY, 5, 100 + n, 500 + 97 * n, 510100 if n % 2 else 440100, link=WIFI)
              for n in range(5)]
    ledger = folded(events)
    speech = []
    for bar in (5.5, 1e9):  # the bar to enter is out of reach now, the one to leave is not
        rules = RULES if bar == 5.5 else load_rules()
        verdict = type(rules.verdict)(suspect=99.0, caution=bar, caution_people=2, caution_leave=4.5, caution_open=3.5)
        changed = type(rules)(**{f: getattr(rules, f) for f in rules.__struct_fields__} | {"verdict": verdict})
        speech.append(speak(ledger, weigh.WITNESS, events[-1], BAG, Open(), changed).word)
    assert speech == ["caution", "caution"]


def test_many_pseudonyms_on_mobile_data_count_as_few_witnesses() -> None:
    ledger = folded([Event(SHIPPED + n * 3600, 5, 100 + n, n % 4, 510100, link=MOBILE) for n in range(50)])
    assert (ledger.scans, ledger.people) == (50, RULES.ledger.mobile_free)


def test_a_hammered_code_needs_twice_the_witnesses() -> None:
    strangers = [Event(SHIPPED + n * DAY, 5, 100 + n, 500 + 97 * n, 510100, link=WIFI) for n in range(6)]
    assert weigh.independent(folded(strangers), RULES.ledger)
    hammering = [Event(SHIPPED + n, 5, 100, 500, 510100, link=WIFI) for n in range(200)]
    assert not weigh.independent(folded(hammering + strangers), RULES.ledger)


def test_a_visit_from_before_the_first_one_is_weighed_like_any_other():
    """A web machine whose clock was years ahead made the first scan; everybody's later ones are right."""
    ledger = Ledger()
    for at, device in ((2_150_000_000, 1), (2_290_000_000, 2), (1_790_000_000, 3), (1_790_000_100, 4)):
        step = weigh.fold(ledger, Event(at, 1, device, device, 510100), False, True, 1.0, RULES.ledger)
        assert step.kind == weigh.WITNESS
    assert ledger.people == 4
