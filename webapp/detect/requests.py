"""Lines of a back-test's event file become the engine's events: the same reading of addresses, places and phones as on
the live page."""
import zlib
from collections.abc import Callable, Container
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from math import cos, hypot, radians
from typing import Literal, Protocol

import msgspec

from webapp.detect.event import BOT, DESKTOP, MOBILE, PERSON, UNSTATED, WIFI, Event
from webapp.geolocate import Geolocator, truncate_ip
from webapp.keys import CodeKeys
from webapp.places import nearest as nearest_place
from webapp.verify.code import BadCode, nearest, read_code
from webapp.verify.digital_link import read_address

SHARE_MARKS = frozenset(("s=1", "from=singlemessage", "from=groupmessage", "from=timeline"))
POSITION_KM, POSITION_M = 60.0, 500.0
KM_A_DEGREE = 111.2


class Line(msgspec.Struct, gc=False):
    """One line of the file (contract, section 6)."""

    time: datetime
    code: str
    ip: str
    device: str
    ua: str
    gps: tuple[float, float, float] | None = None


class Agent(Protocol):
    """What a user agent says about itself."""

    @property
    def name(self) -> str: ...
    @property
    def wifi(self) -> bool: ...
    @property
    def is_bot(self) -> bool: ...


class BadEvent(Exception):
    """A line that is no event; the text says why."""


class Reader:
    """Makes events of lines; remembers user agents, networks and wrong codes it has seen."""

    def __init__(self, keys: CodeKeys, places: Geolocator, staff: Container[str],
                 agent_of: Callable[[str], Agent]) -> None:
        self._keys, self._places, self._staff = keys, places, staff
        self._decode = msgspec.json.Decoder(Line).decode
        self._agent = lru_cache(8192)(lambda text: _agent(text, agent_of(text)))
        self._network = lru_cache(1 << 17)(self._look_up)
        self._misread = lru_cache(1 << 14)(self._is_misread)
        self._code = lru_cache(1 << 16)(self._read_code)

    def event(self, line: bytes) -> Event:
        """Raises BadEvent."""
        try:
            seen = self._decode(line)
        except msgspec.MsgspecError as error:
            raise BadEvent(str(error)) from None
        if seen.time.tzinfo is None:
            raise BadEvent("time has no zone; write UTC, as 2026-01-31T08:00:00Z")
        address, _, query = seen.code.partition("?")
        serial, bad, text = self._code(address)
        network, city, lat, lon, hosting = self._network(_net_key(seen.ip))
        point = None
        if seen.gps is not None and seen.gps[2] <= POSITION_M:
            point = (seen.gps[0], seen.gps[1])
            city = _city_at(point, city, lat, lon)
        agent, link, wechat = self._agent(seen.ua)
        device = int.from_bytes(blake2b(seen.device.encode(), digest_size=8).digest(), "big") >> 1
        return Event(
            seen.time.timestamp(), serial, device, network, city, point, agent, link, wechat, hosting,
            bool(query) and not SHARE_MARKS.isdisjoint(query.split("&")), seen.device in self._staff, bad,
            text, bad == "forged" and self._misread(text))

    def _read_code(self, address: str) -> tuple[int, Literal["", "malformed", "forged"], str]:
        plain = "/01/" not in address and "%" not in address
        code = read_code(address.rpartition("/")[2] if plain else read_address(address).code, self._keys)
        if isinstance(code, BadCode):
            return 0, code.kind, code.text
        return code.serial, "", ""

    def _is_misread(self, text: str) -> bool:
        return bool(nearest(text, self._keys))

    def _look_up(self, ip: str) -> tuple[int, int, float, float, bool]:
        network = truncate_ip(ip)
        place = self._places.place(ip)
        return zlib.crc32(network.encode()) if network else 0, place.adcode, place.lat, place.lon, place.hosting


def _net_key(ip: str) -> str:
    """One address of the network stands for all of it."""
    head, dot, _ = ip.rpartition(".")
    return head + ".1" if dot and ":" not in ip else ip


def _agent(text: str, agent: Agent) -> tuple[int, int, bool]:
    kind = BOT if agent.is_bot or agent.name in ("script", "bot", "none") else (
        DESKTOP if agent.name == "desktop" else PERSON)
    link = WIFI if agent.wifi else MOBILE if "NetType/" in text else UNSTATED
    return kind, link, agent.name == "wechat"


def _city_at(point: tuple[float, float], city: int, lat: float, lon: float) -> int:
    """The address's own city where the phone is near it, else the prefecture around the phone, else the address's."""
    if city and hypot(point[0] - lat, (point[1] - lon) * cos(radians(lat))) * KM_A_DEGREE <= POSITION_KM:
        return city
    return nearest_place(point[0], point[1]) or city
