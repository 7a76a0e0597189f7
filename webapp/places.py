"""China's provinces and prefectures by GB/T 2260 code: names, seats and where a GeoIP file's names belong.

A place is its six-digit code (adcode): 510300 is a prefecture, 510000 a province, 0 is "not known" and never a place.
Coordinates are WGS-84 degrees: of the seat for a prefecture, of the middle of the land for a province.
"""
import csv
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).with_name("gbt2260.csv")
UNLOCATED = 0
KM_PER_DEGREE = 111.0  # of latitude


class Place(NamedTuple):
    adcode: int
    name_zh: str
    name_en: str
    lat: float
    lon: float
    province: int


class Province(NamedTuple):
    """`row`, `column`: its square on the tile map, from the north-west. `population`: millions, rounded, for weighting
    only. `iso`: the part of ISO 3166-2:CN after "CN-"."""

    adcode: int
    iso: str
    short_zh: str
    row: int
    column: int
    population: int


PROVINCE_TABLE: tuple[Province, ...] = (
    Province(110000, "BJ", "北京", 2, 5, 22),
    Province(120000, "TJ", "天津", 3, 6, 14),
    Province(130000, "HE", "河北", 3, 5, 75),
    Province(140000, "SX", "山西", 3, 4, 35),
    Province(150000, "NM", "内蒙古", 2, 4, 24),
    Province(210000, "LN", "辽宁", 2, 7, 43),
    Province(220000, "JL", "吉林", 1, 8, 24),
    Province(230000, "HL", "黑龙江", 0, 8, 32),
    Province(310000, "SH", "上海", 5, 6, 25),
    Province(320000, "JS", "江苏", 4, 6, 85),
    Province(330000, "ZJ", "浙江", 6, 6, 65),
    Province(340000, "AH", "安徽", 5, 5, 61),
    Province(350000, "FJ", "福建", 7, 5, 42),
    Province(360000, "JX", "江西", 6, 5, 45),
    Province(370000, "SD", "山东", 4, 5, 102),
    Province(410000, "HA", "河南", 4, 4, 99),
    Province(420000, "HB", "湖北", 5, 4, 58),
    Province(430000, "HN", "湖南", 6, 4, 66),
    Province(440000, "GD", "广东", 7, 4, 126),
    Province(450000, "GX", "广西", 7, 3, 50),
    Province(460000, "HI", "海南", 8, 3, 10),
    Province(500000, "CQ", "重庆", 5, 3, 32),
    Province(510000, "SC", "四川", 4, 2, 84),
    Province(520000, "GZ", "贵州", 6, 3, 39),
    Province(530000, "YN", "云南", 7, 2, 47),
    Province(540000, "XZ", "西藏", 4, 0, 4),
    Province(610000, "SN", "陕西", 4, 3, 40),
    Province(620000, "GS", "甘肃", 3, 2, 25),
    Province(630000, "QH", "青海", 3, 1, 6),
    Province(640000, "NX", "宁夏", 3, 3, 7),
    Province(650000, "XJ", "新疆", 2, 0, 26),
    Province(710000, "TW", "台湾", 7, 7, 24),
    Province(810000, "HK", "香港", 8, 5, 7),
    Province(820000, "MO", "澳门", 8, 4, 1),
)
# The order is fixed for good: a code's history keeps its provinces as bits by position here.
PROVINCES: tuple[int, ...] = tuple(province.adcode for province in PROVINCE_TABLE)
PROVINCE_INDEX: Mapping[int, int] = {adcode: index for index, adcode in enumerate(PROVINCES)}
_ISO = {province.iso: province.adcode for province in PROVINCE_TABLE}


class _Places(Mapping[int, Place]):
    """All places by adcode; the file is read at the first question, not at import."""

    def __getitem__(self, adcode: int) -> Place:
        return _read()[adcode]

    def __iter__(self) -> Iterator[int]:
        return iter(_read())

    def __len__(self) -> int:
        return len(_read())


PLACES: Mapping[int, Place] = _Places()


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def _read() -> dict[int, Place]:
    return {
        adcode: Place(adcode, row["name_zh"], row["name_en"], float(row["lat"]), float(row["lon"]), province_of(adcode))
        for row in _rows() for adcode in (int(row["adcode"]),)
    }


def province_of(adcode: int) -> int:
    """The province's adcode of any GB/T 2260 code, down to a county's; 0 where there is none."""
    province = adcode // 10000 * 10000
    return province if province in PROVINCE_INDEX else UNLOCATED


def is_province(adcode: int) -> bool:
    """Whether only the province is known."""
    return adcode in PROVINCE_INDEX


def prefecture_of(adcode: int) -> int:
    """The finest place of the table that holds this code: a county becomes its prefecture, an unknown code 0."""
    for candidate in (adcode, adcode // 100 * 100, province_of(adcode)):
        if candidate in PLACES:
            return candidate
    return UNLOCATED


def province_by_iso(code: str) -> int:
    """The province of an ISO 3166-2:CN subdivision ("SC", or "51" as older files have it); 0 when unknown."""
    if code.isdecimal():
        return province_of(int(code) * 10000)
    return _ISO.get(code.upper(), UNLOCATED)


def find(name: str, province: int = UNLOCATED) -> int:
    """The place a GeoIP file means by a Chinese or English name, with or without 市, 地区, 盟, 自治州.

    Within `province` where that is known. Returns 0 for an unknown name and for one that two places share (Suzhou,
    Fuzhou, Hainan): nobody's scan is put in the wrong city by a guess. Of a province and its prefecture of the same
    name (吉林) the prefecture is meant, unless the name says 省.
    """
    wanted = _plain(name)
    for key, names in ((name.strip(), _names("exact")), (wanted, _names("own")), (wanted, _names("also"))):
        found = [adcode for adcode in names.get(key, ()) if not province or province_of(adcode) == province]
        if found:
            finer = [adcode for adcode in found if not is_province(adcode)] or found
            alone = len(finer) == 1 and len({province_of(adcode) for adcode in found}) == 1
            return finer[0] if alone else UNLOCATED
    return UNLOCATED


def find_province(name: str) -> int:
    """The province of this name, also where a prefecture has the same (Jilin, Hainan); 0 when there is none."""
    for kind in ("own", "also"):
        for adcode in filter(is_province, _names(kind).get(_plain(name), ())):
            return adcode
    return UNLOCATED


@cache
def _names(kind: str) -> dict[str, list[int]]:
    """Adcodes by name: `exact` Chinese names as printed, `own` names made plain, or the spellings they `also` have."""
    table: dict[str, list[int]] = {}
    for row in _rows():
        spellings = {
            "exact": {row["name_zh"]},
            "own": {_plain(row["name_zh"]), _plain(row["name_en"])},
            "also": {_plain(name) for name in row["also"].split(";") if name},
        }
        for name in spellings[kind]:
            table.setdefault(name, []).append(int(row["adcode"]))
    return table


_PEOPLES = (
    "(?:蒙古|藏|回|朝鲜|土家|苗|羌|彝|布依|侗|哈尼|壮|傣|白|景颇|傈僳|黎)族|蒙古(?=自治)|哈萨克|柯尔克孜|维吾尔"
)
_KIND_ZH = re.compile(f"(?:{_PEOPLES})*(?:自治[州县区]|特别行政区)$|(?<=..)(?:市|地区|盟|林区|省|县)$")
_KIND_EN = frozenset(
    ("city", "shi", "prefecture", "league", "meng", "diqu", "county", "xian", "province", "sheng", "municipality")
)
_SELF_RULED = frozenset(("autonomous", "zizhizhou", "zizhiqu", "zizhixian"))


def _plain(name: str) -> str:
    """One spelling for many: no accents, case, apostrophes, blanks, (districts), and no word for the kind of place."""
    name = _KIND_ZH.sub("", name.partition("(")[0].strip())
    bare = unicodedata.normalize("NFKD", name.casefold())
    words = "".join(c for c in bare if c.isalnum() or c.isspace()).split()
    if _SELF_RULED.intersection(words):
        return words[0]
    return "".join(word for word in words if word not in _KIND_EN) or "".join(words)


def nearest(lat: float, lon: float, within_km: float = 150) -> int:
    """The prefecture whose seat is nearest to a WGS-84 point; 0 when none lies within the distance."""
    place = min(
        (place for place in PLACES.values()
         if not is_province(place.adcode) and abs(place.lat - lat) * KM_PER_DEGREE <= within_km),
        key=lambda place: distance_km(lat, lon, place.lat, place.lon), default=None,
    )
    if place is None or distance_km(lat, lon, place.lat, place.lon) > within_km:
        return UNLOCATED
    return place.adcode


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Kilometres between two WGS-84 points on a sphere."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 12742 * math.asin(min(1.0, math.sqrt(half)))
