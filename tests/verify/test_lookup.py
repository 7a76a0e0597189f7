"""What is known of a bag, asked of a real database."""
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import update

from tests.verify import world
from tests.verify.world import BASE, NOW, PRODUCER, SEA, WELL
from webapp import models
from webapp.db import Database, DatabaseAway
from webapp.verify import freshness
from webapp.verify.lookup import Lookup, RegistryAway


def test_a_serial_outside_every_block_is_not_issued(db: Database) -> None:
    world.block(db, BASE + 10, BASE + 20)
    look = Lookup(db)
    assert [look.bag(BASE + n).issued for n in (9, 10, 20, 21)] == [False, True, True, False]


def test_a_run_gives_its_codes_their_lot_and_the_block_alone_only_the_product(db: Database) -> None:
    block = world.block(db, BASE, BASE + 99_999)
    world.run(db, BASE + 5000, BASE + 14_999, block, world.lot(db, "A"))
    world.run(db, BASE + 15_000, BASE + 20_000, block, world.lot(db, "B"))
    look = Lookup(db)
    names = [look.bag(BASE + n).lot_no for n in (4999, 5000, 14_999, 15_000, 20_001)]
    assert names == [None, "A", "A", "B", None]
    assert look.bag(BASE).product is not None
    assert look.bag(BASE).product.name_zh == "精制海盐"  # type: ignore[union-attr]


def test_a_block_issued_for_a_named_lot_finds_it_once_it_arrives(db: Database) -> None:
    world.block(db, BASE, BASE + 9, lot="L7")
    look = Lookup(db)
    assert (look.bag(BASE).lot_no, look.bag(BASE).lot) == ("L7", None)
    world.lot(db, "L7")
    look.invalidate()
    found = look.bag(BASE).lot
    assert found is not None
    assert found.site.gln == PRODUCER
    assert found.producer is not None


def test_voids_may_overlap_and_a_withdrawn_block_voids_all_of_it(db: Database) -> None:
    world.block(db, BASE, BASE + 999)
    world.block(db, BASE + 1000, BASE + 1999, status="void")
    world.void(db, BASE + 100, BASE + 300, "wide")
    world.void(db, BASE + 150, BASE + 150, "one")
    look = Lookup(db)
    told = {n: look.bag(BASE + n).void for n in (99, 100, 150, 151, 300, 301, 1000)}
    assert told == {99: None, 100: "wide", 150: "wide", 151: "wide", 300: "wide", 301: None, 1000: "码段作废"}


def test_the_journey_is_that_of_the_bags_own_box_and_pallet_before_that_of_its_lot(db: Database) -> None:
    batch = world.lot(db, "A")
    world.run(db, BASE, BASE + 999, world.block(db, BASE, BASE + 999), batch)
    world.pack(db, "BOX01", BASE, BASE + 23)
    world.pack(db, "BOX02", BASE + 24, BASE + 47)
    world.pack(db, "PALLET1", 0, 0, child_first="BOX02", child_last="BOX09", first_serial=None, last_serial=None,
               level="pallet")
    world.ship(db, "S1", "BOX01", destination_adcode=440000)
    world.ship(db, "S2", "PALLET1", destination_adcode=650000)
    world.ship(db, "S3", f"{SEA}/A", batch_id=batch)
    world.put(db, models.Receipt, owner_gln=world.WHOLESALER, shipment_no="S2", at_gln=world.WHOLESALER,
              received_at=NOW - timedelta(days=50))
    look = Lookup(db)
    first, second, loose = look.bag(BASE), look.bag(BASE + 24), look.bag(BASE + 500)
    assert [one.shipment_no for one in (*first.shipments, *second.shipments, *loose.shipments)] == ["S1", "S2", "S3"]
    assert (first.box, second.box, loose.box) == ("BOX01", "BOX02", None)
    assert (first.destination_adcode, second.destination_adcode, loose.destination_adcode) == (440000, 650000, 510000)
    assert second.shipments[0].received_at == NOW - timedelta(days=50)
    assert second.shipments[0].to_name_zh == "蓉城盐业批发"
    assert first.label_tag == second.label_tag
    assert first.version_tag != second.version_tag


def test_another_owners_box_of_the_same_name_is_another_box(db: Database) -> None:
    world.block(db, BASE, BASE + 99)
    world.pack(db, "BOX01", BASE, BASE + 23)
    world.ship(db, "S1", "BOX01", owner_gln=world.WHOLESALER)
    assert Lookup(db).bag(BASE).shipments == ()


def test_a_lot_sent_to_two_provinces_has_no_destination(db: Database) -> None:
    batch = world.lot(db, "A")
    world.run(db, BASE, BASE + 9, world.block(db, BASE, BASE + 9), batch)
    world.ship(db, "S1", f"{SEA}/A", batch_id=batch, destination_adcode=510000)
    world.ship(db, "S2", f"{SEA}/A", batch_id=batch, destination_adcode=440000, shipped_at=NOW - timedelta(days=70))
    bag = Lookup(db).bag(BASE)
    assert bag.destination_adcode is None
    assert bag.shipped_at == NOW - timedelta(days=70)


@pytest.mark.parametrize(("recalled", "covered"), [
    ({"lot_no": "A"}, {"A": True, "B": False, None: False}),
    ({"lot_no": None}, {"A": True, "B": True, None: True}),
    ({"lot_no": "A", "closed_at": NOW}, {"A": False, "B": False, None: False}),
    ({"gtin": WELL}, {"A": False, "B": False, None: False}),
])
def test_a_recall_covers_its_lot_or_its_product_while_open(db: Database, recalled: dict, covered: dict) -> None:
    block = world.block(db, BASE, BASE + 999)
    for at, name in ((0, "A"), (10, "B")):
        world.run(db, BASE + at, BASE + at + 9, block, world.lot(db, name))
    world.recall(db, **recalled)
    look = Lookup(db)
    bags = [look.bag(BASE + n) for n in (0, 10, 20)]
    assert {bag.lot_no: bag.recall is not None for bag in bags} == covered


def test_of_two_recalls_the_gravest_is_told(db: Database) -> None:
    world.block(db, BASE, BASE + 9)
    world.recall(db, public_id="R3", level=3)
    world.recall(db, public_id="R1", level=1)
    recall = Lookup(db).bag(BASE).recall
    assert recall is not None
    assert recall.public_id == "R1"


def test_a_new_registry_version_is_read_at_once_and_the_same_one_from_memory(db: Database) -> None:
    world.run(db, BASE, BASE + 4095, world.block(db, BASE, BASE + 4095), world.lot(db, "A"))
    look = Lookup(db)
    look.agrees(1)
    assert look.bag(BASE).recall is None
    world.recall(db)
    assert look.agrees(1)
    assert look.bag(BASE).recall is None
    assert not look.agrees(2)
    assert look.bag(BASE).recall is not None


def test_without_a_version_a_recall_shows_when_a_second_is_over(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(db, BASE, BASE + 4095, world.block(db, BASE, BASE + 4095), world.lot(db, "A"))
    clock = [100.0]
    monkeypatch.setattr(freshness.time, "monotonic", lambda: clock[0])
    look = Lookup(db)
    look.bag(BASE)
    world.recall(db)
    clock[0] += 0.9
    assert look.bag(BASE).recall is None
    clock[0] += 0.2
    assert look.bag(BASE).recall is not None


def test_just_after_a_new_version_a_late_replica_is_asked_again_within_a_second(
    db: Database, monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.run(db, BASE, BASE + 4095, world.block(db, BASE, BASE + 4095), world.lot(db, "A"))
    clock = [100.0]
    monkeypatch.setattr(freshness.time, "monotonic", lambda: clock[0])
    look = Lookup(db)
    look._fresh.young_s = 5
    look.agrees(2)
    look.bag(BASE)  # the replica has not replayed the recall yet
    world.recall(db)
    clock[0] += 1.3
    assert look.bag(BASE).recall is not None


def test_only_a_replica_may_lack_what_was_announced(sqlite_database: Database) -> None:
    alone = sqlite_database.settings
    assert Lookup(sqlite_database)._fresh.young_s == 0
    followed = Database(msgspec.structs.replace(alone, replica_url="postgresql://127.0.0.1:1/none"))
    assert Lookup(followed)._fresh.young_s == freshness.YOUNG_S


class Broken(Database):
    """A database that can be switched off."""

    away = False
    asked = 0

    def ask(self, question, replayed=""):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.away:
            raise DatabaseAway("switched off")
        return super().ask(question, replayed)


def test_what_is_remembered_is_served_as_stale_while_the_database_is_away(sqlite_database: Database) -> None:
    world.people_and_goods(sqlite_database)
    world.block(sqlite_database, BASE, BASE + 9)
    db = Broken(sqlite_database._settings)
    look = Lookup(db)
    assert look.bag(BASE).stale is False
    db.away = True
    look.agrees(2)
    assert look.bag(BASE).issued
    assert look.bag(BASE).stale
    with pytest.raises(RegistryAway):
        look.bag(BASE + 100_000)


def test_what_cannot_be_read_for_many_is_said_of_each(sqlite_database: Database) -> None:
    world.people_and_goods(sqlite_database)
    world.block(sqlite_database, BASE, BASE + 9)
    db = Broken(sqlite_database._settings)
    look = Lookup(db)
    look.bag(BASE)
    db.away = True
    look.agrees(2)
    look.get_ready([BASE, BASE + 1_000, BASE + 2_000])
    assert look.bag(BASE).stale
    with pytest.raises(RegistryAway):
        look.bag(BASE + 1_000)


def test_lots_that_are_read_together_each_keep_all_their_shipments(db: Database) -> None:
    for number, lot in enumerate("AB"):
        start = BASE + number * 1_000
        batch = world.lot(db, lot)
        world.run(db, start, start + 999, world.block(db, start, start + 999), batch)
        for shipment in range(150):
            world.ship(db, f"{lot}{shipment}", f"{SEA}/{lot}", batch_id=batch)
    look = Lookup(db)
    look.get_ready([BASE, BASE + 1_000])
    assert [len(look.bag(BASE + at).shipments) for at in (0, 1_000)] == [150, 150]


def test_an_outage_is_asked_about_once_a_second_not_once_a_scan(sqlite_database: Database) -> None:
    db = Broken(sqlite_database._settings)
    db.away = True
    look = Lookup(db)
    for n in range(50):
        with pytest.raises(RegistryAway):
            look.bag(BASE + n * 4096)
    assert db.asked == 1


def test_products_lots_and_sites_by_their_keys(db: Database) -> None:
    batch = world.lot(db, "A")
    world.quality(db, batch)
    look = Lookup(db)
    found = look.lot(SEA, "A")
    assert found is not None
    assert found.quality[0].limit == "≥ 97"
    assert look.product(SEA).brand == "青禾"  # type: ignore[union-attr]
    assert look.site(PRODUCER).name_en == "Qinghe Salt Co."  # type: ignore[union-attr]
    assert (look.lot(SEA, "Z"), look.product("0"), look.site("0")) == (None, None, None)


def test_a_correction_changes_the_version_tag(db: Database) -> None:
    batch = world.lot(db, "A")
    world.run(db, BASE, BASE + 9, world.block(db, BASE, BASE + 9), batch)
    look = Lookup(db)
    before = look.bag(BASE).version_tag
    with db.transaction() as connection:
        connection.execute(update(models.Batch).values(line="2"))
    look.invalidate()
    assert look.bag(BASE).version_tag != before
