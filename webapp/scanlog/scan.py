"""A scan: one visit by a person, built once from the request and kept as it is from the spool to the table."""
import zlib
from hashlib import blake2b

import msgspec

from webapp.verify.sighting import DESKTOP, HOSTING, MACHINE, SHARED, STAFF, WECHAT, WIFI, Sighting

KIND = b"S"  # first byte of a spool record that holds a scan


class Scan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`at` µs since the epoch (UTC). `device` a 63-bit pseudonym. `network` the truncated address, "" = not known.

    adcode: GB/T 2260 prefecture or province, 0 = unlocated. place_source: geoip | gps | none. agent: wechat | alipay |
    browser | desktop | script | bot | none. role: shopper | staff. verdict: the word the page said ("" before it is
    judged).
    """

    scan_id: str
    at: int
    serial: int
    device: int
    network: str
    adcode: int
    place_source: str
    radius_km: int
    agent: str
    wifi: bool
    hosting: bool
    shared: bool
    role: str
    verdict: str


def scan_id(device: int, serial: int, at: int) -> str:
    """32 hex digits, the same for the same visit: keeping it twice leaves one row."""
    named = device.to_bytes(8, "big") + serial.to_bytes(8, "big") + at.to_bytes(8, "big")
    return blake2b(named, digest_size=16).hexdigest()


def sighting_of(scan: Scan) -> Sighting:
    """What the code's history learns from this scan."""
    flags = (
        (scan.wifi and WIFI) | (scan.hosting and HOSTING) | (scan.shared and SHARED)
        | (scan.role == "staff" and STAFF) | (scan.agent == "wechat" and WECHAT)
        | (scan.agent in ("script", "bot", "none") and MACHINE) | (scan.agent == "desktop" and DESKTOP)
    )
    network = zlib.crc32(scan.network.encode()) if scan.network else 0
    return Sighting(scan.at, scan.device, network, scan.adcode, int(flags), min(scan.radius_km, 65_535))


def retimed(scan: Scan, at: int) -> Scan:
    """The same visit as first noted at `at`: a reload is kept under the time, and so the id, of its first page."""
    return msgspec.structs.replace(scan, at=at, scan_id=scan_id(scan.device, scan.serial, at))


def encode(scan: Scan, verdict: str = "") -> bytes:
    """The spool record of a scan, with the word that the page says."""
    if verdict:
        scan = msgspec.structs.replace(scan, verdict=verdict)
    return KIND + _ENCODER.encode(scan)


def decode(payload: bytes) -> Scan:
    """The scan of a spool record. Raises BadRecord."""
    try:
        scan = _DECODER.decode(memoryview(payload)[1:])
    except msgspec.MsgspecError as error:
        raise BadRecord(str(error)) from None
    if not (MIN_AT <= scan.at < MAX_AT and 0 <= scan.serial < 1 << 50 and 0 <= scan.device < 1 << 63):
        raise BadRecord(f"a number of scan {scan.scan_id[:32]!r} is out of range")
    return scan


class BadRecord(Exception):
    """A spool record that holds no scan."""


MIN_AT, MAX_AT = 1_577_836_800_000_000, 4_102_444_800_000_000  # 2020 to 2100: a wilder clock makes no partition
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Scan)
