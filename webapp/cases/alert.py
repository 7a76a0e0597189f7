"""Alerts of the detectors (预警) become rows, grave ones cases: one case a subject, however often it is raised."""
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, insert, or_, select

from webapp.cases.case import Subject, open_case
from webapp.cases.work import ClosingReason
from webapp.detect.alert import Alert, Evidence, Kind
from webapp.detect.from_scan import UNISSUED
from webapp.detect.opinion import CLUSTERS, Open
from webapp.models import Alert as Row
from webapp.models import Batch, Case, Product, Scan
from webapp.places import province_of
from webapp.scanlog.instant import utc

SERIALS = 50  # codes an alert names
TEXTS = 8  # wrong codes it quotes
INFO_ONCE_A = timedelta(days=1)
LATEST = 200  # scans by which a code is placed
MICROSECONDS = 1_000_000


class _Lot(NamedTuple):
    """Whose the codes are; nobody's in particular for a place or codes never issued."""

    gtin: str | None = None
    brand: str | None = None


def write_alerts(connection: Connection, alerts: list[Alert]) -> None:
    """Write down what the live detectors raised, and open or join cases."""
    for alert in alerts:
        at = utc(int(alert.at * MICROSECONDS))
        area = _area(connection, alert)
        if alert.severity == "info":
            if not _told_lately(connection, alert, area, at):
                _write(connection, alert, at, area, None)
            continue
        opened = open_case(connection, _subject(connection, alert, area), alert.score, at)
        if opened is not None and (opened.news or not _said(connection, opened.case_id, alert.kind)):
            _write(connection, alert, at, area, opened.case_id)


def write_shadow(connection: Connection, alerts: list[Alert]) -> None:
    """Write down what detectors on trial raised: kept apart, never a case."""
    for alert in alerts:
        _write(connection, alert, utc(int(alert.at * MICROSECONDS)), _area(connection, alert), None, shadow=True)


def withdraw(connection: Connection, opened: Open) -> bool:
    """Take out of the open clusters what people closed as a mistake; what they confirmed stays. True if there was
    anything."""
    by_place = (opened.copies, opened.diversions, opened.old)
    lots = {lot for pairs in by_place for lot, _ in pairs} | opened.leaks | opened.gaps
    if not lots and not opened.places:
        return False
    judged: dict[tuple[int, int], bool] = {}  # (lot, province) -> somebody still believes it
    for row in connection.execute(
            select(Case.batch_id, Case.area, Case.closed_at, Case.closing_reason)
            .where(Case.serial.is_(None), or_(Case.batch_id.in_(sorted(lots)), Case.subject.startswith("place:")))):
        believed = row.closed_at is None or row.closing_reason == ClosingReason.CONFIRMED_FAKE
        for key in ((row.batch_id or 0, row.area // 10000), (row.batch_id or 0, -1)):
            judged[key] = judged.get(key, False) or believed
    mistakes = {key for key, believed in judged.items() if not believed}
    before = _size(opened)
    for pairs in by_place:
        pairs -= mistakes
    opened.places -= {province for lot, province in mistakes if not lot}
    whole = {lot for lot, province in mistakes if province < 0}
    opened.leaks -= whole
    opened.gaps -= whole
    return _size(opened) != before


def _size(opened: Open) -> int:
    return sum(len(getattr(opened, name)) for name in CLUSTERS)


def subject_name(alert: Alert) -> str:
    """What an alert is about, as cases are named."""
    return subject_of(alert.kind, alert.serial, alert.lot, alert.area)


def subject_of(kind: str, serial: int, lot: int, area: int) -> str:
    """The same of an alert that is written down; 0 = none."""
    if serial:
        return f"code:{serial}"
    province = province_of(area)
    if lot:
        return f"lot:{lot}:{province}"
    return f"forged:{province}" if kind == Kind.FORGED else f"place:{province}"


def _subject(connection: Connection, alert: Alert, area: int) -> Subject:
    lot = _lot(connection, alert.lot)
    return Subject(subject_name(alert), alert.kind, alert.serial or None, alert.lot or None, lot.gtin, lot.brand, area)


def _lot(connection: Connection, batch_id: int) -> _Lot:
    row = connection.execute(
        select(Batch.gtin, Product.brand).join(Product, Product.gtin == Batch.gtin)
        .where(Batch.id == batch_id)).first() if batch_id else None
    return _Lot(*row) if row is not None else _Lot()


def _area(connection: Connection, alert: Alert) -> int:
    """The alert's place; of a code the province most of its latest scans came from."""
    if alert.area or not alert.serial:
        return alert.area
    latest = connection.scalars(select(Scan.adcode).where(Scan.serial == alert.serial, Scan.adcode > 0)
                                .order_by(Scan.at.desc()).limit(LATEST))
    seen = Counter(map(province_of, latest))
    return max(seen, key=lambda province: (seen[province], province)) if seen else 0


def _said(connection: Connection, case_id: int, kind: str) -> bool:
    return bool(connection.scalar(select(exists().where(Row.case_id == case_id, Row.kind == kind))))


def _told_lately(connection: Connection, alert: Alert, area: int, at: datetime) -> bool:
    about = Row.serial == alert.serial if alert.serial else (
        Row.serial.is_(None) & (func.coalesce(Row.batch_id, 0) == alert.lot) & (Row.area == area))
    return bool(connection.scalar(select(exists().where(
        Row.at > at - INFO_ONCE_A, Row.kind == alert.kind, Row.case_id.is_(None), Row.shadow.is_(False), about))))


def _write(connection: Connection, alert: Alert, at: datetime, area: int, case_id: int | None,
           shadow: bool = False) -> None:
    never_issued = [int(text[len(UNISSUED):]) for text in alert.texts if text.startswith(UNISSUED)]
    serials = list(dict.fromkeys([*([alert.serial] if alert.serial else ()), *alert.serials, *never_issued]))[:SERIALS]
    connection.execute(insert(Row).values(
        case_id=case_id, at=at, kind=str(alert.kind), severity=alert.severity, score=alert.score,
        serial=alert.serial or None, batch_id=alert.lot or None, area=area, serials=serials, shadow=shadow,
        evidence=[_words(one) for one in (*alert.evidence, *_quoted(alert.texts))]))


def _quoted(texts: tuple[str, ...]) -> list[Evidence]:
    typed = [text for text in texts if not text.startswith(UNISSUED)][:TEXTS]
    if not typed:
        return []
    return [Evidence(f"查询的码如 {'、'.join(typed)}", f"codes that were tried, such as {', '.join(typed)}", 0.0)]


def _words(one: Evidence) -> dict[str, object]:
    return {"zh": one.zh, "en": one.en, "weight": one.weight}
