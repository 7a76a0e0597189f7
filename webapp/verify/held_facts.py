"""What many bags have in common, read once and held: lots, products, recalls."""
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection

from webapp.verify import registry
from webapp.verify.facts import LotFacts, ProductFacts, RecallFacts
from webapp.verify.freshness import GOOD_S, UNFINISHED_S, Freshness, Held, Read
from webapp.verify.lru import Lru

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LOTS_HELD = 5_000
FACTS_HELD = 5_000


class SharedLots(Protocol):
    """Packed lots shared between processes (cache/lookups.py). Answers within 50 ms and never raises."""

    def lots(self, batch_ids: Iterable[int], version: int) -> dict[int, bytes]: ...
    def put_lots(self, lots: dict[int, bytes], version: int) -> None: ...


class HeldFacts:
    """Asked as `registry` is, by the same names. Of what it does not hold it asks Valkey (lots) and then `connection`,
    and it raises what the database raises."""

    def __init__(self, fresh: Freshness, shared: SharedLots | None = None) -> None:
        self._fresh = fresh
        self._shared = shared
        self._lots: Lru[int, Held[LotFacts]] = Lru(LOTS_HELD)
        self._facts: Lru[Hashable, Held[Any]] = Lru(FACTS_HELD)

    def clear(self) -> None:
        self._lots.clear()
        self._facts.clear()

    def lots_held(self, batch_ids: set[int]) -> dict[int, LotFacts]:
        """Those that this process or Valkey has."""
        held = {one: self._lots.get(one) for one in batch_ids}
        found = {one: lot.value for one, lot in held.items() if lot is not None and self._fresh.of(lot)}
        missing, read = batch_ids - found.keys(), self._fresh.reading()
        if missing and read.version is not None and self._shared is not None:
            for one, packed in self._shared.lots(missing, read.version).items():
                with suppress(msgspec.MsgspecError):  # not written by us: a miss
                    found[one] = _unpack_lot(packed)
                    self._lots.put(one, read._replace(settled=True).held(found[one]))  # or nobody had shared it
        return found

    def lots_by_id(self, connection: Connection, batch_ids: Iterable[int]) -> dict[int, LotFacts]:
        wanted = set(batch_ids)
        found, reading = self.lots_held(wanted), self._fresh.reading()
        read = registry.lots_by_id(connection, wanted - found.keys())
        self._keep(read, reading)
        return found | read

    def lots_by_name(self, connection: Connection, names: Iterable[registry.Named]) -> dict[registry.Named, LotFacts]:
        def ask(missing: list[registry.Named]) -> dict[registry.Named, LotFacts]:
            reading, read = self._fresh.reading(), registry.lots_by_name(connection, missing)
            self._keep({lot.batch_id: lot for lot in read.values()}, reading)
            return read

        return self._known("lot", names, ask, UNFINISHED_S)

    def _keep(self, lots: dict[int, LotFacts], reading: Read) -> None:
        if lots and reading.settled and reading.version is not None and self._shared is not None:
            self._shared.put_lots({one: _pack(lot) for one, lot in lots.items()}, reading.version)
        for one, lot in lots.items():
            self._lots.put(one, reading.held(lot))

    def read_products(self, connection: Connection, gtins: Iterable[str]) -> dict[str, ProductFacts]:
        return self._known("product", gtins, lambda missing: registry.read_products(connection, missing), UNFINISHED_S)

    def read_recalls(self, connection: Connection, gtins: Iterable[str]) -> dict[str, list[RecallFacts]]:
        return self._known("recalls", gtins, lambda missing: registry.read_recalls(connection, missing), GOOD_S)

    def _known(self, kind: str, names: Iterable[K], ask: Callable[[list[K]], dict[K, V]],
               absent_s: float) -> dict[K, V]:
        """`absent_s`: how long to believe that there is none."""
        held = {name: self._facts.get((kind, name)) for name in names}
        told = {name: one.value for name, one in held.items() if one is not None and self._fresh.of(one)}
        if missing := [name for name in held if name not in told]:
            reading, read = self._fresh.reading(), ask(missing)
            for name in missing:
                told[name] = read.get(name)
                self._facts.put((kind, name), reading.held(told[name], GOOD_S if name in read else absent_s))
        return {name: value for name, value in told.items() if value is not None}


_pack = msgspec.msgpack.Encoder().encode
_unpack_lot = msgspec.msgpack.Decoder(LotFacts).decode
