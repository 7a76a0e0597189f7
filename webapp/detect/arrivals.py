"""What the detectors read next: the scans and wrong codes between two times, in one order whoever brought them."""
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update

from webapp.detect.event import MICROSECONDS, Event
from webapp.detect.from_scan import event_of, event_of_try
from webapp.detect.share import WHOLE, Share
from webapp.models import Detector, LateArrival, WrongCode
from webapp.models import Scan as ScanRow
from webapp.scanlog.instant import utc
from webapp.scanlog.one_at_a_time import one_at_a_time
from webapp.scanlog.scan import Scan
from webapp.scanlog.wrong_codes import Try
from webapp.verify.china_day import microseconds

AT_ONCE = 4_000
ASKED_AT_ONCE = 500
COLUMNS = [getattr(ScanRow, name) for name in Scan.__struct_fields__]
IN_ORDER = (ScanRow.at, ScanRow.serial, ScanRow.device)


class Claimed(NamedTuple):
    """`events` in order; everything up to `to` (µs) is among them or was before; `late`: ids of those that came late;
    `more`: the time that was asked for is not reached."""

    events: list[Event]
    to: int
    late: list[str]
    more: bool


def claim(connection: Connection, name: str, after: int, up_to: int, known: Iterable[str] = (),
          empty: bool = False, share: Share = WHOLE) -> Claimed:
    """Read what came of a share after `after` up to `up_to` (µs), and late but for the ids in `known`. Where there is
    anything (or `empty`: in any case) the database notes as late whatever else of that time arrives from now on: call
    it in a transaction."""
    one_at_a_time(connection)
    late = _late(connection, name, set(known))
    scans, to = _scans(connection, after, up_to, share)
    events = [event_of(scan) for scan in scans]
    if share.number == 0:
        events += _tried(connection, WrongCode.at > utc(after), WrongCode.at <= utc(to))
    events.sort(key=lambda event: (event.at, event.serial, event.text, event.device))
    more = to < up_to or len(late) == AT_ONCE
    if events or empty:
        connection.execute(update(Detector).where(Detector.name == name).values(claimed_to=to))
    else:  # nothing is to be written five times a second
        to = after
    return Claimed(_late_events(connection, late, share) + events, to, [record_id for record_id, _ in late], more)


def reclaim(connection: Connection, name: str, learned_to: int) -> None:
    """Begin again at `learned_to`: what lies beyond it will be read in its order, and is late no more."""
    one_at_a_time(connection)
    connection.execute(update(Detector).where(Detector.name == name).values(claimed_to=learned_to))
    connection.execute(delete(LateArrival).where(LateArrival.detector == name, LateArrival.at > learned_to))


def forget_late(connection: Connection, name: str, record_ids: Sequence[str]) -> None:
    """They are learned, in the transaction that says so."""
    for start in range(0, len(record_ids), ASKED_AT_ONCE):
        connection.execute(delete(LateArrival).where(
            LateArrival.detector == name, LateArrival.record_id.in_(record_ids[start:start + ASKED_AT_ONCE])))


def scanned_between(connection: Connection, after: int, up_to: int, most: int, share: Share) -> list[int]:
    """Serials of codes of a share with a scan in that time (µs), at most so many."""
    return list(connection.scalars(
        select(ScanRow.serial).where(ScanRow.at > utc(after), ScanRow.at <= utc(up_to), share.among(ScanRow.serial))
        .distinct().limit(most)))


def first_kept(connection: Connection, not_before: datetime) -> int:
    """A moment (µs) before every scan and summary kept since `not_before`."""
    earliest = [at for at in (
        connection.scalar(select(ScanRow.at).where(ScanRow.at >= not_before).order_by(ScanRow.at).limit(1)),
        connection.scalar(select(WrongCode.at).where(WrongCode.at >= not_before).order_by(WrongCode.at).limit(1)))
        if at is not None]
    return microseconds(min(earliest, default=datetime.now(UTC))) - 1


def _scans(connection: Connection, after: int, up_to: int, share: Share) -> tuple[list[Scan], int]:
    """At most about AT_ONCE of them, never half of one instant; -> (scans, up to when they are whole)."""
    ours = select(*COLUMNS).where(share.among(ScanRow.serial))
    span = ours.where(ScanRow.at > utc(after), ScanRow.at <= utc(up_to))
    scans = _read(connection, span.order_by(*IN_ORDER).limit(AT_ONCE + 1))
    if len(scans) <= AT_ONCE:
        return scans, up_to
    to = scans[-1].at - 1
    whole = [scan for scan in scans if scan.at <= to]
    if whole:
        return whole, to
    return _read(connection, ours.where(ScanRow.at == utc(to + 1)).order_by(*IN_ORDER)), to + 1


def _read(connection: Connection, question: Any) -> list[Scan]:
    return [Scan(scan_id, microseconds(at), *rest) for scan_id, at, *rest in connection.execute(question)]


_TRIED = select(WrongCode.at, WrongCode.adcode, WrongCode.network, WrongCode.tries)


def _tried(connection: Connection, *when: ColumnElement[bool]) -> list[Event]:
    """Wrong codes of some summaries."""
    return [event_of_try(microseconds(one.at) / MICROSECONDS, one.adcode, one.network, Try(*tried))
            for one in connection.execute(_TRIED.where(*when)) for tried in one.tries or ()]


def _late(connection: Connection, name: str, known: set[str]) -> list[tuple[str, int]]:
    rows = connection.execute(
        select(LateArrival.record_id, LateArrival.at).where(LateArrival.detector == name)
        .order_by(LateArrival.at, LateArrival.record_id).limit(AT_ONCE + len(known)))
    return [(row.record_id, row.at) for row in rows if row.record_id not in known][:AT_ONCE]


def _late_events(connection: Connection, late: list[tuple[str, int]], share: Share) -> list[Event]:
    found: list[Event] = []
    for start in range(0, len(late), ASKED_AT_ONCE):
        part = late[start:start + ASKED_AT_ONCE]
        ids, times = [record_id for record_id, _ in part], [utc(at) for _, at in part]
        found += map(event_of, _read(connection, select(*COLUMNS).where(
            ScanRow.at.in_(times), ScanRow.scan_id.in_(ids), share.among(ScanRow.serial))))
        if share.number == 0:
            found += _tried(connection, WrongCode.summary_id.in_(ids))
    return sorted(found, key=lambda event: (event.at, event.serial, event.text, event.device))
