"""What is remembered of a code: public facts of its scans, folded one visit at a time, packed into at most 60 bytes."""
import math
import struct

import msgspec

from webapp.places import PROVINCE_INDEX
from webapp.verify.sighting import Sighting

DEVICES_KEPT = 5
NETWORK_BITS = 64
# The first four bytes are `visits`: it only grows, so whoever holds two packed histories of a code can tell the newer.
_PACKED = struct.Struct(f"<IIIIIIQQ{DEVICES_KEPT}I")
SIZE = _PACKED.size
_SIZES = frozenset(range(SIZE - 4 * DEVICES_KEPT, SIZE + 1, 4))


class History(msgspec.Struct, frozen=True, gc=False):
    """Facts about one code, by the visits folded so far; `scans == 0` = never checked by anybody.

    visits: everything folded. scans: visits by people with a bag (no opened forwards, staff, programs). devices: those
    scans whose device was not among the last five. first_at, last_at: s since the epoch (UTC), of scans; 0 = none.
    province_mask: bit = index in places.PROVINCES. network_bits: a linear counter, read it through `networks`.
    """

    visits: int = 0
    first_at: int = 0
    last_at: int = 0
    scans: int = 0
    devices: int = 0
    first_adcode: int = 0
    province_mask: int = 0
    network_bits: int = 0
    last_devices: tuple[int, ...] = (0,) * DEVICES_KEPT

    @property
    def networks(self) -> int:
        """Distinct networks (/24, /48), estimated: without bias, up to ten off by 1 or so, fifty by 5; at most 255."""
        empty = NETWORK_BITS - self.network_bits.bit_count()
        return round(-NETWORK_BITS * math.log(empty / NETWORK_BITS)) if empty else 255

    @property
    def provinces(self) -> int:
        return self.province_mask.bit_count()

    def knows(self, device: int) -> bool:
        """Whether this device is among the last five that scanned the code."""
        return _short(device) in self.last_devices


NOTHING = History()


def observe(history: History | None, seen: Sighting) -> History:
    """`history` with one more visit. Pure: page, worker and back-test fold with this and nothing else."""
    before = history or NOTHING
    if not seen.is_witness:
        return msgspec.structs.replace(before, visits=before.visits + 1)
    at = seen.at // 1_000_000
    short = _short(seen.device)
    known = short in before.last_devices
    earliest = not before.scans or at < before.first_at
    province = PROVINCE_INDEX.get(seen.adcode // 10000 * 10000)
    return History(
        visits=before.visits + 1,
        first_at=at if earliest else before.first_at,
        last_at=max(at, before.last_at),
        scans=before.scans + 1,
        devices=before.devices + (not known),
        first_adcode=seen.adcode if earliest else before.first_adcode,
        province_mask=before.province_mask | (0 if province is None else 1 << province),
        network_bits=before.network_bits | _network_bit(seen.network),
        last_devices=before.last_devices if known else (short, *before.last_devices[:-1]),
    )


def pack(history: History) -> bytes:
    """Devices that are not there yet take no room: most codes have one."""
    packed = _PACKED.pack(history.visits, history.first_at, history.last_at, history.scans, history.devices,
                          history.first_adcode, history.province_mask, history.network_bits, *history.last_devices)
    return packed[:SIZE - 4 * history.last_devices.count(0)]


def unpack(packed: bytes) -> History:
    """The history of `packed`; of anything that is not one (empty, damaged) the empty history."""
    if len(packed) not in _SIZES:
        return NOTHING
    packed = packed.ljust(SIZE, b"\0")
    visits, first_at, last_at, scans, devices, first_adcode, provinces, networks, *last = _PACKED.unpack(packed)
    return History(visits, first_at, last_at, scans, devices, first_adcode, provinces, networks, tuple(last))


def is_packed(held: bytes) -> bool:
    """Whether this can be a packed history, or stands for none yet (empty)."""
    return not held or len(held) in _SIZES


def _network_bit(network: int) -> int:
    # The hash is a CRC, whose low bits repeat for neighbouring addresses; multiplying spreads them.
    return 1 << ((network * 0x9E3779B1 & 0xFFFFFFFF) >> 26) if network else 0


def _short(device: int) -> int:
    return device & 0xFFFFFFFF or 1
