"""Registry look-ups shared by all processes: packed pages and lots, by number and registry version.

A new version makes new keys, so nothing here ever has to be taken back; what nobody asks for any more runs out.
"""
import random
from collections.abc import Iterable, Sequence

from cache import keys
from cache.connection import Cache
from cache.fail_open import fail_open

NOTHING: Sequence[bytes | None] = ()
LOT_LIVES_S = 120  # and up to a tenth longer, so that lots read together do not run out together
PAGE_LIVES_S = 30  # not longer: a change whose announcement was lost must not live on here


class LookupCache:
    """Values are opaque bytes here. While Valkey is away everything is a miss and nothing is kept."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    @fail_open(returns=None)
    def page(self, number: int, version: int) -> bytes | None:
        packed: bytes | None = self._cache.call("GET", keys.page(number, version))
        return packed

    @fail_open(returns=None)
    def put_page(self, number: int, page: bytes, version: int) -> None:
        self._cache.call("SET", keys.page(number, version), page, "EX", _about(PAGE_LIVES_S))

    def lots(self, batch_ids: Iterable[int], version: int) -> dict[int, bytes]:
        """What is there, in one round trip."""
        wanted = list(batch_ids)
        found = self._get([keys.lot(one, version) for one in wanted])
        return {one: packed for one, packed in zip(wanted, found, strict=False) if packed is not None}

    @fail_open(returns=NOTHING)
    def _get(self, names: list[str]) -> Sequence[bytes | None]:
        return tuple(self._cache.call_all([("GET", name) for name in names]))

    @fail_open(returns=None)
    def put_lots(self, lots: dict[int, bytes], version: int) -> None:
        life = _about(LOT_LIVES_S)
        self._cache.call_all([("SET", keys.lot(one, version), packed, "EX", life) for one, packed in lots.items()])


def _about(seconds: int) -> int:
    return seconds + random.randrange(seconds // 10)
