"""A bag scanned before it left the producer (出厂前扫码)."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import day_of, microseconds
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

MINUTE_US = 60_000_000


def unreleased(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """Judged by produced_on and shipped_at, never by when a row arrived. The producer's own people may scan early."""
    if bag.lot is None or scan.role == "staff":
        return None
    made, today = bag.lot.produced_on, day_of(scan.at)
    if today < made:
        return _finding(Reason.BEFORE_PRODUCTION, f"生产日期 {made}，在此之前被查询", f"Made on {made}, checked before")
    if bag.shipped_at is None:
        in_store = bag.box is not None or (today - made).days <= rules.unshipped_days
        return _finding(Reason.BEFORE_SHIPMENT, "没有出厂记录", "No record of leaving") if in_store else None
    if scan.at < microseconds(bag.shipped_at) - rules.before_shipment_minutes * MINUTE_US:
        left = f"{bag.shipped_at:%Y-%m-%d %H:%M} UTC"
        return _finding(Reason.BEFORE_SHIPMENT, f"出厂时间 {left}，在此之前被查询", f"Shipped {left}, checked before")
    return None


def _finding(reason: Reason, text_zh: str, text_en: str) -> Finding:
    return Finding("prerelease", Verdict.UNRELEASED, reason, "case", evidence=(Evidence(text_zh, text_en),))
