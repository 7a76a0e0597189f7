"""Everything a case page shows about one case, read by indexed queries; `scan` is never read as a whole."""
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Select, select

from webapp.auth.permissions import Scope
from webapp.cases.work import is_void
from webapp.models import Alert, Batch, Case, CaseEvent, Product, Scan, Site, User, WrongCode

MOST_SCANS = 200
MOST_ALERTS = 50
MOST_SERIALS = 50
TRIED_BEFORE = timedelta(days=1)


class CaseHead(NamedTuple):
    """The case's own row. serial None = about a lot, a place or codes never issued."""

    id: int
    public_id: str
    subject: str
    kind: str
    severity: str
    score: float
    state: str
    serial: int | None
    batch_id: int | None
    gtin: str | None
    brand: str | None
    area: int
    assignee_id: int | None
    assignee: str | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closing_reason: str | None


class AlertLine(NamedTuple):
    """evidence: [{"zh","en","weight"}…], heaviest first."""

    at: datetime
    kind: str
    severity: str
    score: float
    serial: int | None
    area: int
    serials: list[int]
    evidence: list[dict]


class ScanLine(NamedTuple):
    at: datetime
    serial: int
    device: int
    network: str
    adcode: int
    place_source: str
    radius_km: int
    agent: str
    hosting: bool
    shared: bool
    role: str
    verdict: str


class TryLine(NamedTuple):
    """Wrong codes of some seconds from one network; `example` is one of them as it was typed."""

    at: datetime
    adcode: int
    network: str
    hits: int
    devices: int
    near_misses: int
    example: str


class LotLine(NamedTuple):
    """The product and lot the case is about; lot facts are None where only the product is known."""

    gtin: str
    name_zh: str
    name_en: str | None
    brand: str
    net_weight_g: float
    lot: str | None
    line: str | None
    produced_on: date | None
    best_before: date | None
    quantity: int | None
    flagged: bool | None
    site_zh: str | None
    site_en: str | None
    site_adcode: int | None


class EventLine(NamedTuple):
    at: datetime
    actor: str
    action: str
    note: str | None


@dataclass(frozen=True)
class CaseFile:
    """scans: newest first; `cut` = there are more than are shown, and the page says so."""

    head: CaseHead
    lot: LotLine | None
    alerts: list[AlertLine]
    scans: list[ScanLine]
    cut: bool
    tries: list[TryLine]
    events: list[EventLine]
    void: bool


def find(connection: Connection, scope: Scope, public_id: str) -> CaseHead | None:
    """The case, if this person may see it."""
    row = connection.execute(
        select(Case.id, Case.public_id, Case.subject, Case.kind, Case.severity, Case.score, Case.state, Case.serial,
               Case.batch_id, Case.gtin, Case.brand, Case.area, Case.assignee_id, User.email, Case.opened_at,
               Case.updated_at, Case.closed_at, Case.closing_reason)
        .outerjoin(User, User.id == Case.assignee_id)
        .where(Case.public_id == public_id, scope.cases())).one_or_none()
    return CaseHead._make(row) if row else None


def read(connection: Connection, head: CaseHead) -> CaseFile:
    """The rest of the case, once `find` has allowed it."""
    alerts = [AlertLine._make((*row[:-1], sorted(row[-1], key=lambda one: -abs(one["weight"])))) for row in
              connection.execute(
                  select(Alert.at, Alert.kind, Alert.severity, Alert.score, Alert.serial, Alert.area, Alert.serials,
                         Alert.evidence)
                  .where(Alert.case_id == head.id).order_by(Alert.at.desc(), Alert.id.desc()).limit(MOST_ALERTS))]
    scans = [ScanLine._make(row) for row in connection.execute(question)] if (
        question := scans_behind(head, alerts)) is not None else []
    events = [EventLine._make(row) for row in connection.execute(
        select(CaseEvent.at, CaseEvent.actor, CaseEvent.action, CaseEvent.note)
        .where(CaseEvent.case_id == head.id).order_by(CaseEvent.id))]
    return CaseFile(head, _lot(connection, head), alerts, scans[:MOST_SCANS], len(scans) > MOST_SCANS,
                    _tries(connection, head), events, head.serial is not None and is_void(connection, head.serial))


def scans_behind(head: CaseHead, alerts: list[AlertLine]) -> Select | None:
    """The question for the scans: of the code, else of the codes its alerts name, else of the lot. None: of nothing."""
    question = select(Scan.at, Scan.serial, Scan.device, Scan.network, Scan.adcode, Scan.place_source, Scan.radius_km,
                      Scan.agent, Scan.hosting, Scan.shared, Scan.role, Scan.verdict)
    serials = sorted({serial for alert in alerts for serial in (*alert.serials, alert.serial) if serial is not None})
    if head.serial is not None:
        question = question.where(Scan.serial == head.serial)
    elif serials:
        question = question.where(Scan.serial.in_(serials[:MOST_SERIALS]))
    elif head.batch_id is not None:
        question = question.where(Scan.batch_id == head.batch_id)
    else:
        return None
    return question.order_by(Scan.at.desc()).limit(MOST_SCANS + 1)


def _tries(connection: Connection, head: CaseHead) -> list[TryLine]:
    """For a case of forged codes: what was tried in its province from a day before it was opened, newest first."""
    if head.kind != "forged":
        return []
    question = (
        select(WrongCode.at, WrongCode.adcode, WrongCode.network, WrongCode.hits, WrongCode.devices,
               WrongCode.near_misses, WrongCode.example)
        .where(WrongCode.at > head.opened_at - TRIED_BEFORE, WrongCode.at <= (head.closed_at or head.updated_at),
               WrongCode.adcode.between(head.area, head.area + 9999) if head.area else WrongCode.adcode == 0)
        .order_by(WrongCode.at.desc()).limit(MOST_SCANS))
    return [TryLine._make(row) for row in connection.execute(question)]


def _lot(connection: Connection, head: CaseHead) -> LotLine | None:
    gtin = head.gtin or connection.scalar(select(Batch.gtin).where(Batch.id == head.batch_id))
    if gtin is None:
        return None
    row = connection.execute(
        select(Product.gtin, Product.name_zh, Product.name_en, Product.brand, Product.net_weight_g, Batch.lot,
               Batch.line, Batch.produced_on, Batch.best_before, Batch.quantity, Batch.flagged, Site.name_zh,
               Site.name_en, Site.adcode)
        .select_from(Product)
        .outerjoin(Batch, (Batch.gtin == Product.gtin) & (Batch.id == head.batch_id))
        .outerjoin(Site, Site.gln == Batch.site_gln)
        .where(Product.gtin == gtin)).one_or_none()
    return LotLine._make(row) if row else None
