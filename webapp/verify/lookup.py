"""What is this bag? Process memory first, then Valkey, then the database; and how fresh the answer is.

Whoever changes a fact announces a new registry version (cache/history.py: bump). The history round trip of every scan
brings the current one back, so an entry read under another version is read again at once, in every process. While no
version can be read (Valkey away) entries live one second. The registry being away, what is remembered is served and
marked stale.
"""
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection

from webapp.db import Database, DatabaseAway
from webapp.verify import registry
from webapp.verify.facts import Bag, LotFacts, ProductFacts, RecallFacts, SiteFacts
from webapp.verify.freshness import GOOD_S, UNFINISHED_S, UNVERSIONED_S, YOUNG_S, Freshness, Held
from webapp.verify.held_facts import HeldFacts, SharedLots
from webapp.verify.lru import Lru
from webapp.verify.page import PAGE, PAGE_BITS, Bags, Page, read_pages

T = TypeVar("T")

STRETCHES_HELD = 8_000  # of all pages together; about 300 bytes each
FACTS_HELD = 1_000
READ_AT_ONCE = 64  # pages of the registry in one question: a few hundred boxes
REST_S = 1.0  # a database that failed is left alone this long


class RegistryAway(Exception):
    """The registry cannot be asked and nothing is remembered of this bag."""


class SharedCache(SharedLots, Protocol):
    """Packed pages and lots shared between processes (cache/lookups.py). Answers within 50 ms and never raises."""

    def pages(self, numbers: Iterable[int], version: int) -> dict[int, bytes]: ...
    def put_pages(self, pages: dict[int, bytes], version: int) -> None: ...


class _Shared(msgspec.Struct, frozen=True, gc=False):
    """A page as it stands in Valkey: its lots lie there by themselves, because each lies on many pages."""

    page: Page
    batch_ids: list[int]


class Lookup:
    """One per process. Every question either answers or raises RegistryAway.

    `asked` counts bags, the others how many of them had to be asked of Valkey, then of the database, or of nobody; for
    the metrics: threads may miss one.
    """

    def __init__(self, db: Database, cache: SharedCache | None = None,
                 read_position: Callable[[], int | None] = lambda: None, held: int = STRETCHES_HELD) -> None:
        """`read_position`: how far a replica must have replayed to know the current version (cache/replay.py). `held`:
        stretches remembered."""
        self._db = db
        self._cache = cache
        self._read_position = read_position
        self._position: int | None = None  # of the current version; None = not read yet, or nobody knows
        self._fresh = Freshness(YOUNG_S if db.settings.replica_url else 0.0)
        self._pages: Lru[int, Held[Bags]] = Lru(held)
        self._common = HeldFacts(self._fresh, cache)
        self._facts: Lru[Hashable, Held[object]] = Lru(FACTS_HELD)
        self._locks = [threading.Lock() for _ in range(64)]
        self._rests_until = 0.0
        self.asked = self.from_valkey = self.from_database = self.unanswered = 0

    def bag(self, serial: int) -> Bag:
        """What is known of one code. A dictionary look-up while its page is fresh."""
        number = serial >> PAGE_BITS
        self.asked += 1
        held = self._pages.get(number)
        if held is None or not self._fresh.of(held):
            held, stale = self._renew(number, self._pages, held, lambda: self._read_bags([number])[number])
            return held.value.bag(serial, stale)
        return held.value.bag(serial)

    def bags(self, serials: Sequence[int]) -> Iterator[Bag]:
        """The same of many codes, in order; what nobody remembers is read for 64 of them at once."""
        for start in range(0, len(serials), READ_AT_ONCE):
            part = serials[start:start + READ_AT_ONCE]
            self.get_ready(part)
            yield from map(self.bag, part)

    def get_ready(self, serials: Iterable[int]) -> None:
        """Read at once what `bag` is about to be asked for one after the other. What cannot be read, `bag` will say."""
        numbers = dict.fromkeys(serial >> PAGE_BITS for serial in serials)
        missing = [one for one in numbers if (held := self._pages.get(one)) is None or not self._fresh.of(held)]
        if len(missing) > 1:
            reading = self._fresh.reading()
            with suppress(DatabaseAway):
                for number, (bags, good_for, weight) in self._read_bags(missing).items():
                    self._pages.put(number, reading.held(bags, good_for), weight)

    def agrees(self, version: int | None) -> bool:
        """Take note of the version a history round trip brought; False when what was just looked up is older."""
        if self._fresh.agrees(version):
            return True
        self._position = None
        return False

    def product(self, gtin: str) -> ProductFacts | None:
        return self._fact(("product", gtin), lambda c: registry.read_products(c, [gtin]).get(gtin))

    def lot(self, gtin: str, lot: str) -> LotFacts | None:
        return self._fact(("lot", gtin, lot),
                          lambda c: registry.lots_by_name(c, [(gtin, lot)]).get((gtin, lot)))

    def site(self, gln: str) -> SiteFacts | None:
        return self._fact(("site", gln), lambda c: registry.read_site(c, gln))

    def recall(self, gtin: str) -> RecallFacts | None:
        """The open recall of a whole product."""
        return self._fact(("recall", gtin),
                          lambda c: registry.recall_of(registry.read_recalls(c, [gtin]), gtin, None))

    def invalidate(self) -> None:
        """Forget everything (this process wrote to the registry itself, or a test did)."""
        self._pages.clear()
        self._common.clear()
        self._facts.clear()

    def _fact(self, key: Hashable, question: Callable[[Connection], T]) -> T:
        held = self._facts.get(key)
        if held is None or not self._fresh.of(held):
            held, _ = self._renew(key, self._facts, held, lambda: (self._ask(question), UNVERSIONED_S, 1))
        return held.value  # type: ignore[return-value]

    def _renew(self, key: Hashable, shelf: Lru[Any, Held[T]], held: Held[T] | None,
               read: Callable[[], tuple[T, float, int]]) -> tuple[Held[T], bool]:
        """Read again, one thread a key; the others take what is there if only its time is up. (entry, stale)"""
        lock = self._locks[hash(key) & 63]
        may_wait = held is None or held.version != self._fresh.version
        if not lock.acquire(blocking=may_wait):
            assert held is not None
            return held, False
        try:
            newer = shelf.get(key)
            if newer is not None and newer is not held and self._fresh.of(newer):
                return newer, False
            reading = self._fresh.reading()
            value, good_for, weight = read()
            held = reading.held(value, good_for)
            shelf.put(key, held, weight)
            return held, False
        except DatabaseAway as error:
            if held is None:
                raise RegistryAway(str(error)) from error
            return held, True
        finally:
            lock.release()

    def _read_bags(self, numbers: list[int]) -> dict[int, tuple[Bags, float, int]]:
        """Pages nobody has in this process: another process may have left them in Valkey."""
        reading = self._fresh.reading()
        pages = self._shared_pages(numbers, reading.version)
        self.from_valkey += len(pages)
        if missing := [number for number in numbers if number not in pages]:
            read = self._read_pages(missing)
            if reading.settled:
                self._share_pages({number: page for number, page in read.items() if _is_whole(page)}, reading.version)
            pages |= read
        bags = {number: Bags(page) for number, page in pages.items()}
        return {number: (bags[number], GOOD_S if _is_whole(page) else UNFINISHED_S, bags[number].weight)
                for number, page in pages.items()}

    def _read_pages(self, numbers: list[int]) -> dict[int, Page]:
        firsts = [number << PAGE_BITS for number in numbers]
        try:
            pages = self._ask(lambda connection: read_pages(connection, firsts, PAGE, self._common))
        except DatabaseAway:
            self.unanswered += len(numbers)
            raise
        self.from_database += len(numbers)
        return {first >> PAGE_BITS: page for first, page in pages.items()}

    def _shared_pages(self, numbers: list[int], version: int | None) -> dict[int, Page]:
        if self._cache is None or version is None:
            return {}
        found: dict[int, _Shared] = {}
        for number, packed in self._cache.pages(numbers, version).items():
            with suppress(msgspec.MsgspecError):  # not written by us: a miss
                found[number] = _unpack_page(packed)
        lots = self._common.lots_held({one for shared in found.values() for one in shared.batch_ids})
        return {number: msgspec.structs.replace(shared.page, lots={one: lots[one] for one in shared.batch_ids})
                for number, shared in found.items() if lots.keys() >= set(shared.batch_ids)}

    def _share_pages(self, pages: dict[int, Page], version: int | None) -> None:
        if self._cache is not None and version is not None and pages:
            self._cache.put_pages({
                number: _pack(_Shared(msgspec.structs.replace(page, lots={}), list(page.lots)))
                for number, page in pages.items()}, version)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the database unless it failed a moment ago: an outage costs one time-out a second, not one a scan."""
        if time.monotonic() < self._rests_until:
            raise DatabaseAway("the database did not answer a moment ago")
        try:
            return self._db.ask(question, self._replayed())
        except DatabaseAway:
            self._rests_until = time.monotonic() + REST_S
            raise

    def _replayed(self) -> int | None:
        if not self._db.settings.replica_url:
            return 0
        if self._position is None and self._fresh.version is not None:
            self._position = self._read_position()
        return self._position


def _is_whole(page: Page) -> bool:
    return all(stretch.batch_id for stretch in page.stretches)


_pack = msgspec.msgpack.Encoder().encode
_unpack_page = msgspec.msgpack.Decoder(_Shared).decode
