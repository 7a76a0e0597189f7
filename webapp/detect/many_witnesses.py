"""One code seen by many independent people in many places: a copy, a display bag, or a forwarded photograph."""
from webapp.detect.finding import Evidence, Finding
from webapp.detect.rules import FirstRules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag
from webapp.verify.history import History
from webapp.verify.reasons import Reason
from webapp.verify.verdict import Verdict


def many_witnesses(scan: Scan, bag: Bag, history: History | None, rules: FirstRules) -> Finding | None:
    """Witnesses, not hits: the smaller of devices and networks, so that one phone or one Wi-Fi cannot be a crowd.

    Whoever only opened a forwarded page, and staff, are told nothing: they hold no bag that this could be about.
    """
    if history is None or scan.shared or scan.role == "staff":
        return None
    witnesses = min(history.devices, history.networks)
    provinces = history.province_mask.bit_count()
    if witnesses >= rules.suspect_witnesses and provinces >= rules.suspect_provinces:
        return Finding("clone", Verdict.SUSPECT, Reason.MANY_PLACES, "case", float(witnesses),
                       _evidence(witnesses, provinces))
    if witnesses >= rules.caution_witnesses and provinces >= rules.caution_provinces:
        return Finding("clone", Verdict.CAUTION, Reason.SEVERAL_WITNESSES, "info", float(witnesses),
                       _evidence(witnesses, provinces))
    if witnesses >= rules.crowd_witnesses:
        return Finding("clone", Verdict.CAUTION, Reason.MANY_WITNESSES, "info", float(witnesses),
                       _evidence(witnesses, provinces))
    return None


def _evidence(witnesses: int, provinces: int) -> tuple[Evidence, ...]:
    return (Evidence(f"{witnesses} 个独立观察者，{provinces} 个省份",
                     f"{witnesses} independent observers in {provinces} provinces", float(witnesses)),)
