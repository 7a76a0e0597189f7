"""The history of a code in Valkey: one round trip reads it and notes the visit.

A code has a *base* (its packed history, as far as the worker has folded it) and a *tail* (its last visits, 32 bytes
each, layout in `webapp/verify/sighting.py`: byte 0 folded, 8..24 time and device, 28..32 last visit in seconds).
The first four bytes of a base are its revision, which only grows. Beside the base lies the code's *ledger*, written by
whoever detects; `told` is the time up to which visits are in the ledgers, for each share of the codes, and a name of
what `open_now` gives: what the detectors have found and pages must know. The content is otherwise opaque here.

Absence is an answer only in a bucket marked as whole. Elsewhere a code without a base, and everywhere one without a
ledger beside a base that holds visits, is a *miss*: the caller fills the bucket, 128 neighbouring codes, from the
database at once, for neighbours are scanned soon after. And what is there counts only while this memory is complete:
`born` is when it began (a flush, a restart, a gap somebody noticed), `shipped` the time up to which all scans are in
the database. Scans older than `born` may be missing from the tails, so until `shipped` has passed `born` the history is
unavailable.
"""
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from cache import keys
from cache.connection import Cache, CacheAway, Call, Evictions
from cache.history_scripts import OBSERVE, SETTLE, TELL

VERSION_AGE_S = 0.5  # in a cluster: how old the registry version and the completeness may be


class Seen(NamedTuple):
    """`base` None = a miss, nothing was noted. `tail`: the visits before this one. `own`: on a reload the record of the
    visit's first page, else None. Times in µs since the epoch, by Valkey's clock. `newborn`: this call found the memory
    empty. `ledger` None = not known. `opened` None = nobody has said what is open."""

    base: bytes | None
    tail: bytes
    own: bytes | None
    registry: int
    born: int
    shipped: int
    newborn: bool
    ledger: bytes | None = None
    learned: int = 0
    opened: bytes | None = None

    @property
    def complete(self) -> bool:
        return self.shipped >= self.born


class Look(NamedTuple):
    """One visit to observe. `note` False: read only."""

    serial: int
    record: bytes
    at_us: int
    note: bool = True


class Folded(NamedTuple):
    """A code after the worker folded it: packed history and tail as the database holds them. `done`: keys (bytes 8..24)
    of further records that are in the history and perhaps not in that tail."""

    serial: int
    base: bytes
    tail: bytes
    done: bytes = b""


class Detection(NamedTuple):
    """How far the ledgers of a share are learned here (µs), and a name of its open clusters; None = not said."""

    learned: int | None
    opened: bytes | None


class HistoryCache:
    """Safe for threads."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._state = _State(0, 0, 0, (), None)
        self._told: list[bytes | int | None] = []
        self._state_read_at = -VERSION_AGE_S
        self._gap = 0  # when (µs) we last could not note a visit: a memory born before lacks it
        self._lock = threading.Lock()

    def observe(self, serial: int, record: bytes, now_us: int, *, note: bool = True, blind: bool = False) -> Seen:
        """One visit, as below."""
        return self.observe_all([Look(serial, record, now_us, note)], blind=blind)[0]

    def observe_all(self, looks: Sequence[Look], *, blind: bool = False) -> list[Seen]:
        """Read each code's history and note its visit, in order. `blind`: the database is away too, visits are noted
        though nothing is known. Raises CacheAway; some may be noted then."""
        gap = self._gap
        try:
            state = self._state_at_times(gap) if self._cache.is_cluster else None
            answers = self._cache.run_all(OBSERVE, self._calls(looks, gap, blind))
        except CacheAway:
            self._gap = max((look.at_us for look in looks if look.note), default=gap)
            raise
        if gap == self._gap:
            self._gap = 0
        if state is None:
            state = self._state_around(answers)
        return [Seen(base, tail, own, state.registry, state.born, state.shipped, newborn == 1, ledger,
                     state.learned_of(look.serial), state.opened)
                for look, (base, tail, own, ledger, newborn, *_) in zip(looks, answers, strict=True)]

    def _calls(self, looks: Sequence[Look], gap: int, blind: bool) -> list[Call]:
        """The first and the last of them also ask what counts for all."""
        calls: list[Call] = []
        for number, (serial, record, at_us, note) in enumerate(looks):
            names: tuple[str, ...] = keys.history_bucket(serial), keys.tail(serial)
            if number in (0, len(looks) - 1) and not self._cache.is_cluster:
                names = (*names, keys.VERSION)
            calls.append((names, (
                keys.history_field(serial), record, at_us // 1_000_000, 1 if note else 0, 1 if blind else 0,
                keys.TAIL_WAITING_S, gap, keys.ledger_field(serial), keys.WHOLE)))
        return calls

    def fill(self, serials: Iterable[int], known: Sequence[Folded], ledgers: Mapping[int, bytes], now_us: int) -> None:
        """Bring all the database holds of these codes' buckets; what is newer here stays. Raises CacheAway; then they
        are not marked as whole."""
        self.settle(known, now_us, 0)
        self._cache.call_all([
            *(("HSETNX", keys.history_bucket(one), keys.ledger_field(one), ledger) for one, ledger in ledgers.items()),
            *(("HSET", keys.history_bucket(one), keys.WHOLE, 1) for one in serials)])

    def registry_version(self) -> int:
        """The version alone. Raises CacheAway."""
        return _number(self._cache.call("HGET", keys.VERSION, "registry"))

    def bump(self) -> int:
        """A fact of the registry changed: every process drops what it remembers of it. Raises CacheAway."""
        return int(self._cache.call("HINCRBY", keys.VERSION, "registry", 1))

    def now_us(self) -> int:
        """Valkey's own time: `born` and `shipped` must come from one clock. Raises CacheAway."""
        seconds, micros = self._cache.call("TIME")
        return int(seconds) * 1_000_000 + int(micros)

    def mark_shipped(self, machine: str, up_to_us: int) -> int:
        """All scans of this machine up to then are in the database and settled here. -> the time up to which that is
        true of every machine. Raises CacheAway."""
        before = _number(self._cache.call("HGET", keys.SHIPPED, machine))
        self._cache.call("HSET", keys.SHIPPED, machine, max(before, up_to_us))
        slowest = min(map(_number, self._cache.call("HVALS", keys.SHIPPED)))
        self._cache.call("HSET", keys.VERSION, "shipped", slowest)
        return slowest

    def detection(self, share: int = 0) -> Detection:
        """What is published of one share now. Raises CacheAway."""
        told = self._cache.call("HGET", keys.VERSION, keys.told(share))
        if told is None:
            return _NOT_TOLD
        (learned,), opened = _told(told)
        return Detection(learned, opened)

    def put_ledgers(self, ledgers: Mapping[int, bytes]) -> None:
        """By serial; b"" = the code has none. Raises CacheAway; some may be there then."""
        self._cache.call_all(("HSET", keys.history_bucket(serial), keys.ledger_field(serial), ledger)
                             for serial, ledger in ledgers.items())

    def publish(self, learned_us: int, opened: bytes, packed: bytes, share: int = 0, of: int = 1) -> None:
        """All ledgers of a share are learned up to then; `packed` is what is open, `opened` a name for it. Raises
        CacheAway."""
        self._cache.call("SET", keys.opened(share), packed)  # first: who reads the new name must find what it names
        self._cache.run(TELL, [keys.VERSION], [learned_us, opened, keys.told(share), *map(keys.told, range(of))])

    def open_now(self) -> tuple[bytes, ...]:
        """What every share that pages know of published last. Raises CacheAway."""
        return tuple(self._cache.call("GET", keys.opened(share)) or b"" for share in range(len(self._state.learned)))

    def forget(self, serial: int) -> None:
        """Drop a base that is none (damaged, or not written by us): the next look is a miss. Raises CacheAway."""
        self._cache.call("HDEL", keys.history_bucket(serial), keys.history_field(serial), keys.WHOLE)

    def evictions(self) -> dict[str, Evictions]:
        """As the server counts them, for every server of a cluster. Raises CacheAway."""
        return self._cache.evictions()

    def begin_anew(self) -> None:
        """Visits noted before now may be missing: until they are all shipped, nothing here is complete. Raises
        CacheAway."""
        self._cache.call("HSET", keys.VERSION, "born", self.now_us())

    def start_anew(self) -> None:
        """Forget every history; what is known comes from the database again. Raises CacheAway."""
        self._cache.sweep("h:{*")
        self._cache.sweep("t:{*")
        # Last, so that whatever was noted before the end of the sweep counts as possibly lost.
        self.begin_anew()

    def settle(self, folded: Sequence[Folded], now_us: int, lost_before_us: int) -> None:
        """The worker folded visits: put each base here if it is newer, and mark the visits. Waiting ones from before
        `lost_before_us` were never kept and go. Raises CacheAway; what was done by then may be done again."""
        self._cache.run_all(SETTLE, [
            ([keys.history_bucket(one.serial), keys.tail(one.serial)],
             [keys.history_field(one.serial), one.base, now_us // 1_000_000, one.done, lost_before_us // 1_000_000,
              keys.TAIL_WAITING_S, keys.TAIL_FOLDED_S, one.tail])
            for one in folded
        ])

    def _state_around(self, answers: list[Any]) -> "_State":
        """What counts for all of them: others may have had their turn in between, so whatever only grows is taken as
        it was before, and the beginning of this memory as it was afterwards."""
        before, after = self._state_of(answers[0][5:]), self._state_of(answers[-1][5:])
        if before is after:
            return after
        return after._replace(shipped=before.shipped, learned=before.learned)

    def _state_of(self, told: list[bytes | int | None]) -> "_State":
        """The same is told with hundreds of scans, between two rounds of the worker."""
        if told != self._told:
            self._state, self._told = _state(told), told
        return self._state

    def _state_at_times(self, gap: int) -> "_State":
        """In a cluster the version lies in another slot than the code: read at most every 500 ms, so that an
        invalidation reaches this process within half a second."""
        with self._lock:
            if gap or time.monotonic() - self._state_read_at >= VERSION_AGE_S:
                if gap:
                    self.begin_anew()
                else:
                    self._cache.call("HSETNX", keys.VERSION, "born", self.now_us())
                self._state = _state(self._cache.call("HMGET", keys.VERSION, *_STATE))
                self._state_read_at = time.monotonic()
            return self._state


def _number(told: bytes | int | None) -> int:
    """What Valkey holds where a number belongs. Raises CacheAway where it is none: nothing may be built on it."""
    try:
        return int(told or 0)
    except ValueError:
        raise CacheAway(f"the cache holds {told[:20]!r} where a number belongs") from None  # type: ignore[index]


class _State(NamedTuple):
    registry: int
    born: int
    shipped: int
    learned: tuple[int, ...]  # by share; () = nobody has told
    opened: bytes | None

    def learned_of(self, serial: int) -> int:
        learned = self.learned
        return learned[keys.share_of(serial, len(learned))] if learned else 0


_STATE = ("registry", "born", "shipped", "told")
_NOT_TOLD = Detection(None, None)


def _state(told: Sequence[bytes | int | None]) -> _State:
    registry, born, shipped, detection = told
    learned, opened = ((), None) if detection is None else _told(detection)
    return _State(_number(registry), _number(born), _number(shipped), learned, opened)


@lru_cache(4)
def _told(told: bytes) -> tuple[tuple[int, ...], bytes]:
    """Read once: the same is told with thousands of scans."""
    learned, _, opened = told.partition(b" ")
    return tuple(map(_number, learned.split(b","))), opened
