"""The scan page's answer as JSON, field for field as the contract says."""
from datetime import UTC, datetime
from typing import Any

import msgspec

from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.lru import Lru
from webapp.verify.verdict import Verdict
from webapp.views.public import formats
from webapp.views.public.says import says
from webapp.views.public.scan_page import Told

FACTS_HELD = 1_000
NOTHING = {"product": None, "batch": None, "origin": None}


class ScanJson:
    """Encodes what the registry says once per bag that shows the same; the rest is a few numbers."""

    def __init__(self) -> None:
        self._facts: Lru[str, dict[str, msgspec.Raw | None]] = Lru(FACTS_HELD)
        self._encode = msgspec.json.Encoder().encode

    def body(self, language: str, told: Told) -> bytes:
        verdict, reasons, _ = told.judgement
        words = says(language, verdict, reasons)
        known = told.bag is not None and verdict is not Verdict.UNKNOWN
        return self._encode({
            "code": told.code,
            "verdict": verdict,
            "reasons": reasons,
            "title": words.title,
            "advice": words.next,
            **(self._facts_of(told.bag) if known and told.bag else NOTHING),
            "checks": checks(language, told.history),
            "recorded": told.recorded,
            "degraded": told.degraded,
            "receipt": None,
        })

    def _facts_of(self, bag: Bag) -> dict[str, msgspec.Raw | None]:
        facts = self._facts.get(bag.version_tag)
        if facts is None:
            facts = {key: None if value is None else msgspec.Raw(self._encode(value))
                     for key, value in public_facts(bag).items()}
            self._facts.put(bag.version_tag, facts)
        return facts


def checks(language: str, history: History | None) -> dict[str, Any] | None:
    """Earlier checks; None where they cannot be read. Of the first one, the time and the province, no more."""
    if history is None:
        return None
    seen = history.scans > 0
    return {
        "scans": history.scans,
        "devices": history.devices,
        "provinces": history.provinces,
        "first_at": datetime.fromtimestamp(history.first_at, UTC) if seen else None,
        "first_province": formats.province(language, history.first_adcode) or None if seen else None,
    }


def public_facts(bag: Bag) -> dict[str, Any]:
    """product, batch and origin of a bag, each None where it is not known."""
    product = None if bag.product is None else msgspec.structs.asdict(bag.product) | {"recall": bag.recall}
    lot = bag.lot
    if lot is None:
        return {"product": product, "batch": None, "origin": None}
    batch = {
        "gtin": lot.gtin, "lot": lot.lot, "line": lot.line, "produced_on": lot.produced_on,
        "best_before": lot.best_before, "quantity": lot.quantity, "flagged": lot.flagged, "quality": lot.quality,
        "packed_at": bag.packed_at, "shipments": bag.shipments,
    }
    return {"product": product, "batch": batch, "origin": msgspec.structs.asdict(lot.site) | {"producer": lot.producer}}
