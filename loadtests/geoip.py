"""A GeoIP file for the addresses of the load: a scan is located as in life, mostly where its lot was sent."""
from pathlib import Path

from mmdb_writer import MmdbU16, MmdbU32, MMDBWriter
from netaddr import IPSet

FIRST, NETWORKS = 11, 133  # 11.0.0.0/8 to 143.0.0.0/8: what scans.lua and stages.py write as client addresses
AT_HOME, ELSEWHERE = (510100, 510300, 510700), 440100
ONE_IN_ELSEWHERE = 16  # of the networks


def build(path: Path) -> None:
    """Every network has a city; the file looks as a GeoLite2-City file does."""
    writer = MMDBWriter(ip_version=4, database_type="GeoIP2-City", languages=["zh-CN"], description="load test")
    for number in range(NETWORKS):
        adcode = ELSEWHERE if number % ONE_IN_ELSEWHERE == 0 else AT_HOME[number % len(AT_HOME)]
        writer.insert_network(IPSet([f"{FIRST + number}.0.0.0/8"]), {
            "adcode": MmdbU32(adcode), "country": {"iso_code": "CN"}, "location": {"accuracy_radius": MmdbU16(50)}})
    writer.to_db_file(str(path))
