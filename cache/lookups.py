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

    def pages(self, numbers: Iterable[int], version: int) -> dict[int, bytes]:
        """What is there, in one round trip."""
        return self._get({one: keys.page(one, version) for one in numbers})

    @fail_open(returns=None)
    def put_pages(self, pages: dict[int, bytes], version: int) -> None:
        self._put({keys.page(one, version): packed for one, packed in pages.items()}, PAGE_LIVES_S)

    def lots(self, batch_ids: Iterable[int], version: int) -> dict[int, bytes]:
        """The same of lots."""
        return self._get({one: keys.lot(one, version) for one in batch_ids})

    @fail_open(returns=None)
    def put_lots(self, lots: dict[int, bytes], version: int) -> None:
        self._put({keys.lot(one, version): packed for one, packed in lots.items()}, LOT_LIVES_S)

    def _get(self, names: dict[int, str]) -> dict[int, bytes]:
        found = zip(names, self._values([("GET", name) for name in names.values()]), strict=False)
        return {one: packed for one, packed in found if packed is not None}

    @fail_open(returns=NOTHING)
    def _values(self, questions: list[tuple[str, str]]) -> Sequence[bytes | None]:
        return tuple(self._cache.call_all(questions))

    def _put(self, values: dict[str, bytes], lives_s: int) -> None:
        life = _about(lives_s)
        self._cache.call_all([("SET", name, packed, "EX", life) for name, packed in values.items()])


def _about(seconds: int) -> int:
    return seconds + random.randrange(seconds // 10)
