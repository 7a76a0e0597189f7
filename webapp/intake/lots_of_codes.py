"""Upload kind `lots_of_codes`: which run of issued codes went onto which lot. Runs go by running number."""
from typing import NamedTuple

from sqlalchemy import insert, select

from webapp.intake import known
from webapp.intake.checks import gtin, lot, text
from webapp.intake.columns import Column
from webapp.intake.desk import Desk
from webapp.intake.issued import Blocks, Run, read_run
from webapp.intake.refusals import Why
from webapp.intake.runs import Runs, near
from webapp.models import Batch, CodeRun

COLUMNS = (
    Column("gtin", gtin),
    Column("lot", lot),
    Column("first_code", text(200)),
    Column("last_code", text(200)),
)


class Row(NamedTuple):
    row: int
    gtin: str
    lot: str
    first_code: str
    last_code: str


def store(desk: Desk, rows: list[Row]) -> None:
    """A run that lies in one already on its lot changes nothing; one that touches any other is refused."""
    lots = known.lots(desk, ((row.gtin, row.lot) for row in rows))
    blocks = Blocks(desk)
    wanted: list[tuple[Row, known.KnownLot, Run]] = []
    for row in rows:
        batch = known.own_lot(desk, row.row, row.gtin, row.lot, lots)
        run = batch and read_run(desk, row.row, ("first_code", row.first_code), ("last_code", row.last_code), blocks)
        if batch and run and _fits(desk, row, run):
            wanted.append((row, batch, run))
    taken = Runs()
    for one in near(desk, CodeRun, [(run.first, run.last) for _, _, run in wanted]):
        taken.add(one.first_serial, one.last_serial, one.batch_id)
    added = []
    for row, batch, run in wanted:
        touched = taken.touching(run.first, run.last)
        if not touched:
            taken.add(run.first, run.last, batch.id)
            added.append({"first_serial": run.first, "last_serial": run.last, "block_id": run.block.id,
                          "batch_id": batch.id})
        elif touched[0].holder == batch.id and touched[0].first <= run.first and run.last <= touched[0].last:
            desk.duplicates += 1
        else:
            desk.refuse(row.row, "first_code", Why.RUN_OVERLAPS, value=_lot_name(desk, touched[0].holder))
    if added:
        desk.connection.execute(insert(CodeRun), added)
    desk.accepted += len(added)


def _fits(desk: Desk, row: Row, run: Run) -> bool:
    """Whether the block was issued for this product, and for this lot or for none in particular."""
    if run.block.gtin != row.gtin:
        desk.refuse(row.row, "gtin", Why.BLOCK_OTHER_PRODUCT, value=run.block.gtin)
    elif run.block.lot not in (None, row.lot):
        desk.refuse(row.row, "lot", Why.BLOCK_OTHER_LOT, value=run.block.lot)
    else:
        return True
    return False


def _lot_name(desk: Desk, batch_id: int) -> str:
    return desk.connection.scalar(select(Batch.lot).where(Batch.id == batch_id)) or ""
