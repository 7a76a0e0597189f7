"""The table of places is checked against python-stdnum's GB/T 2260 data and against the map."""
import csv
import itertools
import re

import pytest
from stdnum import numdb

from webapp.places import DATA, PLACES, PROVINCE_TABLE, PROVINCES, distance_km, is_province

# South, west, north, east of each province's land, rounded outwards (degrees, WGS-84).
BOXES = {
    11: (39.4, 115.3, 41.2, 117.6), 12: (38.5, 116.6, 40.3, 118.2), 13: (36.0, 113.4, 42.7, 119.9),
    14: (34.5, 110.1, 40.8, 114.7), 15: (37.3, 97.1, 53.4, 126.1), 21: (38.7, 118.7, 43.5, 125.9),
    22: (40.8, 121.6, 46.4, 131.4), 23: (43.3, 121.1, 53.6, 135.2), 31: (30.6, 120.8, 31.9, 122.3),
    32: (30.7, 116.3, 35.2, 122.0), 33: (27.0, 118.0, 31.2, 122.9), 34: (29.3, 114.8, 34.7, 119.7),
    35: (23.5, 115.8, 28.4, 120.8), 36: (24.4, 113.5, 30.1, 118.5), 37: (34.3, 114.7, 38.5, 122.8),
    41: (31.3, 110.3, 36.4, 116.7), 42: (29.0, 108.3, 33.3, 116.2), 43: (24.6, 108.7, 30.2, 114.3),
    44: (20.2, 109.6, 25.6, 117.4), 45: (20.9, 104.4, 26.4, 112.1), 46: (3.4, 108.5, 20.3, 118.0),
    50: (28.1, 105.2, 32.3, 110.2), 51: (26.0, 97.3, 34.4, 108.6), 52: (24.6, 103.5, 29.3, 109.6),
    53: (21.1, 97.5, 29.3, 106.3), 54: (26.8, 78.3, 36.6, 99.2), 61: (31.6, 105.4, 39.6, 111.3),
    62: (32.5, 92.3, 42.9, 108.8), 63: (31.6, 89.4, 39.3, 103.1), 64: (35.2, 104.2, 39.4, 107.7),
    65: (34.3, 73.4, 49.2, 96.4), 71: (21.8, 119.3, 25.4, 122.1), 81: (22.1, 113.8, 22.6, 114.5),
    82: (22.1, 113.5, 22.3, 113.7),
}
MUNICIPALITIES = {110100, 120100, 310100, 500100}  # the standard calls these 市辖区


def standard_name(adcode):
    """The name in force today by stdnum's data, or None for a code that it does not have or that was withdrawn."""
    entry = {}
    for _, facts in numdb.get("cn/loc").info(str(adcode)):
        entry.update(facts)
    for name in filter(None, entry.get("county", "").split(",")):
        years = re.match(r"\[(\d*)-(\d*)\](.*)", name)
        if years is None or not years[2]:
            return years[3] if years else name
    return None


def test_every_code_is_in_force_and_named_as_in_the_standard():
    wrong = {
        place.adcode: (place.name_zh, standard_name(place.adcode)) for place in PLACES.values()
        if standard_name(place.adcode) != ("市辖区" if place.adcode in MUNICIPALITIES else place.name_zh)
    }
    assert wrong == {}


def test_every_prefecture_of_the_standard_is_in_the_table():
    missing = [
        code for province in PROVINCES for code in range(province + 100, province + 9000, 100)
        if (name := standard_name(code)) and name not in ("县", "林区", "市辖区") and code not in PLACES
    ]
    assert missing == []


def test_every_municipality_has_its_city():
    assert {code for code in PLACES if code in MUNICIPALITIES} == MUNICIPALITIES


def test_a_withdrawn_code_would_be_noticed():
    assert standard_name(371200) is None  # 莱芜市, part of 济南 since 2019
    assert standard_name(990000) is None


@pytest.mark.parametrize("place", PLACES.values(), ids=lambda place: str(place.adcode))
def test_a_place_lies_in_its_province(place):
    south, west, north, east = BOXES[place.adcode // 10000]
    assert south <= place.lat <= north
    assert west <= place.lon <= east


def test_no_two_places_lie_within_a_kilometre():
    close = [
        (a.name_en, b.name_en) for a, b in itertools.combinations(PLACES.values(), 2)
        if abs(a.lat - b.lat) < 0.02 and distance_km(a.lat, a.lon, b.lat, b.lon) < 1
    ]
    assert close == []


def test_the_file_is_sorted_and_has_no_code_twice():
    with DATA.open(encoding="utf-8", newline="") as file:
        codes = [int(row["adcode"]) for row in csv.DictReader(file)]
    assert codes == sorted(set(codes))
    assert len([code for code in codes if not is_province(code)]) >= 337


def test_provinces_are_34_in_the_order_of_the_standard():
    assert len(PROVINCES) == 34
    assert list(PROVINCES) == sorted(PROVINCES)
    assert all(PLACES[adcode].name_zh.startswith(province.short_zh)
               for adcode, province in zip(PROVINCES, PROVINCE_TABLE, strict=True))


def test_every_province_has_its_own_square_and_iso_code():
    assert len({(province.row, province.column) for province in PROVINCE_TABLE}) == 34
    assert len({province.iso for province in PROVINCE_TABLE}) == 34


def test_tiles_keep_neighbours_in_order():
    """A map with Harbin in the south would pass every other check."""
    tile = {province.iso: province for province in PROVINCE_TABLE}
    assert tile["HL"].row < tile["LN"].row < tile["SD"].row < tile["ZJ"].row < tile["HI"].row
    assert tile["XJ"].column < tile["GS"].column < tile["SX"].column < tile["JS"].column < tile["HL"].column
    assert tile["XZ"].column < tile["SC"].column < tile["AH"].column < tile["SH"].column
