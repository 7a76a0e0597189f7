"""Upload kind `batches`: the lots (批次) of an enterprise's own products, made at its own sites."""
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select

from webapp.intake import known
from webapp.intake.checks import day, gln, gtin, lot, text, whole
from webapp.intake.columns import Column
from webapp.intake.corrections import revise_lots, settle
from webapp.intake.desk import Desk
from webapp.models import Batch, CodeBlock, CodeRun, Quality, Shipment
from webapp.verify.china_day import CHINA

COLUMNS = (
    Column("gtin", gtin),
    Column("lot", lot),
    Column("site_gln", gln),
    Column("line", text(40), required=False),
    Column("produced_on", day),
    Column("best_before", day, required=False),
    Column("quantity", whole(1, 10**12)),
)


class Row(NamedTuple):
    row: int
    gtin: str
    lot: str
    site_gln: str
    line: str | None
    produced_on: date
    best_before: date | None
    quantity: int


def store(desk: Desk, rows: list[Row]) -> None:
    """Codes that were issued for a lot before the lot itself was known go onto it now."""
    own, sites = known.own_sites(desk), known.sites(desk, (row.site_gln for row in rows))
    products = known.products(desk, (row.gtin for row in rows))
    current = _current(desk, rows)
    events = _first_events(desk, rows, current)
    good = []
    for row in rows:
        if (known.own_product(desk, row.row, row.gtin, products)
                and known.own_site(desk, row.row, "site_gln", row.site_gln, own, sites)
                and _possible(desk, row, events.get((row.gtin, row.lot), ()))):
            values = row._asdict()
            good.append((values.pop("row"), values))
    settled = settle(desk, Batch, ("gtin", "lot"), good, current.values(), {"updated_at": desk.now})
    revise_lots(desk, (old["id"] for old, _ in settled.corrected))
    _attach_codes(desk, {(new["gtin"], new["lot"]) for new in settled.added})


def _possible(desk: Desk, row: Row, events: Iterable[tuple[str, date]]) -> bool:
    """Whether the dates can be: made today or earlier, good for at least a day, nothing tested or sent before."""
    made = ("produced_on", row.produced_on)
    return not (
        desk.in_future(row.row, *made)
        or desk.out_of_order(row.row, made, ("best_before", row.best_before), same=False)
        or any(desk.out_of_order(row.row, made, event) for event in events))


def _current(desk: Desk, rows: Iterable[Any]) -> dict[tuple[str, str], Any]:
    lots: dict[str, set[str]] = {}
    for row in rows:
        lots.setdefault(row.gtin, set()).add(row.lot)
    found = (one._mapping for gtin, names in lots.items()
             for one in desk.fetch(select(Batch.__table__).where(Batch.gtin == gtin), Batch.lot, names))
    return {(one["gtin"], one["lot"]): one for one in found}


def _first_events(desk: Desk, rows: list[Row], current: dict[tuple[str, str], Any]) -> dict[
        tuple[str, str], list[tuple[str, date]]]:
    """The first test and shipment of lots whose day of production is being corrected, as days in China."""
    moved = {old["id"]: (row.gtin, row.lot) for row in rows
             if (old := current.get((row.gtin, row.lot))) and old["produced_on"] != row.produced_on}
    tested = desk.fetch(select(Quality.batch_id, func.min(Quality.tested_on)).group_by(Quality.batch_id),
                        Quality.batch_id, moved)
    shipped = desk.fetch(select(Shipment.batch_id, func.min(Shipment.shipped_at)).group_by(Shipment.batch_id),
                         Shipment.batch_id, moved)
    events: dict[tuple[str, str], list[tuple[str, date]]] = {}
    for batch_id, on in tested:
        events.setdefault(moved[batch_id], []).append(("tested_on", on))
    for batch_id, at in shipped:
        events.setdefault(moved[batch_id], []).append(("shipped_at", at.astimezone(CHINA).date()))
    return events


def _attach_codes(desk: Desk, lots: set[tuple[str, str]]) -> None:
    waiting = desk.fetch(
        select(CodeBlock.id, CodeBlock.first_serial, CodeBlock.last_serial, CodeBlock.gtin, CodeBlock.lot)
        .outerjoin(CodeRun, CodeRun.block_id == CodeBlock.id)
        .where(CodeBlock.lot.is_not(None), CodeBlock.status == "issued", CodeRun.id.is_(None)),
        CodeBlock.gtin, (gtin for gtin, _ in lots))
    waiting = [block for block in waiting if (block.gtin, block.lot) in lots]
    numbers = {(one["gtin"], one["lot"]): one["id"] for one in _current(desk, waiting).values()}
    runs = [{"first_serial": block.first_serial, "last_serial": block.last_serial, "block_id": block.id,
             "batch_id": numbers[block.gtin, block.lot]} for block in waiting]
    if runs:
        desk.connection.execute(insert(CodeRun), runs)
