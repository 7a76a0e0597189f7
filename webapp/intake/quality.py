"""Upload kind `quality`: test results of a lot. One outside its limit goes in, marked failed, and flags the lot."""
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update

from webapp.intake import known
from webapp.intake.checks import choice, day, gtin, lot, number, text
from webapp.intake.columns import Column
from webapp.intake.corrections import keep_changes, revise_lots, settle
from webapp.intake.desk import Desk
from webapp.intake.limits import (
    KCL_ON_PURPOSE,
    MAX_MG_KG,
    METALS,
    TO_MG_KG,
    WHITENESS_UNITS,
    limit_of,
    named_low_sodium,
    plain_unit,
)
from webapp.intake.refusals import Why, shown
from webapp.models import Batch, Product, Quality

COLUMNS = (
    Column("gtin", gtin),
    Column("lot", lot),
    Column("item", choice("nacl", "kcl", "iodine", "moisture", *METALS, "whiteness", "insolubles")),
    Column("value", number(0, 1e9)),
    Column("unit", text(20)),
    Column("method", text(80), required=False),
    Column("report_no", text(80), required=False),
    Column("tested_on", day),
)


class Row(NamedTuple):
    row: int
    gtin: str
    lot: str
    item: str
    value: float
    unit: str
    method: str | None
    report_no: str | None
    tested_on: date


def store(desk: Desk, rows: list[Row]) -> None:
    """Value and unit are kept as the laboratory gave them; only the comparison converts."""
    lots = known.lots(desk, ((row.gtin, row.lot) for row in rows))
    good = []
    for row in rows:
        batch = known.own_lot(desk, row.row, row.gtin, row.lot, lots)
        if batch is not None and _measured(desk, row) and not (
                desk.in_future(row.row, "tested_on", row.tested_on)
                or desk.out_of_order(row.row, ("produced_on", batch.produced_on), ("tested_on", row.tested_on))):
            good.append((row.row, {
                "batch_id": batch.id, "item": row.item, "value": row.value, "unit": row.unit, "method": row.method,
                "report_no": row.report_no, "tested_on": row.tested_on}))
    current = desk.fetch(select(Quality.__table__), Quality.batch_id, (values["batch_id"] for _, values in good))
    settled = settle(desk, Quality, ("batch_id", "item"), good, [one._mapping for one in current],
                     at_first={"failed": False, "limit_text": None})
    changed = [values["batch_id"] for values in settled.rows]
    judge_lots(desk, changed)
    revise_lots(desk, changed)


def _measured(desk: Desk, row: Row) -> bool:
    """Whether value and unit can be: a share of the mass between nothing and all of it, or a whiteness to 100."""
    unit = plain_unit(row.unit)
    units = WHITENESS_UNITS if row.item == "whiteness" else tuple(TO_MG_KG)
    if unit not in units:
        desk.refuse(row.row, "unit", Why.UNIT, item=row.item, value=shown(row.unit), known=", ".join(units))
        return False
    high = 100.0 if row.item == "whiteness" else MAX_MG_KG / TO_MG_KG[unit]
    if row.value > high:
        desk.refuse(row.row, "value", Why.OUT_OF_RANGE, value=f"{row.value:g} {row.unit}", low=0, high=f"{high:g}")
        return False
    return True


def judge_lots(desk: Desk, batch_ids: Iterable[int]) -> None:
    """Judge every result of these lots by what is known now, and flag the lots that have a failed one.

    A KCl result or a corrected product can change what is asked of results that came earlier. A flag that a person
    set on a lot without a failed result stays.
    """
    lots = desk.fetch(
        select(Batch.id, Batch.gtin, Batch.lot, Batch.flagged, Product.iodised, Product.name_zh, Product.name_en,
               Product.grade).join(Product, Product.gtin == Batch.gtin), Batch.id, batch_ids)
    results: dict[int, list[Any]] = {}
    for result in desk.fetch(select(Quality.__table__), Quality.batch_id, (one.id for one in lots)):
        results.setdefault(result.batch_id, []).append(result)
    verdicts, flags, changes = [], [], []
    for one in lots:
        judged = _judge(one, results.get(one.id, ()))
        verdicts += [new for old, new in judged if (old.failed, old.limit_text) != (new["failed"], new["limit_text"])]
        before = any(old.failed for old, _ in judged)
        after = any(new["failed"] for _, new in judged)
        if after != one.flagged and (after or before):
            flags.append({"lot_id": one.id, "flag": after})
            changes.append((f"{one.gtin}/{one.lot}", ({"flagged": one.flagged}, {"flagged": after})))
    if verdicts:
        desk.connection.execute(
            update(Quality).where(Quality.id == bindparam("result_id"))
            .values(failed=bindparam("failed"), limit_text=bindparam("limit_text")), verdicts)
    if flags:
        desk.connection.execute(
            update(Batch).where(Batch.id == bindparam("lot_id")).values(flagged=bindparam("flag")), flags)
    keep_changes(desk, "batch", changes)


def _judge(lot: Any, results: Iterable[Any]) -> list[tuple[Any, dict[str, Any]]]:
    mg_kg = {one.item: one.value * TO_MG_KG[plain_unit(one.unit)] for one in results if one.item != "whiteness"}
    low_sodium = named_low_sodium(lot.name_zh, lot.name_en, lot.grade) or mg_kg.get("kcl", 0.0) >= KCL_ON_PURPOSE
    judged = []
    for one in results:
        limit = limit_of(one.item, lot.iodised, low_sodium)
        failed = limit is not None and not limit.allows(mg_kg[one.item])
        judged.append((one, {"result_id": one.id, "failed": failed, "limit_text": limit.text if limit else None}))
    return judged
