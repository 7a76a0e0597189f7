"""Visits of the past become kept scans: located, judged and spooled as the scan page does it, then shipped and
learned."""
from collections.abc import Iterable
from pathlib import Path

from webapp.cases.alert import withdraw, write_alerts
from webapp.db import Database
from webapp.demo.people import Visit
from webapp.detect.bags import LiveFacts
from webapp.detect.engine import Engine
from webapp.detect.event import MICROSECONDS
from webapp.detect.from_scan import event_of
from webapp.detect.live import Detector
from webapp.detect.pipeline import Judge, Known, judge
from webapp.detect.rules import Rules
from webapp.detect.short_ledger import shorten
from webapp.geolocate import Geolocator, truncate_ip
from webapp.models.detector import LIVE
from webapp.scanlog.scan import Scan, encode, scan_id, sighting_of
from webapp.scanlog.ship import Shipper
from webapp.scanlog.spool import Spool, Sync
from webapp.scanlog.wrong_codes import Summary
from webapp.scanlog.wrong_codes import encode as encode_wrong
from webapp.settings import Settings
from webapp.verify.history import NOTHING, History, observe
from webapp.verify.lookup import Lookup


class NotKept(Exception):
    """The spool of the demo refused a scan: the disk is full or not writable."""


def spool_visits(visits: Iterable[Visit], wrong: Iterable[Summary], folder: Path, lookup: Lookup,
                 geolocator: Geolocator, rules: Rules) -> int:
    """Keep every visit with the word its page would have said at that time, and the wrong codes; -> visits kept."""
    spool = Spool(folder, Sync.WRITE)  # a demo that is cut off is built again: no need to wait for the disk each time
    page = _Page(lookup, rules)
    try:
        for visit in sorted(visits):
            scan = scan_of(visit, geolocator)
            if not spool.append(encode(scan, page.says(scan))):
                raise NotKept(f"{folder} takes no more scans; free some disk space")
        kept = spool.kept
        if not all(spool.append(encode_wrong([one])) for one in wrong):
            raise NotKept(f"{folder} takes no more records; free some disk space")
        return kept
    finally:
        spool.close()


class _Page:
    """What pages would have said, with detectors that learn each visit at once."""

    def __init__(self, lookup: Lookup, rules: Rules) -> None:
        self._lookup, self._rules = lookup, rules
        self._judge, self._facts = Judge(rules), LiveFacts(rules.first.unshipped_days)
        self._engine = Engine(rules, {})
        self._histories: dict[int, History] = {}

    def says(self, scan: Scan) -> str:
        """Of scans in order of time."""
        bag = self._lookup.bag(scan.serial)
        history = self._histories.get(scan.serial, NOTHING)
        known = Known(history, shorten(self._engine.states.get(scan.serial, b"")), (), self._engine.open)
        verdict = judge(scan, self._judge.standing(bag, scan.at), known, self._rules).verdict
        self._engine.learn(event_of(scan), self._facts.of(bag, scan.at / MICROSECONDS))
        self._histories[scan.serial] = observe(history, sighting_of(scan))
        return verdict


def scan_of(visit: Visit, geolocator: Geolocator) -> Scan:
    """The visit as the scan page would have noted it, not judged yet."""
    located = geolocator.place(visit.ip)
    return Scan(
        scan_id(visit.device, visit.serial, visit.at), visit.at, visit.serial, visit.device, truncate_ip(visit.ip),
        located.adcode, located.source, located.radius_km, visit.agent, visit.wifi, located.hosting, visit.shared,
        visit.role, "")


def ship_all(settings: Settings, db: Database, lookup: Lookup) -> int:
    """Bring everything spooled into the database; -> scans that were new."""
    shipper = Shipper(db, settings.spool, _NoMemory(), lookup)
    shipper.ship_all()
    return shipper.shipped


def detect_all(db: Database, lookup: Lookup, rules: Rules, up_to_us: int) -> None:
    """Learn everything shipped, as the worker does: alerts, cases, ledgers."""
    detector = Detector(LIVE, db, lookup, rules, write_alerts, withdraw, lambda saved: None)
    while detector.step(up_to_us):
        pass
    detector.finish()


class _NoMemory:
    """Valkey does not run while the demo is built, and is empty when it starts: nothing to settle."""

    def settle(self, histories: object, keys: object) -> None:
        """Nobody holds any of these in memory."""
