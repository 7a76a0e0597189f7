"""Upload kind `packing`: which bags went into which box, which boxes onto which pallet (箱垛关联).

Bags are a run of codes in one row. A run of boxes becomes a row a box, so that a box's pallet is one look-up.
"""
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from webapp.intake.box_ids import box_run
from webapp.intake.checks import BadValue, choice, moment, parcel, text
from webapp.intake.columns import Column
from webapp.intake.corrections import settle
from webapp.intake.desk import Desk
from webapp.intake.issued import Blocks, Run, read_run
from webapp.intake.refusals import Why
from webapp.intake.runs import Runs, near
from webapp.models import Batch, CodeRun, Packing
from webapp.verify.china_day import CHINA

COLUMNS = (
    Column("parent", parcel),
    Column("level", choice("box", "pallet")),
    Column("child_first", text(200)),
    Column("child_last", text(200), required=False),
    Column("line", text(40), required=False),
    Column("packed_at", moment),
)
KEY = ("owner_gln", "parent", "child_first")


class Row(NamedTuple):
    row: int
    parent: str
    level: str
    child_first: str
    child_last: str | None
    line: str | None
    packed_at: datetime


def boxes_first(rows: list[Row]) -> list[Row]:
    """Boxes before pallets, whatever their order in the file."""
    return sorted(rows, key=lambda row: row.level)


def store(desk: Desk, rows: list[Row]) -> None:
    """A bag lies in one box, a box on one pallet, and a parent is either."""
    levels = _levels(desk, rows)
    boxes: list[Row] = []
    pallets: list[Row] = []
    for row in rows:
        if levels.setdefault(row.parent, row.level) != row.level:
            desk.refuse(row.row, "parent", Why.LEVEL, value=row.parent)
        elif not desk.in_future(row.row, "packed_at", row.packed_at):
            (boxes if row.level == "box" else pallets).append(row)
    _store_boxes(desk, boxes)
    _store_pallets(desk, pallets, levels)


def _levels(desk: Desk, rows: list[Row]) -> dict[str, str]:
    """What the registry knows each named parent and child as; whatever lies on a pallet is a box."""
    own = Packing.owner_gln == desk.enterprise
    named = {row.parent for row in rows} | {row.child_first for row in rows if row.level == "pallet"}
    on_pallets = desk.fetch(select(Packing.child_first).where(own, Packing.level == "pallet"),
                            Packing.child_first, named)
    parents = desk.fetch(select(Packing.parent, Packing.level).where(own), Packing.parent, named)
    return {one.child_first: "box" for one in on_pallets} | {one.parent: one.level for one in parents}


def _store_boxes(desk: Desk, rows: list[Row]) -> None:
    blocks = Blocks(desk)
    read: list[tuple[Row, Run]] = []
    for row in rows:
        ends = ("child_first", row.child_first), ("child_last", row.child_last or row.child_first)
        if run := read_run(desk, row.row, *ends, blocks):
            read.append((row, run))
    spans = [(run.first, run.last) for _, run in read]
    current = near(desk, Packing, spans)
    boxed, made = Runs(), _made(desk, spans)
    for one in current:
        boxed.add(one.first_serial, one.last_serial, (one.owner_gln, one.parent, one.child_first))
    good: list[tuple[int, dict[str, Any]]] = []
    for row, run in read:
        if _may_lie_there(desk, row, run, boxed, made):
            good.append((row.row, _values(desk, row, run.first_code, run.last_code, run.first, run.last)))
    settle(desk, Packing, KEY, good, [one._mapping for one in current])


def _may_lie_there(desk: Desk, row: Row, run: Run, boxed: Runs, made: Runs) -> bool:
    """Whether none of the bags is in another box, and all were made by then; notes that they are in this one."""
    key = (desk.enterprise, row.parent, run.first_code)
    touched = boxed.touching(run.first, run.last)
    if others := [held.holder for held in touched if held.holder != key]:
        desk.refuse(row.row, "child_first", Why.TWO_PARENTS, value=run.first_code, parent=others[0][1])
        return False
    packed_on = row.packed_at.astimezone(CHINA).date()
    for lot in made.touching(run.first, run.last):
        if desk.out_of_order(row.row, ("produced_on", lot.holder), ("packed_at", packed_on)):
            return False
    if not touched:
        boxed.add(run.first, run.last, key)
    return True


def _made(desk: Desk, spans: list[tuple[int, int]]) -> Runs:
    """The days on which the bags of these runs were made, where their lots are known."""
    runs = near(desk, CodeRun, spans)
    days = {one.id: one.produced_on for one in desk.fetch(
        select(Batch.id, Batch.produced_on), Batch.id, (run.batch_id for run in runs))}
    made = Runs()
    for run in runs:
        made.add(run.first_serial, run.last_serial, days[run.batch_id])
    return made


def _values(desk: Desk, row: Row, child_first: str, child_last: str, first: int | None = None,
            last: int | None = None) -> dict[str, Any]:
    return {"owner_gln": desk.enterprise, "parent": row.parent, "level": row.level, "child_first": child_first,
            "child_last": child_last, "first_serial": first, "last_serial": last, "line": row.line,
            "packed_at": row.packed_at}


def _store_pallets(desk: Desk, rows: list[Row], levels: dict[str, str]) -> None:
    """A row of the file goes in with all its boxes or with none."""
    read = [(row, boxes) for row in rows if (boxes := _boxes(desk, row, levels))]
    named = {box for _, boxes in read for box in boxes}
    own = Packing.owner_gln == desk.enterprise
    current = desk.fetch(select(Packing.__table__).where(own, Packing.level == "pallet"), Packing.child_first, named)
    packed = {one.parent: one.at for one in desk.fetch(
        select(Packing.parent, func.max(Packing.packed_at).label("at")).where(own).group_by(Packing.parent),
        Packing.parent, named)}
    placed = {one.child_first: (0, {"parent": one.parent}) for one in current}
    good: list[tuple[int, dict[str, Any]]] = []
    for row, boxes in read:
        wanted = [_values(desk, row, box, box) for box in boxes]
        if all(_may_stand_there(desk, row, values, placed, packed) for values in wanted):
            placed.update((values["child_first"], (row.row, values)) for values in wanted)
            good += [(row.row, values) for values in wanted]
    settle(desk, Packing, KEY, good, [one._mapping for one in current])


def _boxes(desk: Desk, row: Row, levels: dict[str, str]) -> list[str]:
    try:
        boxes = [parcel(box) for box in box_run(row.child_first, row.child_last)]
    except BadValue as error:
        desk.refuse(row.row, "child_first", error.why, **error.values)
        return []
    if other := [box for box in boxes if levels.get(box) == "pallet" or box == row.parent]:
        desk.refuse(row.row, "child_first", Why.LEVEL, value=other[0])
        return []
    return boxes


def _may_stand_there(desk: Desk, row: Row, values: dict[str, Any], placed: dict[str, tuple[int, dict[str, Any]]],
                     packed: dict[str, datetime]) -> bool:
    """Whether the box is on no other pallet, was packed by then, and this file says nothing else of it."""
    box = values["child_first"]
    first_row, before = placed.get(box, (0, values))
    if before["parent"] != row.parent:
        desk.refuse(row.row, "child_first", Why.TWO_PARENTS, value=box, parent=before["parent"])
    elif first_row and before != values:
        desk.refuse(row.row, "child_first", Why.CONTRADICTS_ROW, first=first_row)
    else:
        return not desk.out_of_order(row.row, ("packed_at", packed.get(box)), ("packed_at", row.packed_at))
    return False
