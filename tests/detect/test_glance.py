"""The short cut of the scan page never says anything else than weighing would."""
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.detect.event import BOT, DAY, MOBILE, PERSON, UNSTATED, WIFI, BagFacts, Event
from webapp.detect.glance import is_usual, second_cannot_matter
from webapp.detect.ledger import SEEN, Ledger
from webapp.detect.opinion import Open, opinion
from webapp.detect.rules import load_rules
from webapp.detect.weigh import fold

RULES = load_rules()
SHIPPED = 1_790_000_000.0
CITIES = (0, 510100, 510300, 440100, 110000)

events = st.builds(
    Event, at=st.floats(SHIPPED + DAY, SHIPPED + 400 * DAY), serial=st.just(1), device=st.integers(1, 4),
    network=st.integers(0, 4), city=st.sampled_from(CITIES), agent=st.just(PERSON),
    link=st.sampled_from((MOBILE, UNSTATED, WIFI)), wechat=st.booleans(), shared=st.booleans())


@settings(max_examples=600, deadline=None)
@given(before=st.lists(events, min_size=1, max_size=5), now=events, destination=st.sampled_from((0, 51, 44)),
       crowded=st.booleans(), certain=st.booleans(), far_chance=st.floats(0, 0.6), agent=st.sampled_from((PERSON, BOT)))
def test_what_a_glance_calls_usual_is_never_heard_of(before, now, destination, crowded, certain, far_chance, agent):
    ledger = Ledger()
    for event in sorted(before, key=lambda one: one.at):
        fold(ledger, event, crowded, certain, 1.0, RULES.ledger)
    ledger.flags |= SEEN
    packed = ledger.pack()
    bag = BagFacts(lot=1, destination=destination, shipped_at=SHIPPED)
    later = Event(max(now.at, ledger.last), 1, now.device, now.network, now.city, agent=agent, link=now.link,
                  wechat=now.wechat, shared=now.shared)
    if is_usual(packed, later.city, destination, far_chance):
        told = opinion(packed, later, bag, Open(far_chance=far_chance), RULES)
        assert told.word in ("first", "again", "shared_link")


def test_a_second_look_from_the_same_town_is_usual_and_others_are_not():
    assert second_cannot_matter(RULES)
    ledger = Ledger()
    fold(ledger, Event(SHIPPED + DAY, 1, 7, 3, 510100, link=WIFI), False, True, 1.0, RULES.ledger)
    packed = ledger.pack()
    assert is_usual(packed, 510300, 51, 0.0)
    assert is_usual(packed, 0, 0, 0.0)
    assert not is_usual(packed, 440100, 51, 0.0)  # far
    assert not is_usual(packed, 510300, 44, 0.0)  # not where it was sent
    assert not is_usual(b"", 510300, 51, 0.0)
    unlocated = Ledger()
    fold(unlocated, Event(SHIPPED + DAY, 1, 7, 3, 0, link=WIFI), False, True, 1.0, RULES.ledger)
    assert is_usual(unlocated.pack(), 510300, 51, 0.0)
    assert not is_usual(unlocated.pack(), 510300, 44, 0.0)  # the first place anybody saw is not where it was sent
    fold(ledger, Event(SHIPPED + 9 * DAY, 1, 8, 4, 510100, link=WIFI), False, True, 1.0, RULES.ledger)
    assert not is_usual(ledger.pack(), 510300, 51, 0.0)  # two people were here
