"""The two scripts on a real Valkey, and on a cluster, where both keys of a code lie in one slot."""
import struct
from collections.abc import Callable

import pytest

from cache import keys
from cache.connection import Cache
from cache.history import Folded, HistoryCache, Look
from tests.servers import valkey_cluster

NOW = 1_790_000_000
SERIAL = 1 << 45 | 12_345


def record(device: int, at: int = NOW, folded: bool = False) -> bytes:
    """The layout of webapp/verify/sighting.py, written down a second time: a change there must be seen here."""
    return struct.pack("<BBHIQQII", folded, 0, 50, 510300, at * 1_000_000, device, 7, at)


def base(visits: int) -> bytes:
    return struct.pack("<I", visits) + b"x" * 56


@pytest.fixture
def memory(valkey_url: str) -> HistoryCache:
    return HistoryCache(Cache(valkey_url, timeout_s=1))  # of a busy test machine


def observe(memory: HistoryCache, device: int, at: int = NOW, **more: object):
    return memory.observe(SERIAL, record(device, at), at * 1_000_000, **more)


def fill(memory: HistoryCache, known: bytes = b"", tail: bytes = b"", ledger: bytes = b"") -> None:
    """What the database knows of the code, and of a neighbour nothing."""
    memory.fill([SERIAL], [Folded(SERIAL, known, tail)] if known else [], {SERIAL: ledger} if known else {},
                NOW * 1_000_000)


def test_a_miss_notes_nothing_until_it_is_filled(memory: HistoryCache):
    assert observe(memory, 1).base is None
    assert observe(memory, 1).base is None
    fill(memory)
    filled = observe(memory, 1)
    assert (filled.base, filled.tail, filled.own, filled.ledger) == (b"", b"", None, b"")
    assert observe(memory, 2).tail == record(1)


def test_a_filled_bucket_answers_for_all_128_and_for_no_other(memory: HistoryCache):
    memory.fill([SERIAL], [Folded(SERIAL + 1, base(3), b"")], {SERIAL + 1: b"ledger"}, NOW * 1_000_000)
    first = SERIAL >> 7 << 7
    known = {serial: memory.observe(serial, record(1), NOW * 1_000_000).base for serial in range(first, first + 128)}
    assert known.pop(SERIAL + 1) == base(3)
    assert set(known.values()) == {b""}
    assert memory.observe(first - 1, record(1), NOW * 1_000_000).base is None
    assert memory.observe(first + 128, record(1), NOW * 1_000_000).base is None


def test_a_code_that_is_forgotten_leaves_its_bucket_incomplete(memory: HistoryCache):
    memory.fill([SERIAL], [Folded(SERIAL, b"garbage", b"")], {SERIAL: b""}, NOW * 1_000_000)
    memory.forget(SERIAL)
    assert observe(memory, 1).base is None
    assert memory.observe(SERIAL + 1, record(1), NOW * 1_000_000).base is None


def test_a_visit_is_noted_though_the_database_is_away(memory: HistoryCache):
    assert observe(memory, 1, blind=True).base is None
    fill(memory)
    assert observe(memory, 2).tail == record(1)


def test_filling_never_replaces_what_is_newer(memory: HistoryCache):
    fill(memory, base(3))
    memory.settle([Folded(SERIAL, base(4), b"")], NOW * 1_000_000, 0)
    fill(memory, base(3))
    assert observe(memory, 2).base == base(4)
    memory.settle([Folded(SERIAL, base(2), b"")], NOW * 1_000_000, 0)
    assert observe(memory, 3).base == base(4)


def test_filling_marks_a_waiting_visit_as_folded(memory: HistoryCache):
    observe(memory, 1, blind=True)
    fill(memory, base(1), record(1, folded=True))
    assert observe(memory, 2).tail == record(1, folded=True)


def test_filling_brings_visits_back_that_may_be_reloaded(memory: HistoryCache):
    fill(memory, base(1), record(1, folded=True))
    assert observe(memory, 1, NOW + 60).own == record(1, folded=True)
    assert observe(memory, 2, NOW + 4000).own is None


def test_settled_visits_leave_when_no_reload_can_follow(memory: HistoryCache):
    fill(memory)
    observe(memory, 1)
    memory.settle([Folded(SERIAL, base(1), b"", record(1)[8:24])], NOW * 1_000_000, 0)
    memory.put_ledgers({SERIAL: b""})
    assert observe(memory, 2, NOW + 60).tail == record(1, folded=True)
    memory.settle([Folded(SERIAL, base(2), b"", record(2, NOW + 60)[8:24])], (NOW + 1830) * 1_000_000, 0)
    assert observe(memory, 3, NOW + 1830).tail == record(2, NOW + 60, folded=True)


def test_a_base_never_comes_without_the_visits_that_may_be_reloaded(memory: HistoryCache):
    """After a flush the worker settles what it has just shipped, before any page asked for the code."""
    memory.settle([Folded(SERIAL, base(2), record(1, folded=True) + record(2, NOW - 3000, folded=True))],
                  NOW * 1_000_000, 0)
    memory.put_ledgers({SERIAL: b""})
    seen = observe(memory, 1, NOW + 60)
    assert seen.own == record(1, folded=True)
    assert seen.base == base(2)
    assert observe(memory, 2, NOW + 60).own is None


def test_a_history_of_128_neighbours_stays_small(memory: HistoryCache, valkey_url: str):
    server = Cache(valkey_url)
    for serial in range(SERIAL, SERIAL + 1000):
        memory.settle([Folded(serial, base(1), b"")], 0, 0)
    used = sum(server.call("MEMORY", "USAGE", name) for name in server.call("KEYS", "h:*"))
    assert used / 1000 < 100


def test_scattered_codes_cost_less_than_200_bytes(memory: HistoryCache, valkey_url: str):
    server = Cache(valkey_url)
    memory.settle([Folded(SERIAL + n * 100, base(1), b"") for n in range(1000)], 0, 0)
    used = sum(server.call("MEMORY", "USAGE", name) for name in server.call("KEYS", "h:*"))
    assert used / 1000 < 200


def test_a_base_with_visits_but_without_its_ledger_is_a_miss(memory: HistoryCache):
    memory.settle([Folded(SERIAL, base(2), b"")], NOW * 1_000_000, 0)
    assert observe(memory, 1).base is None
    fill(memory, base(2), b"", b"ledger")
    seen = observe(memory, 1)
    assert (seen.base, seen.ledger, seen.own) == (base(2), b"ledger", None)  # the miss itself had noted nothing
    assert observe(memory, 2).ledger == b"ledger"


def test_filling_never_replaces_a_ledger_and_whoever_detects_always_does(memory: HistoryCache):
    fill(memory, base(1), b"", b"old")
    memory.put_ledgers({SERIAL: b"new"})
    fill(memory, base(1), b"", b"old")
    assert observe(memory, 2).ledger == b"new"


def test_how_far_ledgers_are_learned_and_what_is_open_come_with_every_visit(memory: HistoryCache):
    fill(memory)
    seen = observe(memory, 1)
    assert (seen.learned, seen.opened, memory.detection(), memory.open_now()) == (0, None, (None, None), ())
    memory.publish(77, b"name", b"packed")
    seen = observe(memory, 2)
    assert (seen.learned, seen.opened, memory.detection(), memory.open_now()) == (
        77, b"name", (77, b"name"), (b"packed",))


def test_every_share_of_the_codes_has_a_time_of_its_own_and_what_is_open_is_told_together(memory: HistoryCache):
    other = SERIAL + (1 << keys.STRETCH_BITS)  # learned by another set of detectors, as those two stretches on are
    shares = {serial: keys.share_of(serial, 2) for serial in (SERIAL, other)}
    assert sorted(shares.values()) == [0, 1]
    memory.publish(77, b"a", b"packed a", shares[SERIAL], 2)
    fill(memory)
    assert (observe(memory, 1).learned, memory.open_now()) == (0, ())  # one has not told yet
    memory.publish(99, b"b", b"packed b", shares[other], 2)
    looks = [Look(serial, record(3), 3_000_000, note=False) for serial in (SERIAL, other, SERIAL)]
    assert [seen.learned for seen in memory.observe_all(looks)] == [77, 99, 77]
    packed = memory.open_now()
    assert packed == tuple(one for _, one in sorted([(shares[SERIAL], b"packed a"), (shares[other], b"packed b")]))
    before = observe(memory, 3).opened
    memory.publish(99, b"c", b"packed c", shares[other], 2)
    assert observe(memory, 4).opened != before
    memory.publish(120, b"d", b"packed d")  # all codes are one share again
    assert [seen.learned for seen in memory.observe_all(looks)] == [120, 120, 120]
    assert memory.open_now()[0] == b"packed d"


def test_starting_anew_forgets_all_and_is_not_complete_until_shipped(memory: HistoryCache):
    fill(memory)
    observe(memory, 1)
    memory.bump()
    memory.start_anew()
    seen = observe(memory, 1)
    assert (seen.base, seen.registry) == (None, 1)
    assert not seen.complete
    memory.mark_shipped("one", memory.now_us())
    assert observe(memory, 1).complete


def test_the_slowest_machine_decides_what_is_shipped(memory: HistoryCache):
    assert memory.mark_shipped("one", 500) == 500
    assert memory.mark_shipped("two", 300) == 300
    assert memory.mark_shipped("two", 700) == 500
    assert memory.mark_shipped("one", 400) == 500


def test_a_cluster_answers_the_same():
    with valkey_cluster() as nodes:
        memory = HistoryCache(Cache(",".join(f"redis://127.0.0.1:{node.port}" for node in nodes), timeout_s=1))
        memory.mark_shipped("one", memory.now_us() + 10**9)
        assert memory.bump() == 1
        for serial in range(SERIAL, SERIAL + 4000, 197):
            def look(device: int, number: int = serial, **more: object):
                return memory.observe(number, record(device), NOW * 1_000_000, **more)
            _one_code(memory, serial, look)
        memory.settle([Folded(SERIAL + n * 500, base(9), b"") for n in range(50)], 0, 0)
        memory.start_anew()
        assert observe(memory, 1).base is None


def _one_code(memory: HistoryCache, serial: int, look: Callable) -> None:
    assert look(1).base is None
    memory.fill([serial], [], {}, NOW * 1_000_000)
    assert look(1).base == b""
    assert look(1).own == record(1)
    memory.settle([Folded(serial, base(1), b"", record(1)[8:24])], NOW * 1_000_000, 0)
    memory.put_ledgers({serial: b""})
    seen = look(2)
    assert (seen.base, seen.tail, seen.registry) == (base(1), record(1, folded=True), 1)
    assert seen.complete


def test_a_group_is_looked_at_in_order_and_each_is_noted(memory: HistoryCache):
    fill(memory)
    at = NOW * 1_000_000
    looks = [Look(SERIAL, record(1), at), Look(SERIAL + 1, record(1), at), Look(SERIAL, record(2), at),
             Look(SERIAL, record(3), at, note=False), Look(SERIAL, record(1), at)]
    seen = memory.observe_all(looks)
    assert [one.tail for one in seen] == [b"", b"", record(1), record(1) + record(2), record(1) + record(2)]
    assert [one.own for one in seen] == [None, None, None, None, record(1)]
    assert {one.born for one in seen} == {seen[0].born} != {0}
    assert observe(memory, 4).tail == record(1) + record(2)


def test_what_is_said_of_a_group_holds_for_all_of_it(memory: HistoryCache):
    """Others may come in between: what was complete before the first and is another memory after the last is not.

    Seen red: with either end alone."""
    before, after = [b"1", b"100", b"200", b"150 a"], [b"2", b"100", b"300", b"250 b"]
    state = memory._state_around([[b"", b"", None, b"", 0, *before], [b"", b"", None, b"", 0, *after]])
    assert state == (2, 100, 200, (150,), b"b")
    flushed = [b"2", b"250", b"300", None]
    state = memory._state_around([[b"", b"", None, b"", 0, *before], [b"", b"", None, b"", 0, *flushed]])
    assert state.shipped < state.born
