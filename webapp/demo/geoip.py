"""The demo's GeoIP file: GeoIP2-City records for address ranges that no real machine has.

240.0.0.0/4 is reserved and never routed (RFC 1112), 198.18.0.0/15 is for benchmarks (RFC 2544), 192.0.2.0/24,
198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32 are for documentation (RFC 5737, 3849). Loopback stays unlocated.
"""
import os
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from mmdb_writer import MmdbF64, MmdbU16, MmdbU32, MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

from webapp.places import PLACES, PROVINCE_INDEX, PROVINCE_TABLE, Place, is_province

TEXT = {
    "en": "Synthetic ranges of the Saltcheck demo; no real address is in it",
    "zh-CN": "盐证演示用合成数据，不含任何真实地址",
}
DATA_CENTRE, ABROAD = IPv4Network("198.18.0.0/16"), IPv4Network("198.19.0.0/16")
DOCUMENTED = {510300: "203.0.113.0/24", 440100: "198.51.100.0/24", 510100: "192.0.2.0/24"}  # for examples with curl
ASIA = {"code": "AS", "names": {"en": "Asia", "zh-CN": "亚洲"}}
CHINA = {"iso_code": "CN", "geoname_id": MmdbU32(1814991), "names": {"en": "China", "zh-CN": "中国"}}


@cache
def networks() -> dict[int, IPv4Network]:
    """The /13 of every prefecture, and of the provinces that have none (2,048 networks of /24 each)."""
    alone = {adcode for adcode in PROVINCE_INDEX if not any(_holds(adcode, place) for place in PLACES.values())}
    cities = sorted(adcode for adcode in PLACES if not is_province(adcode) or adcode in alone)
    return dict(zip(cities, IPv4Network("240.0.0.0/4").subnets(new_prefix=13), strict=False))


def address(adcode: int, network: int, host: int) -> str:
    """An address in the n-th /24 of a prefecture; both count round."""
    return str(IPv4Address(int(networks()[adcode].network_address) + (network % 2048 << 8) + 1 + host % 254))


def build_geoip(path: Path) -> None:
    """Write the file, whole or not at all."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoIP2-City",
                        languages=["en", "zh-CN"], description=TEXT)
    for index, (adcode, network) in enumerate(networks().items()):
        ranges = [str(network), str(IPv6Network(((0x20010DB8 << 96) + (index + 1 << 80), 48)))]
        writer.insert_network(IPSet([*ranges, *filter(None, [DOCUMENTED.get(adcode)])]), _record(PLACES[adcode]))
    hosting = _record(PLACES[110100]) | {"traits": {"is_hosting_provider": True}}
    writer.insert_network(IPSet([str(DATA_CENTRE)]), hosting)
    writer.insert_network(IPSet([str(ABROAD)]), _singapore())
    part = path.with_name(f".{path.name}.part")
    writer.to_db_file(str(part))
    os.replace(part, path)


def _record(place: Place) -> dict[str, Any]:
    """As real files write it: the city with and without 市, a radius that grows with the distance from big cities."""
    names = {"en": place.name_en, "zh-CN": place.name_zh.removesuffix("市") if place.adcode % 200 else place.name_zh}
    province = PROVINCE_TABLE[PROVINCE_INDEX[place.province]]
    radius = 20 if place.adcode % 10000 == 100 else 50
    return {
        "adcode": MmdbU32(place.adcode),
        **({} if is_province(place.adcode) else {"city": {"names": names}}),
        "continent": ASIA, "country": CHINA, "registered_country": CHINA,
        "subdivisions": [{"iso_code": province.iso,
                          "names": {"en": PLACES[place.province].name_en, "zh-CN": province.short_zh}}],
        "location": {"latitude": MmdbF64(place.lat), "longitude": MmdbF64(place.lon),
                     "accuracy_radius": MmdbU16(radius), "time_zone": "Asia/Shanghai"},
    }


def _singapore() -> dict[str, Any]:
    country = {"iso_code": "SG", "names": {"en": "Singapore", "zh-CN": "新加坡"}}
    return {"city": {"names": country["names"]}, "continent": ASIA, "country": country, "registered_country": country,
            "location": {"latitude": MmdbF64(1.35), "longitude": MmdbF64(103.82),
                         "accuracy_radius": MmdbU16(50), "time_zone": "Asia/Singapore"}}


def _holds(province: int, place: Place) -> bool:
    return place.province == province and place.adcode != province
