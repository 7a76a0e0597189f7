"""Registry look-ups shared by all processes: packed lots, by row number and registry version.

A new version makes new keys, so nothing here ever has to be taken back; what nobody asks for any more runs out.
"""
import random
from collections.abc import Iterable, Sequence

from cache import keys
from cache.connection import Cache
from cache.fail_open import fail_open

NOTHING: Sequence[bytes | None] = ()
LIVES_S = 120  # and up to a tenth longer, so that lots read together do not run out together


class LotCache:
    """Values are opaque bytes here. While Valkey is away every lot is a miss and nothing is kept."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def get(self, batch_ids: Iterable[int], version: int) -> dict[int, bytes]:
        """What is there, in one round trip."""
        wanted = list(batch_ids)
        found = self._get([keys.lot(one, version) for one in wanted])
        return {one: packed for one, packed in zip(wanted, found, strict=False) if packed is not None}

    @fail_open(returns=NOTHING)
    def _get(self, names: list[str]) -> Sequence[bytes | None]:
        return tuple(self._cache.call_all([("GET", name) for name in names]))

    @fail_open(returns=None)
    def put(self, lots: dict[int, bytes], version: int) -> None:
        life = LIVES_S + random.randrange(LIVES_S // 10)
        self._cache.call_all([("SET", keys.lot(one, version), packed, "EX", life) for one, packed in lots.items()])
