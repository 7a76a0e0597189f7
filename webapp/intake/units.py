"""What a shipment carries: a whole lot, or a box or pallet that packing knows; of one's own make or bought in."""
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from webapp.intake import known
from webapp.intake.desk import Desk
from webapp.intake.refusals import Why
from webapp.intake.runs import Runs, near
from webapp.models import CodeRun, Packing, Shipment
from webapp.verify.china_day import CHINA


class Unit(NamedTuple):
    """`since`: the first moment at which it can have left; `made` names the column that says so."""

    batch_id: int | None
    since: datetime | None
    made: str


class Units:
    """The units a file names, found with a few queries."""

    def __init__(self, desk: Desk, names: Iterable[str]) -> None:
        names = set(names)
        self._lots = known.lots(desk, filter(None, map(lot_of, names)))
        parcels = {name for name in names if lot_of(name) is None}
        self._parcels = self._packed(desk, parcels)
        self._received = _sent_to(desk, names)

    def find(self, desk: Desk, row: int, name: str) -> Unit | None:
        """The unit when it exists and the enterprise made it or was sent it; refuses the row when not."""
        pair = lot_of(name)
        if pair is None:
            if name in self._parcels:
                return Unit(None, self._parcels[name], "packed_at")
            if name in self._received:
                return Unit(None, self._received[name], "shipped_at")
            desk.refuse(row, "unit", Why.UNKNOWN_UNIT, value=name)
            return None
        batch = self._lots.get(pair)
        if batch is None:
            desk.refuse(row, "unit", Why.UNKNOWN_UNIT, value=name)
        elif not batch.mine and name not in self._received:
            desk.refuse(row, "unit", Why.OTHER_ENTERPRISE, value=name)
        else:
            made = datetime(batch.produced_on.year, batch.produced_on.month, batch.produced_on.day, tzinfo=CHINA)
            return Unit(batch.id, made, "produced_on")
        return None

    def _packed(self, desk: Desk, names: set[str]) -> dict[str, datetime]:
        """When each box or pallet of the enterprise was last packed; a box may be known only as a pallet's child."""
        own = Packing.owner_gln == desk.enterprise
        packed: dict[str, datetime] = dict(map(tuple, desk.fetch(
            select(Packing.parent, func.max(Packing.packed_at)).where(own).group_by(Packing.parent),
            Packing.parent, names)))
        boxes = desk.fetch(
            select(Packing.child_first, func.max(Packing.packed_at)).where(own, Packing.first_serial.is_(None))
            .group_by(Packing.child_first), Packing.child_first, names)
        return dict(map(tuple, boxes)) | packed


def lot_of(unit: str) -> tuple[str, str] | None:
    """(gtin, lot) of a unit that is a whole lot."""
    gtin, slash, lot = unit.partition("/")
    return (gtin, lot) if slash and len(gtin) == 14 and gtin.isdigit() else None


def _sent_to(desk: Desk, names: Iterable[str]) -> dict[str, datetime]:
    """Of these units, when each was first sent to a site of the enterprise by somebody else."""
    own = known.own_sites(desk)
    rows = desk.fetch(
        select(Shipment.unit, Shipment.to_gln, Shipment.shipped_at).where(Shipment.owner_gln != desk.enterprise),
        Shipment.unit, names)
    sent: dict[str, datetime] = {}
    for unit, to_gln, at in rows:
        if to_gln in own:
            sent[unit] = min(at, sent.get(unit, at))
    return sent


def lots_in(desk: Desk, units: Iterable[tuple[str, int | None]]) -> set[int]:
    """The lots that these shipped (unit, batch_id) hold, through pallets and boxes down to the runs of bags."""
    units = set(units)
    lots = {batch_id for _, batch_id in units if batch_id is not None}
    columns = select(Packing.child_first, Packing.first_serial, Packing.last_serial)
    held = desk.fetch(columns, Packing.parent, (unit for unit, batch_id in units if batch_id is None))
    held += desk.fetch(columns, Packing.parent, (one.child_first for one in held if one.first_serial is None))
    spans = [(one.first_serial, one.last_serial) for one in held if one.first_serial is not None]
    on_lots = Runs()
    for run in near(desk, CodeRun, spans):
        on_lots.add(run.first_serial, run.last_serial, run.batch_id)
    return lots | {run.holder for span in spans for run in on_lots.touching(*span)}
