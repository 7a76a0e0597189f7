"""Where an address is, by a GeoIP2-City file: a hint at the province, never evidence by itself.

The file may be replaced at any time; a file that is missing or broken leaves every address unlocated, or the last good
one in use, and `reason` says why.
"""
import ipaddress
import re
import shutil
import tempfile
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
import structlog

from webapp.places import PLACES, UNLOCATED, find, find_province, is_province, prefecture_of, province_by_iso

RELOAD_EVERY = 1.0  # seconds between two looks at the file
CACHED_NETWORKS = 16_384
CITY_RADIUS_KM, PROVINCE_RADIUS_KM = 50, 300  # where the file does not say
# What nearly every address looks like; ipaddress reads the rest, and costs ten times as much.
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
PLAIN_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII).fullmatch
OWN_PROVINCES = {"HK": 810000, "MO": 820000, "TW": 710000}  # GB/T 2260 has them; ISO 3166-1 codes of their own

log = structlog.get_logger()


class Located(NamedTuple):
    """`source` is "geoip", or "none" when the file knows nothing usable; then `adcode` is 0 and no place may be shown.

    `lat`, `lon` (WGS-84) and `radius_km` are the file's; `hosting` marks data-centre ranges; `country` is ISO 3166-1
    alpha-2, or "" when not known.
    """

    adcode: int
    lat: float
    lon: float
    source: str
    radius_km: int
    hosting: bool
    country: str


NOWHERE = Located(UNLOCATED, 0.0, 0.0, "none", 0, False, "")


@lru_cache(8192)
def truncate_ip(ip: str) -> str:
    """The network an address is remembered by: "203.0.113.0/24", or "2001:db8:1::/48". "" when it is no address."""
    if PLAIN_IPV4(ip):
        return f"{ip.rpartition('.')[0]}.0/24"
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((int(address) >> _host_bits(address) << _host_bits(address), _kept(address))))


class Geolocator:
    """Looks up addresses in the file at `path`; safe for many threads. `None`: every address is unlocated."""

    def __init__(self, path: Path | str | None) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None  # the file as last looked at: inode, size, mtime
        self._next_look = 0.0
        self._file: _File | None = None
        self.reason: str | None = None  # why addresses are not located, or not by the newest file
        self._look()

    def place(self, ip: str) -> Located:
        """Where the address is. Never raises: junk, private and unknown addresses are unlocated."""
        if time.monotonic() >= self._next_look:
            self._look()
        file, network = self._file, truncate_ip(ip)
        if file is None or not network:
            return NOWHERE
        known = file.recent.get(network)
        if known is not None:
            return known
        try:
            return file.ask(ip, network)
        except Exception as error:  # noqa: BLE001  a damaged record fails in any way, and a shopper is waiting
            self._complain(f"{self._path} has damaged records ({error}); put a good file there")
            return NOWHERE

    def _look(self) -> None:
        """Take the file if it is another one than last time; the old one stays in use until the new one is open."""
        if not self._lock.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._next_look = time.monotonic() + RELOAD_EVERY
            if self._path is None:
                self.reason = "no GeoIP file is set (SALTCHECK_GEOIP_DB)"
                return
            stat = self._path.stat()
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp != self._stamp:
                self._stamp = stamp
                self._file = _File(_open(self._path))
                self.reason = None
        except FileNotFoundError:
            self._stamp = None
            self._complain(f"{self._path} does not exist; put a GeoIP2-City .mmdb there")
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            self._complain(f"{self._path} cannot be read ({error}); put a GeoIP2-City .mmdb there")
        finally:
            self._lock.release()

    def _complain(self, reason: str) -> None:
        if reason != self.reason:
            self.reason = reason
            log.warning("geoip_unusable", reason=reason, old_file_in_use=self._file is not None)


class _File:
    """One opened file and what was read from it: both go together when a newer file comes."""

    def __init__(self, reader: maxminddb.Reader) -> None:
        self._reader = reader
        self.recent: dict[str, Located] = {}
        self._older: dict[str, Located] = {}
        self._places: dict[Located, Located] = {}

    def ask(self, ip: str, network: str) -> Located:
        located = self._older.get(network)
        if located is None:
            # Plain text is read by the C library; it would take some addresses that ipaddress refuses.
            record, prefix = self._reader.get_with_prefix_len(ip if PLAIN_IPV4(ip) else _address(ip))
            located = _located(record) if isinstance(record, dict) else NOWHERE
            located = self._places.setdefault(located, located)  # most networks are in a few hundred places
            if prefix > int(network.rpartition("/")[2]):
                return located  # finer than the network: its neighbours may be elsewhere
        if len(self.recent) >= CACHED_NETWORKS // 2:  # two generations: the older one is forgotten whole
            self._older, self.recent, self._places = self.recent, {}, {}
        self.recent[network] = located
        return located


def _open(path: Path) -> maxminddb.Reader:
    """Open a private copy: a file that is mapped and then cut in place would kill the process at the next read."""
    with tempfile.NamedTemporaryFile(prefix="saltcheck-geoip-", suffix=".mmdb") as copy:
        with path.open("rb") as file:
            shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        reader = maxminddb.open_database(copy.name, maxminddb.MODE_AUTO)
    kind = reader.metadata().database_type
    if "City" not in kind and "Enterprise" not in kind:
        reader.close()
        raise ValueError(f"holds {kind!r}, not cities")
    return reader


def _located(record: dict[str, Any]) -> Located:
    country = _dict(record.get("country")).get("iso_code") or ""
    hosting = bool(_dict(record.get("traits")).get("is_hosting_provider"))
    adcode = _adcode(record, country)
    if not adcode:
        return NOWHERE._replace(country=country, hosting=hosting)
    point = _dict(record.get("location"))
    place = PLACES[adcode]
    return Located(
        adcode, float(point.get("latitude", place.lat)), float(point.get("longitude", place.lon)), "geoip",
        int(point.get("accuracy_radius") or (PROVINCE_RADIUS_KM if is_province(adcode) else CITY_RADIUS_KM)),
        hosting, "CN",
    )


def _adcode(record: dict[str, Any], country: str) -> int:
    """Our code by the record's own `adcode`, else by its city within its province, else the province; else 0."""
    own = record.get("adcode")
    if own and str(own).isdecimal() and (known := prefecture_of(int(own))):
        return known
    if country in OWN_PROVINCES:
        return OWN_PROVINCES[country]
    if country != "CN":
        return UNLOCATED
    parts = [_dict(part) for part in record.get("subdivisions") or ()]
    province = next(filter(None, map(_province, parts)), UNLOCATED)
    for level in (_dict(record.get("city")), *parts[1:]):
        for name in _names(level):
            if (city := find(name, province)) and not is_province(city):
                return city
    return province


def _province(subdivision: dict[str, Any]) -> int:
    by_name = filter(None, map(find_province, _names(subdivision)))
    return province_by_iso(str(subdivision.get("iso_code") or "")) or next(by_name, UNLOCATED)


def _names(level: dict[str, Any]) -> list[str]:
    names = _dict(level.get("names"))
    return [str(names[language]) for language in ("zh-CN", "en") if names.get(language)]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(ip)
    return address.ipv4_mapped or address if address.version == 6 else address


def _kept(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return 24 if address.version == 4 else 48


def _host_bits(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return address.max_prefixlen - _kept(address)
