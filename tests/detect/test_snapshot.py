"""A worker that dies and another that goes on from the snapshot say what one worker would have said."""
import pytest

from tests.detect.market import START, Market
from webapp.detect.engine import Engine
from webapp.detect.event import DAY
from webapp.detect.rules import load_rules
from webapp.detect.snapshot import BadSnapshot, layout, open_of, parts, restore, snapshot


def test_an_engine_restored_halfway_ends_like_one_that_ran_through() -> None:
    market = Market(1, lots=25, days=120)
    market.clone(5005, 500, market.city(33), START + 75 * DAY, 30)
    market.moved(8, 120, 2, market.city(market.elsewhere(8)), START + 75 * DAY)
    market.genuine()
    whole = Engine(load_rules(), {})
    through = market.play(whole)
    half = len(through) // 2
    first = Engine(load_rules(), {})
    for event, _ in through[:half]:
        first.learn(event, market.bags[event.serial])
    second = Engine(load_rules(), dict(first.states))
    restore(second, snapshot(first))
    rest = [second.learn(event, market.bags[event.serial]) for event, _ in through[half:]]
    assert rest == [learned for _, learned in through[half:]]
    assert any(learned.alerts for learned in rest)
    assert snapshot(second) == snapshot(whole)
    assert layout(second) == layout(Engine(load_rules(), {}))


def test_only_what_was_touched_changes_its_part() -> None:
    market = Market(2, lots=12, days=90)
    market.genuine()
    engine = Engine(load_rules(), {})
    kept = snapshot(engine)
    played = market.play(Engine(load_rules(), {}))
    for number, (event, _) in enumerate(played):
        engine.learn(event, market.bags[event.serial])
        if number % 100 == 99:
            kept.update(parts(engine, engine.touched, engine.people.touched))
            engine.touched.clear()
            engine.people.touched.clear()
    kept.update(parts(engine, engine.touched, engine.people.touched))
    assert kept == snapshot(engine)


@pytest.mark.parametrize("harm", [
    lambda kept: kept.pop("people"), lambda kept: kept.update(people=b""), lambda kept: kept.update(late=b"\xc0"),
    lambda kept: kept.update({"lot:1": b"\x81\xa1o\x92\xa3Lot\x80"[:-1]}),
    lambda kept: kept.update(people=b"\x81\xa1o\x92\xa6People\x81\xa4none\x01"),
    lambda kept: kept.update({"phones:1": b"\x81\x01\x91\x01"}), lambda kept: kept.update({"phones:99999": b"\x80"}),
])
def test_bytes_that_are_no_snapshot_are_refused(harm) -> None:
    kept = snapshot(Engine(load_rules(), {}))
    harm(kept)
    with pytest.raises(BadSnapshot):
        restore(Engine(load_rules(), {}), kept)


def test_the_open_clusters_can_be_read_by_themselves() -> None:
    """`codes inspect --why` weighs by them; what cannot be read counts as nothing open, and nobody would notice."""
    engine = Engine(load_rules(), {})
    engine.open.copies.add((1, 0))
    engine.open.far_chance = 0.04
    assert open_of(snapshot(engine)["open"]) == engine.open
