"""Names as GeoIP files write them lead to the right place, or to none."""
import subprocess
import sys

import pytest

from webapp.places import PLACES, find, is_province, nearest, prefecture_of, province_by_iso, province_of


@pytest.mark.parametrize(("name", "adcode"), [
    ("自贡", 510300), ("自贡市", 510300), ("Zigong", 510300), ("zigong", 510300), ("Zigong City", 510300),
    ("Xi'an", 610100), ("Xian", 610100), ("Xi’an", 610100),
    ("Ürümqi", 650100), ("Urumqi", 650100), ("乌鲁木齐", 650100),
    ("延边", 222400), ("延边朝鲜族自治州", 222400), ("Yanbian Chaoxianzu Zizhizhou", 222400), ("Yanji", 222400),
    ("喀什", 653100), ("Kashgar", 653100), ("Kashi", 653100),
    ("锡林郭勒", 152500), ("锡林郭勒盟", 152500), ("Xilingol League", 152500),
    ("伊犁哈萨克自治州", 654000), ("克孜勒苏柯尔克孜自治州", 653000), ("黔西南", 522300),
    ("Harbin", 230100), ("Haerbin", 230100), ("Hohhot", 150100), ("Lhasa", 540100), ("拉萨", 540100),
    ("昆山", 320500), ("Kunshan", 320500), ("义乌市", 330700), ("神农架", 429021), ("仙桃", 429004),
    ("北京", 110100), ("Shanghai", 310100), ("Hong Kong", 810000), ("内蒙古自治区", 150000), ("Tibet", 540000),
    ("四川", 510000), ("吉林省", 220000), ("吉林市", 220200), ("Jilin", 220200), ("海南省", 460000),
])
def test_finds(name, adcode):
    assert find(name) == adcode


@pytest.mark.parametrize("name", ["", " ", "市", "Nowhere", "Suzhou", "Fuzhou", "Taizhou", "Yichun", "Hainan", "\0"])
def test_does_not_guess(name):
    assert find(name) == 0


@pytest.mark.parametrize(("name", "province", "adcode"), [
    ("Suzhou", 320000, 320500), ("Suzhou", 340000, 341300), ("Fuzhou", 350000, 350100), ("Fuzhou", 360000, 361000),
    ("Yulin", 610000, 610800), ("Yulin", 450000, 450900), ("Hainan", 630000, 632500), ("Hainan", 460000, 460000),
    ("Fuyang", 340000, 341200), ("Fuyang", 330000, 330100), ("Zigong", 440000, 0),
])
def test_within_a_province(name, province, adcode):
    assert find(name, province) == adcode


def test_every_place_is_found_by_each_of_its_names_within_its_province():
    lost = [
        (place.adcode, name) for place in PLACES.values() if not is_province(place.adcode)
        for name in (place.name_zh, place.name_en, place.name_zh.removesuffix("市"))
        if find(name, place.province) != place.adcode
    ]
    assert lost == []


def test_subdivision_codes():
    assert province_by_iso("SC") == province_by_iso("sc") == province_by_iso("51") == 510000
    assert province_by_iso("ZZ") == province_by_iso("") == province_by_iso("99") == 0


def test_a_county_belongs_to_its_prefecture_and_province():
    assert (prefecture_of(510302), province_of(510302)) == (510300, 510000)
    assert prefecture_of(371202) == 370000  # 莱芜 is gone: only the province is still certain
    assert (prefecture_of(990101), province_of(0), province_of(-1)) == (0, 0, 0)


def test_nearest_seat():
    assert nearest(29.40, 104.80) == 510300
    assert nearest(1.35, 103.82) == 0
    assert nearest(29.40, 104.80, within_km=1) == 0


def test_importing_reads_no_file():
    script = "import webapp.places as p; assert p._read.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", script], check=True)
