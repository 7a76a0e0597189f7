"""The demo's GeoIP file says it is synthetic and locates every place of the table."""
from ipaddress import IPv4Network, ip_address

import maxminddb
import pytest

from webapp.demo.geoip import ABROAD, DATA_CENTRE, address, build_geoip, networks
from webapp.geolocate import NOWHERE, Geolocator
from webapp.places import PLACES, is_province


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("geoip") / "geoip.mmdb"
    build_geoip(found)
    return found


@pytest.fixture(scope="module")
def geolocator(path):
    return Geolocator(path)


def test_every_prefecture_is_found_at_its_seat(geolocator):
    for adcode in networks():
        for network in (0, 2047):
            located = geolocator.place(address(adcode, network, 9))
            assert located.adcode == adcode
            assert (located.lat, located.lon) == (PLACES[adcode].lat, PLACES[adcode].lon)
    assert sum(not is_province(adcode) for adcode in networks()) >= 300


def test_ipv6_of_every_prefecture_too(geolocator):
    assert geolocator.place("2001:db8:5::1").adcode == sorted(networks())[4]


def test_without_the_adcode_the_names_lead_to_the_same_place(path):
    """As with an operator's own file, which has no such key."""
    from webapp.geolocate import _adcode
    with maxminddb.open_database(str(path)) as reader:
        for adcode in networks():
            record = reader.get(address(adcode, 3, 3))
            del record["adcode"]
            assert _adcode(record, "CN") == adcode


def test_data_centres_and_abroad(geolocator):
    assert geolocator.place(str(DATA_CENTRE[77])).hosting
    assert geolocator.place(str(ABROAD[77])) == NOWHERE._replace(country="SG")


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.5", "8.8.8.8", "36.0.0.1"])
def test_nothing_else_is_located(geolocator, ip):
    assert geolocator.place(ip) == NOWHERE


@pytest.mark.parametrize(("ip", "adcode"), [("203.0.113.9", 510300), ("198.51.100.9", 440100), ("192.0.2.9", 510100)])
def test_addresses_for_documentation(geolocator, ip, adcode):
    assert geolocator.place(ip).adcode == adcode


def test_no_range_can_belong_to_a_real_machine():
    for network in networks().values():
        assert network.subnet_of(IPv4Network("240.0.0.0/4"))
        assert not ip_address(address(min(networks()), 5, 5)).is_global


def test_the_file_says_that_it_is_invented(path):
    with maxminddb.open_database(str(path)) as reader:
        metadata = reader.metadata()
        record = reader.get("203.0.113.9")
    assert metadata.database_type == "GeoIP2-City"
    assert "ynthetic" in metadata.description["en"]
    assert "合成" in metadata.description["zh-CN"]
    assert record["city"]["names"] == {"en": "Zigong", "zh-CN": record["city"]["names"]["zh-CN"]}
    assert record["subdivisions"][0]["iso_code"] == "SC"
