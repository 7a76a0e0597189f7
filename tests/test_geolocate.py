"""Addresses become places by any GeoIP2-City file; a bad file never costs a shopper the page."""
import os
import time

import pytest
from mmdb_writer import MmdbF64, MmdbU16, MMDBWriter
from netaddr import IPSet
from structlog.testing import capture_logs

from webapp import geolocate
from webapp.geolocate import NOWHERE, Geolocator, truncate_ip

CHINA = {"iso_code": "CN", "names": {"en": "China", "zh-CN": "中国"}}


def record(city=None, subdivision=None, lat=30.0, lon=104.0, radius=20, country=CHINA, **more):
    """A GeoIP2-City record; `city` and `subdivision` are (English, Chinese), the latter with its ISO code before."""
    found = {"country": country, **more}
    if city:
        found["city"] = {"names": {"en": city[0], "zh-CN": city[1]}}
    if subdivision:
        iso, en, zh = subdivision
        found["subdivisions"] = [{**({"iso_code": iso} if iso else {}), "names": {"en": en, "zh-CN": zh}}]
    if lat is not None:
        found["location"] = {"latitude": MmdbF64(lat), "longitude": MmdbF64(lon), "accuracy_radius": MmdbU16(radius)}
    return found


def write(path, networks, kind="GeoIP2-City"):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en", "zh-CN"],
                        description={"en": "Synthetic, for tests", "zh-CN": "测试用，非真实数据"})
    for network, found in networks.items():
        writer.insert_network(IPSet([network]), found)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    os.replace(fresh, path)
    return path


@pytest.fixture
def locate_as(tmp_path):
    """Where an address is, given the record that the file has for it."""
    def locate(found):
        return Geolocator(write(tmp_path / "one.mmdb", {"36.0.0.0/16": found})).place("36.0.1.2")
    return locate


SICHUAN = ("SC", "Sichuan", "四川")


@pytest.mark.parametrize(("found", "adcode"), [
    (record(("Zigong", "自贡市"), SICHUAN), 510300),
    (record(("Zigong", "自贡"), SICHUAN), 510300),
    (record(("Zigong", ""), SICHUAN), 510300),
    (record(("Zigong (Ziliujing)", ""), (None, "Sichuan", "")), 510300),
    (record(("Suzhou", "Suzhou"), ("AH", "Anhui", "安徽")), 341300),
    (record(("Jilin", "吉林市"), ("JL", "Jilin", "吉林")), 220200),
    (record(("Beijing", "北京"), ("BJ", "Beijing", "北京市")), 110100),
    (record(("Wharever", "某镇"), SICHUAN), 510000),
    (record(None, SICHUAN), 510000),
    (record(None, (None, "Jilin", "吉林")), 220000),
    (record(None, (None, "Hainan", "海南省")), 460000),
    (record(("Zigong", "自贡市"), ("51", "Sichuan Sheng", "四川省")), 510300),
    (record(("Anything", "其他"), SICHUAN, adcode=440100), 440100),
    (record(("Anything", "其他"), SICHUAN, adcode=440106), 440100),
    (record(("Zigong", "自贡市"), SICHUAN, adcode=990000), 510300),
    (record(None, None), 0),
    (record(None, None, country={"iso_code": "SG"}), 0),
    (record(("Zigong", ""), SICHUAN, country={"iso_code": "SG"}), 0),
    (record(("Suzhou", ""), None), 0),
    (record(("Hong Kong", "香港"), None, country={"iso_code": "HK"}), 810000),
    ({}, 0),
])
def test_places(locate_as, found, adcode):
    located = locate_as(found)
    assert located.adcode == adcode
    assert located.source == ("geoip" if adcode else "none")


def test_point_radius_and_country_come_from_the_file(locate_as):
    assert locate_as(record(("Zigong", ""), SICHUAN, 29.3, 104.7, 100)) == (
        510300, 29.3, 104.7, "geoip", 100, False, "CN")


def test_without_a_point_the_seat_and_a_wide_radius_are_used(locate_as):
    assert locate_as(record(("Zigong", ""), SICHUAN, lat=None))[1:5] == (29.34, 104.78, "geoip", 50)
    assert locate_as(record(None, SICHUAN, lat=None)).radius_km == 300


def test_a_country_centroid_is_not_a_place(locate_as):
    assert locate_as(record(None, None, lat=35.0, lon=105.0, radius=1000)) == NOWHERE._replace(country="CN")


def test_abroad_and_data_centres_are_told(locate_as):
    assert locate_as(record(country={"iso_code": "SG"})).country == "SG"
    hosted = locate_as(record(("Beijing", "北京"), ("BJ", "Beijing", "北京"), traits={"is_hosting_provider": True}))
    assert (hosted.adcode, hosted.hosting) == (110100, True)


@pytest.mark.parametrize("found", [
    {"country": "CN"}, {"country": CHINA, "subdivisions": 7}, {"country": CHINA, "subdivisions": ["x"]},
    {"country": {"iso_code": 5}}, record(adcode="five"),
    {**record(("Zigong", ""), SICHUAN), "location": {"latitude": "x"}},
])
def test_an_odd_record_is_no_place(locate_as, found):
    assert locate_as(found).adcode == 0


@pytest.mark.parametrize("ip", ["", "x", "127.0.0.1", "10.0.0.1", "::1", "36.0.0", "36.0.0.999", "::ffff:1.2.3", "\0"])
def test_other_addresses_are_unlocated(tmp_path, ip):
    geolocator = Geolocator(write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN)}))
    assert geolocator.place(ip) == NOWHERE


def test_ipv6_and_mapped_ipv4(tmp_path):
    path = write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN),
                                         "2001:db8:7::/48": record(("Guangzhou", ""), ("GD", "Guangdong", "广东"))})
    geolocator = Geolocator(path)
    assert geolocator.place("::ffff:36.0.0.1").adcode == 510300
    assert geolocator.place("2001:db8:7:1::5").adcode == 440100
    assert geolocator.place("2001:db8:8::5").adcode == 0


def test_networks_finer_than_a_24_are_kept_apart(tmp_path):
    path = write(tmp_path / "geo.mmdb", {
        "36.0.0.0/25": record(("Zigong", ""), SICHUAN),
        "36.0.0.128/25": record(("Guangzhou", ""), ("GD", "Guangdong", "广东"))})
    geolocator = Geolocator(path)
    for _ in range(2):
        assert geolocator.place("36.0.0.1").adcode == 510300
        assert geolocator.place("36.0.0.200").adcode == 440100


@pytest.mark.parametrize(("ip", "network"), [
    ("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
    ("::ffff:203.0.113.77", "203.0.113.0/24"),
    ("::1", "::/48"), ("junk", ""), ("", ""), ("203.0.113.077", ""),
])
def test_truncates(ip, network):
    assert truncate_ip(ip) == network


@pytest.fixture
def without_waiting(monkeypatch):
    monkeypatch.setattr(geolocate, "RELOAD_EVERY", 0.0)


@pytest.mark.usefixtures("without_waiting")
class TestTheFileChanges:
    def test_a_new_file_is_used_without_a_restart(self, tmp_path):
        geolocator = Geolocator(write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN)}))
        assert geolocator.place("36.0.0.1").adcode == 510300
        write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Chengdu", ""), SICHUAN)})
        assert geolocator.place("36.0.0.1").adcode == 510100

    def test_a_file_that_comes_later_is_found(self, tmp_path):
        geolocator = Geolocator(tmp_path / "geo.mmdb")
        assert geolocator.place("36.0.0.1") == NOWHERE
        assert "does not exist" in geolocator.reason
        write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN)})
        assert geolocator.place("36.0.0.1").adcode == 510300
        assert geolocator.reason is None

    @pytest.mark.parametrize("keep", [0, 100, 0.5, -1])
    def test_a_cut_file_keeps_the_old_one_and_is_logged_once(self, tmp_path, keep):
        path = write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN)})
        geolocator = Geolocator(path)
        whole = path.stat().st_size
        os.truncate(path, {0.5: whole // 2, -1: whole - 60}.get(keep, keep))  # in place: a mapped file would kill us
        with capture_logs() as logs:
            places = {geolocator.place(f"36.0.{third}.1").adcode for third in range(50)}
        assert places == {510300}
        assert [entry["event"] for entry in logs] == ["geoip_unusable"]
        assert "cannot be read" in geolocator.reason

    def test_a_removed_file_keeps_the_old_one(self, tmp_path):
        path = write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record(("Zigong", ""), SICHUAN)})
        geolocator = Geolocator(path)
        path.unlink()
        assert geolocator.place("36.0.9.1").adcode == 510300
        assert "does not exist" in geolocator.reason


def test_a_damaged_middle_is_no_place(tmp_path):
    path = write(tmp_path / "geo.mmdb", {f"36.{second}.0.0/16": record(("Zigong", ""), SICHUAN, lat=second / 10)
                                         for second in range(200)})
    body = bytearray(path.read_bytes())
    tree = body.index(b"\0" * 16)
    body[tree + 16:-400] = b"\xff" * (len(body) - 416 - tree)
    path.write_bytes(body)
    geolocator = Geolocator(path)
    assert {geolocator.place(f"36.{second}.0.1").adcode for second in range(200)} == {0}
    assert geolocator.reason


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 4096])
def test_a_file_that_is_no_database_tells_why(tmp_path, content):
    path = tmp_path / "geo.mmdb"
    path.write_bytes(content)
    geolocator = Geolocator(path)
    assert geolocator.place("36.0.0.1") == NOWHERE
    assert str(path) in geolocator.reason


def test_a_country_file_is_refused(tmp_path):
    path = write(tmp_path / "geo.mmdb", {"36.0.0.0/16": record()}, kind="GeoIP2-Country")
    assert "holds 'GeoIP2-Country'" in Geolocator(path).reason


def test_no_file_set():
    geolocator = Geolocator(None)
    assert geolocator.place("36.0.0.1") == NOWHERE
    assert "SALTCHECK_GEOIP_DB" in geolocator.reason


def test_memory_is_bounded_and_a_repeat_is_cheap(tmp_path, monkeypatch):
    monkeypatch.setattr(geolocate, "CACHED_NETWORKS", 100)
    geolocator = Geolocator(write(tmp_path / "geo.mmdb", {"36.0.0.0/8": record(("Zigong", ""), SICHUAN)}))
    for network in range(500):
        geolocator.place(f"36.{network >> 8}.{network & 255}.1")
        geolocator.place("36.99.0.1")
    file = geolocator._file
    assert len(file.recent) + len(file._older) <= 100
    assert "36.99.0.0/24" in file.recent  # asked for all the time, so never forgotten
    started = time.perf_counter()
    for _ in range(10_000):
        geolocator.place("36.99.0.1")
    assert (time.perf_counter() - started) / 10_000 < 20e-6  # 1 µs on a quiet machine
