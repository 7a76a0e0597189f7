"""Fills the registry of the demo world the way enterprises do: files through the intake, codes through issuing."""
import io
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from webapp.codes.block import finish, reserve
from webapp.db import Database
from webapp.demo.enterprises import PRODUCERS, Producer, Row, product_rows, site_rows
from webapp.demo.lots import WAITING_CODES, Lot
from webapp.demo.scans import Issued
from webapp.demo.uploads import (
    as_csv,
    batch_rows,
    line_count_rows,
    packing_rows,
    quality_rows,
    receipt_rows,
    shipment_rows,
)
from webapp.intake.upload import accept
from webapp.keys import Keys
from webapp.verify.code import code_of

ASSIGNS_LATER = 4  # this producer (company number) takes codes without a lot and tells later which run went where


class Refused(Exception):
    """The intake did not take a file of the demo whole: the demo and the checks disagree."""


class Registry(NamedTuple):
    """`issued` in the order of the lots; `waiting` = a block whose lot data has not arrived, first and last serial."""

    issued: list[Issued]
    waiting: tuple[int, int]


def fill_registry(db: Database, keys: Keys, lots: list[Lot], seed: int, now: datetime,
                  report: Callable[[str], object]) -> Registry:
    """Sites, products, lots, test results, codes, packing, shipments and receipts, producer by producer."""
    issued: dict[int, Issued] = {}
    for producer in PRODUCERS:
        report(producer.name_zh)
        own = [lot for lot in lots if lot.producer is producer]
        desk = _Desk(db, keys, producer, now)
        desk.hand_in("sites", site_rows(producer))
        desk.hand_in("products", product_rows(producer))
        desk.hand_in("batches", batch_rows(own))
        desk.hand_in("quality", quality_rows(own, seed))
        runs = {lot.order: _issue(db, keys, lot) for lot in own}
        if producer.company == ASSIGNS_LATER:
            desk.hand_in("lots_of_codes", [_run_row(run, keys) for run in runs.values()])
        boxed = [runs[lot.order] for lot in own if lot.boxed]
        desk.hand_in("packing", [row for run in boxed for row in _packing(run, keys)])
        desk.hand_in("shipments", [row for lot in own for row in shipment_rows(lot)])
        desk.hand_in("receipts", [row for lot in own for row in receipt_rows(lot, now)])
        desk.hand_in("line_counts", line_count_rows(own, seed))
        issued |= runs
    block = reserve(db, lots[0].gtin, None, WAITING_CODES, keys.codes.current)
    finish(db, block)
    return Registry([issued[lot.order] for lot in lots], (block.first_serial, block.last_serial))


class _Desk:
    """One producer at the counter."""

    def __init__(self, db: Database, keys: Keys, producer: Producer, now: datetime) -> None:
        self.db, self.keys, self.producer, self.now = db, keys, producer, now

    def hand_in(self, kind: str, rows: list[Row]) -> None:
        """Upload a file; every row must go in."""
        if not rows:
            return
        result = accept(
            self.db, kind, io.BytesIO(as_csv(rows)), f"{kind}.csv", self.producer.plant, keys=self.keys, actor="demo",
            trusted=True, language="en", now=self.now)
        if result.accepted != len(rows):
            raise Refused(f"{kind} of {self.producer.name_en}: {result.rejected} rows refused, {result.errors[:3]}")


def _issue(db: Database, keys: Keys, lot: Lot) -> Issued:
    """The block of a lot. Nobody prints these codes, so no file of them is written."""
    named = None if lot.producer.company == ASSIGNS_LATER else lot.number
    block = reserve(db, lot.gtin, named, lot.quantity, keys.codes.current)
    finish(db, block)
    return Issued(lot, block.first_serial, block.last_serial)


def _run_row(run: Issued, keys: Keys) -> Row:
    return {"gtin": run.lot.gtin, "lot": run.lot.number, "first_code": code_of(run.first, keys.codes),
            "last_code": code_of(run.last, keys.codes)}


def _packing(run: Issued, keys: Keys) -> list[Row]:
    return packing_rows(run.lot, lambda number: code_of(run.first + number, keys.codes))
