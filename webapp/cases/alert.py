"""New scans become findings, findings alerts (预警), grave alerts cases: a crowd of scans makes a handful of rows."""
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from webapp.cases.case import Subject, open_case
from webapp.detect.finding import Evidence, Finding
from webapp.detect.pipeline import Judgement
from webapp.models import Alert, WrongCode
from webapp.places import province_of
from webapp.scanlog.fold import Shipped
from webapp.scanlog.instant import utc
from webapp.scanlog.wrong_codes import Summary

Judge = Callable[[Shipped], Judgement]

SERIALS = 50  # codes an alert names
INFO_ONCE_A = timedelta(days=1)
FORGED_WITHIN = timedelta(days=1)
FORGED_NETWORKS = 3  # different networks of one province that show wrong codes in a day; a misread code does not count
BY_CODE = ("clone", "reuse", "void")  # what is about one bag's code; the other kinds are about its lot in a place


@dataclass
class _Gathered:
    """All findings of a batch about one subject; the gravest speaks."""

    finding: Finding
    shipped: Shipped
    serials: dict[int, None]
    at: int

    def add(self, finding: Finding, shipped: Shipped) -> None:
        if finding.score > self.finding.score:
            self.finding, self.shipped = finding, shipped
        self.at = max(self.at, shipped.scan.at)
        if len(self.serials) < SERIALS:
            self.serials[shipped.scan.serial] = None


def raise_alerts(connection: Connection, shipped: Iterable[Shipped], judge: Judge) -> None:
    """Judge each scan by what was known before it, and write down what deserves somebody's time."""
    cases: dict[str, _Gathered] = {}
    infos: dict[str, _Gathered] = {}
    for one in shipped:
        for finding in judge(one).findings:
            if finding.severity == "none":
                continue
            kept = cases if finding.severity == "case" else infos
            name = _subject_name(finding, one)
            if name in kept:
                kept[name].add(finding, one)
            else:
                kept[name] = _Gathered(finding, one, {one.scan.serial: None}, one.scan.at)
    for name, gathered in sorted(cases.items()):
        opened = open_case(connection, _subject(name, gathered), gathered.finding.score, utc(gathered.at))
        if opened is not None and opened.news:
            _write(connection, gathered, opened.case_id)
    for _, gathered in sorted(infos.items()):
        _inform(connection, gathered)


def raise_forged(connection: Connection, wrong: Iterable[Summary]) -> None:
    """A case for each province where wrong codes come from several networks within a day."""
    for province in sorted({province_of(one.adcode) for one in wrong if one.hits > one.near_misses and one.devices}):
        at = utc(max(one.at for one in wrong if province_of(one.adcode) == province))
        tried = _tried(connection, province, at)
        if tried.networks < FORGED_NETWORKS:
            continue
        subject = Subject(f"forged:{province}", "forged", None, None, None, None, province)
        opened = open_case(connection, subject, float(tried.networks), at)
        if opened is not None and opened.news:
            connection.execute(insert(Alert).values(
                case_id=opened.case_id, at=at, kind="forged", severity="case", score=float(tried.networks),
                area=province, serials=[], evidence=[{
                    "zh": f"24 小时内 {tried.networks} 个网络、{tried.hits} 次查询不属于本系统的码，"
                          f"例如 {tried.example}",
                    "en": f"{tried.hits} checks of codes that are not ours from {tried.networks} networks in 24 h, "
                          f"such as {tried.example}",
                    "weight": float(tried.networks)}]))


def _tried(connection: Connection, province: int, at: datetime):
    span = (WrongCode.adcode >= province) & (WrongCode.adcode < province + 10000) if province else WrongCode.adcode == 0
    return connection.execute(
        select(func.count(func.distinct(WrongCode.network)).label("networks"),
               func.coalesce(func.sum(WrongCode.hits), 0).label("hits"), func.max(WrongCode.example).label("example"))
        .where(WrongCode.at > at - FORGED_WITHIN, WrongCode.at <= at, span, WrongCode.devices > 0,
               WrongCode.hits > WrongCode.near_misses)).one()


def _subject_name(finding: Finding, one: Shipped) -> str:
    if finding.kind in BY_CODE or one.bag.lot is None and finding.severity == "case":
        return f"code:{one.scan.serial}"
    lot = one.bag.lot.batch_id if one.bag.lot else 0
    return f"lot:{lot}:{province_of(one.scan.adcode)}:{finding.kind}"


def _subject(name: str, gathered: _Gathered) -> Subject:
    one, by_code = gathered.shipped, name.startswith("code:")
    product = one.bag.product
    return Subject(name, gathered.finding.kind, one.scan.serial if by_code else None,
                   one.bag.lot.batch_id if one.bag.lot else None, one.bag.gtin, product.brand if product else None,
                   province_of(one.scan.adcode))


def _inform(connection: Connection, gathered: _Gathered) -> None:
    """An alert without a case, once a day and subject; what follows that day is added to its codes."""
    one, finding, at = gathered.shipped, gathered.finding, utc(gathered.at)
    batch_id, area = one.bag.lot.batch_id if one.bag.lot else None, province_of(one.scan.adcode)
    about = (Alert.serial == one.scan.serial) if finding.kind in BY_CODE else \
        (Alert.serial.is_(None) & (Alert.batch_id == batch_id) & (Alert.area == area))
    known = connection.execute(
        select(Alert.id, Alert.serials).where(Alert.at > at - INFO_ONCE_A, Alert.kind == finding.kind,
                                              Alert.case_id.is_(None), about).limit(1)).one_or_none()
    if known is None:
        _write(connection, gathered, None)
        return
    more = [serial for serial in gathered.serials if serial not in known.serials]
    if more and len(known.serials) < SERIALS:
        connection.execute(update(Alert).where(Alert.id == known.id)
                           .values(serials=[*known.serials, *more][:SERIALS]))


def _write(connection: Connection, gathered: _Gathered, case_id: int | None) -> None:
    one, finding = gathered.shipped, gathered.finding
    connection.execute(insert(Alert).values(
        case_id=case_id, at=utc(gathered.at), kind=finding.kind, severity=finding.severity, score=finding.score,
        serial=one.scan.serial if finding.kind in BY_CODE else None,
        batch_id=one.bag.lot.batch_id if one.bag.lot else None, area=province_of(one.scan.adcode),
        serials=list(gathered.serials), evidence=[_words(part) for part in finding.evidence]))


def _words(part: Evidence) -> dict[str, object]:
    return {"zh": part.text_zh, "en": part.text_en, "weight": part.weight}
