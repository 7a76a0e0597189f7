"""A worker that dies and another that goes on from the snapshot say what one worker would have said."""
import pytest

from tests.detect.market import START, Market
from webapp.detect.engine import Engine
from webapp.detect.event import DAY
from webapp.detect.rules import load_rules
from webapp.detect.snapshot import BadSnapshot, restore, snapshot


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


@pytest.mark.parametrize("packed", [b"", b"\x00", b"\x92\x02\x80", b"\x92\x01\x80"])
def test_bytes_that_are_no_snapshot_are_refused(packed: bytes) -> None:
    engine = Engine(load_rules(), {})
    with pytest.raises(BadSnapshot):
        restore(engine, packed)
