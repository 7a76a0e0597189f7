"""The GeoIP file goes missing, is cut in place or swapped while scans come in: pages go on, places are known or not."""
import os
import shutil
from pathlib import Path

from sqlalchemy import select

from tests.faults.inside import Inside, inside
from tests.servers import wait_for
from webapp.demo.geoip import build_geoip
from webapp.models import Scan
from webapp.settings import load_settings
from webapp.worker import Worker


def placed(shop: Inside, number: int) -> bool:
    """A scan from a Chinese address: kept always, located if the file says where."""
    address = f"240.{number * 4}.7.9"  # each in another city of the demo's file, so that none is remembered
    told = shop.ask(number, address)
    assert (told["recorded"], told["degraded"]) == (True, [])
    return bool(shop.parts.geolocator.place(address).adcode)


def test_scans_go_on_without_a_place_and_with_one_again(home: Path, sqlite_url: str, valkey_url: str):
    path = home / "geoip.mmdb"
    good = home / "good.mmdb"
    build_geoip(good)
    shutil.copyfile(good, path)
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        assert placed(shop, 1)
        with path.open("r+b") as file:  # cut in place, which kills whoever has this very file mapped
            file.truncate(4096)
        for number in range(2, 40):
            placed(shop, number)
        path.unlink()
        for number in range(40, 60):
            placed(shop, number)
        path.write_bytes(b"no database at all")
        wait_for(lambda: "cannot be read" in str(placed(shop, 60) and shop.parts.geolocator.reason), "a look", 5)
        os.replace(good, path)
        wait_for(lambda: placed(shop, 61) and shop.parts.geolocator.reason is None, "the good file", 5)
        worker = Worker(shop.settings)
        worker.round()
        worker.close()
        with shop.db.read.connect() as connection:
            sources = connection.scalars(select(Scan.place_source)).all()
        assert len(sources) == 61


def test_without_a_file_from_the_start_everything_is_unlocated_and_kept(home: Path, sqlite_url: str, valkey_url: str):
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        assert not placed(shop, 1)
        build_geoip(home / "new.mmdb")
        os.replace(home / "new.mmdb", home / "geoip.mmdb")
        wait_for(lambda: placed(shop, 2), "the file", 5)
