"""Records that come into the database after the detectors have passed their time: noted, so that they are learned too.

It happens when a machine was cut off for more than a minute. Both sides hold the workers' lock, so a record is either
seen by whoever claims its time, or noted here.
"""
from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from webapp.models import Detector, LateArrival


def note_late(connection: Connection, arrived: Iterable[tuple[int, str]]) -> None:
    """`arrived`: (time in µs, scan or summary id) of what this transaction has just inserted."""
    claimed = connection.execute(select(Detector.name, Detector.claimed_to)).all()
    if not claimed:
        return
    most = max(to for _, to in claimed)
    late = [(at, record_id) for at, record_id in arrived if at <= most]
    rows = [{"detector": name, "record_id": record_id, "at": at}
            for name, to in claimed for at, record_id in late if at <= to]
    if rows:
        connection.execute(insert(LateArrival), rows)
