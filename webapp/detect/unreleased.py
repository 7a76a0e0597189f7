"""A bag that by its records cannot be on sale yet (出厂前扫码). What scans say of leaked codes: leak.py."""
from datetime import date

from webapp.detect.bags import in_store
from webapp.detect.finding import Finding
from webapp.verify.facts import Bag
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict

BEFORE_PRODUCTION = Finding(Verdict.UNRELEASED, Reason.BEFORE_PRODUCTION)
BEFORE_SHIPMENT = Finding(Verdict.UNRELEASED, Reason.BEFORE_SHIPMENT)


def unreleased(bag: Bag, day: date, unshipped_days: int) -> Finding | None:
    """Judged by produced_on and by whether there is a shipment, never by when a row arrived."""
    if bag.lot is None:
        return None
    if day < bag.lot.produced_on:
        return BEFORE_PRODUCTION
    return BEFORE_SHIPMENT if bag.shipped_at is None and in_store(bag, bag.lot, day, unshipped_days) else None
