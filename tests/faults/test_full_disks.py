"""The disk of the spool or of the database is full: pages come and say the truth, and room heals it without a hand."""
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from tests.faults.inside import Inside, inside
from tests.servers import Postgres, wait_for
from webapp.db import Database
from webapp.models import Scan
from webapp.settings import load_settings
from webapp.worker import Worker

SPOOL_DISK_MB = 36  # the spool leaves the last 32 MB of a disk alone


@contextmanager
def files_may_grow_to(size: int) -> Iterator[None]:
    """What this process writes beyond `size` bytes of a file is refused by the kernel (EFBIG), as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def check_refused(shop: Inside) -> None:
    told = shop.ask(500, "203.0.113.5")
    assert (told["recorded"], told["verdict"], told["product"]["name_zh"]) == (False, "first", "精制海盐")
    page = shop.page(501, "203.0.113.5")
    assert "本次查询未登记" in page
    assert "首次查询" in page


def test_a_record_the_kernel_takes_no_more_of_is_told_and_room_heals_it(home: Path, sqlite_url: str, valkey_url: str):
    with inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        assert shop.ask(1)["recorded"]
        segment = next((home / "spool").glob("*.spool"))
        whole = segment.read_bytes()
        with files_may_grow_to(len(whole) + 20):  # in the middle of the next record
            assert not shop.ask(400, "203.0.113.9")["recorded"]
            assert segment.read_bytes() == whole
        with files_may_grow_to(20):
            check_refused(shop)
        assert shop.ask(2)["recorded"]
        count_arrived(shop, 2)


def test_a_nearly_full_disk_is_left_to_the_others(home: Path, sqlite_url: str, valkey_url: str):
    """On a small disk of its own where we may make one, else by a floor above what is free."""
    with small_disk(home / "spool") as fill, \
            inside(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url)) as shop:
        shop.stock()
        assert shop.ask(1)["recorded"]
        with fill(shop):
            wait_for(lambda: not shop.ask(400, "203.0.113.9")["recorded"], "the spool to see it", 3)
            check_refused(shop)
        wait_for(lambda: shop.ask(600, "203.0.113.9")["recorded"], "room", 3)
        assert shop.parts.spool.refused >= 3


@contextmanager
def small_disk(folder: Path) -> Iterator:
    mounted = os.geteuid() == 0
    folder.mkdir()
    if mounted:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SPOOL_DISK_MB}m", "tmpfs", str(folder)],
                                 capture_output=True).returncode == 0

    @contextmanager
    def fill(shop: Inside) -> Iterator[None]:
        if mounted:
            ballast = folder / "ballast"
            ballast.write_bytes(bytes((SPOOL_DISK_MB - 2) << 20))
            yield
            ballast.unlink()
        else:
            floor, shop.parts.spool._floor_bytes = shop.parts.spool._floor_bytes, 1 << 60
            yield
            shop.parts.spool._floor_bytes = floor

    try:
        yield fill
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def count_arrived(shop: Inside, expected: int) -> None:
    worker = Worker(shop.settings)
    worker.round()
    worker.close()
    with shop.db.read.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Scan)) == expected


def test_segments_wait_while_the_databases_disk_is_full(
        home: Path, postgresql_url: str, valkey_url: str, postgres: Postgres):
    """The server's own answer to a full disk is SQLSTATE 53100, here given by a trigger: a real one would take the test
    run's other databases with it."""
    name = Database(load_settings(database_url=postgresql_url)).write.url.database
    with inside(load_settings(home=home, database_url=postgresql_url, redis_url=valkey_url)) as shop:
        shop.stock()
        postgres.run("""
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT ON scan FOR EACH ROW EXECUTE FUNCTION no_room()""", name)
        told = [shop.ask(number) for number in range(30)]
        assert {(one["verdict"], one["recorded"], *one["degraded"]) for one in told} == {("first", True)}
        worker = Worker(shop.settings)
        for _ in range(2):
            with pytest.raises(OperationalError, match="No space left"):
                worker.round()
        assert worker.shipper.backlog.bad == 0  # a full disk is not the fault of a record
        postgres.run("DROP TRIGGER no_room ON scan", name)
        worker.round()
        worker.close()
        with shop.db.read.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(Scan)) == 30
