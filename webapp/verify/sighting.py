"""One visit to a code in 32 bytes: what a history is folded from, on the page and in the worker alike.

A *tail* is a run of such records: the last visits of one code. In Valkey each record says whether the worker has
folded it into the code's history yet; records stay half an hour after that, so that a reload is recognised.
"""
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# folded, flags, radius km | adcode | at µs | device | network hash | last visit s. cache/history.py reads these too.
_RECORD = struct.Struct("<BBHIQQII")
SIZE = _RECORD.size
FOLDED_AT, KEY = 0, slice(8, 24)  # byte positions; KEY = (at, device) names a visit of a code
TAIL_RECORDS = 32
RELOAD_S = 1800
MEMORY_S = 2700  # a folded record is of no use once no reload can be counted from it

WIFI, HOSTING, SHARED, STAFF, WECHAT, MACHINE, DESKTOP = 1, 2, 4, 8, 16, 32, 64
NO_WITNESS = HOSTING | SHARED | STAFF | MACHINE


class Sighting(NamedTuple):
    """`at` µs since the epoch (UTC); `network` a 32-bit hash of the truncated address; `flags` as named above."""

    at: int
    device: int
    network: int
    adcode: int
    flags: int
    radius_km: int = 0

    @property
    def is_witness(self) -> bool:
        """A person who looked at a bag: no opened forward, no staff, no data centre, no program."""
        return not self.flags & NO_WITNESS


def pack(seen: Sighting, folded: bool = False) -> bytes:
    return _RECORD.pack(folded, seen.flags, seen.radius_km, seen.adcode, seen.at, seen.device, seen.network,
                        seen.at // 1_000_000)


def unpack(record: bytes) -> Sighting:
    _, flags, radius_km, adcode, at, device, network, _ = _RECORD.unpack(record)
    return Sighting(at, device, network, adcode, flags, radius_km)


def records(tail: bytes) -> Iterator[bytes]:
    """The whole records of a tail; a cut last one (a damaged cache value) is left out."""
    for start in range(0, len(tail) - SIZE + 1, SIZE):
        yield tail[start:start + SIZE]


def is_folded(record: bytes) -> bool:
    return record[FOLDED_AT] != 0


def waiting(tail: bytes, lost_before: int = 0) -> list[Sighting]:
    """Visits the worker has not folded yet, in order of time. One from before `lost_before` (µs) will never be: its
    process died between noting and keeping it, so it was never acknowledged and does not count."""
    found = [unpack(record) for record in records(tail) if not is_folded(record)]
    return sorted(seen for seen in found if seen.at >= lost_before)


def newer(tail: bytes, than: int, lost_before: int = 0) -> list[Sighting]:
    """Visits of a tail after `than` (µs), folded or not, in order of time; `lost_before` as for `waiting`."""
    found = []
    for record in records(tail):
        seen = unpack(record)
        if seen.at > than and (is_folded(record) or seen.at >= lost_before):
            found.append(seen)
    return sorted(found)


def folded_tail(tail: bytes, seen: Iterable[Sighting]) -> bytes:
    """The tail the worker keeps beside a history: its last visits, at most TAIL_RECORDS and MEMORY_S old."""
    joined = {record[KEY]: record for record in records(tail)}
    joined.update((record[KEY], record) for record in (pack(one, folded=True) for one in seen))
    newest_first = sorted(joined.values(), key=lambda record: unpack(record).at, reverse=True)
    oldest = unpack(newest_first[0]).at - MEMORY_S * 1_000_000
    kept = [record for record in newest_first[:TAIL_RECORDS] if unpack(record).at >= oldest]
    return b"".join(reversed(kept))


def last_visits(tail: bytes) -> dict[int, int]:
    """When (µs) each device of a tail was first noted there; the newest where it came more than once."""
    return {seen.device: seen.at for seen in sorted(map(unpack, records(tail)))}
