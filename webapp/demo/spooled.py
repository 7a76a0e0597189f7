"""Visits of the past become kept scans: located, judged and spooled as the scan page does it, then shipped."""
from collections.abc import Iterable
from pathlib import Path

from webapp.db import Database
from webapp.demo.people import Visit
from webapp.detect.pipeline import judge
from webapp.detect.rules import FirstRules
from webapp.geolocate import Geolocator, truncate_ip
from webapp.scanlog.scan import Scan, encode, scan_id, sighting_of
from webapp.scanlog.ship import Follow, Shipper
from webapp.scanlog.spool import Spool, Sync
from webapp.scanlog.wrong_codes import Summary
from webapp.scanlog.wrong_codes import encode as encode_wrong
from webapp.settings import Settings
from webapp.verify.history import NOTHING, History, observe
from webapp.verify.lookup import Lookup


class NotKept(Exception):
    """The spool of the demo refused a scan: the disk is full or not writable."""


def spool_visits(visits: Iterable[Visit], wrong: Iterable[Summary], folder: Path, lookup: Lookup,
                 geolocator: Geolocator, rules: FirstRules) -> int:
    """Keep every visit with the word its page would have said at that time, and the wrong codes; -> visits kept."""
    spool = Spool(folder, Sync.WRITE)  # a demo that is cut off is built again: no need to wait for the disk each time
    histories: dict[int, History] = {}
    try:
        for visit in sorted(visits):
            scan = scan_of(visit, geolocator)
            history = histories.get(scan.serial, NOTHING)
            verdict = judge(scan, lookup.bag(scan.serial), history, rules).verdict
            if not spool.append(encode(scan, verdict)):
                raise NotKept(f"{folder} takes no more scans; free some disk space")
            histories[scan.serial] = observe(history, sighting_of(scan))
        kept = spool.kept
        if not all(spool.append(encode_wrong([one])) for one in wrong):
            raise NotKept(f"{folder} takes no more records; free some disk space")
        return kept
    finally:
        spool.close()


def scan_of(visit: Visit, geolocator: Geolocator) -> Scan:
    """The visit as the scan page would have noted it, not judged yet."""
    located = geolocator.place(visit.ip)
    return Scan(
        scan_id(visit.device, visit.serial, visit.at), visit.at, visit.serial, visit.device, truncate_ip(visit.ip),
        located.adcode, located.source, located.radius_km, visit.agent, visit.wifi, located.hosting, visit.shared,
        visit.role, "")


def ship_all(settings: Settings, db: Database, lookup: Lookup, follow: Follow) -> int:
    """Bring everything spooled into the database, with what follows from it; -> scans that were new."""
    shipper = Shipper(db, settings.spool, _NoMemory(), lookup, follow)
    shipper.ship_all()
    return shipper.shipped


class _NoMemory:
    """Valkey does not run while the demo is built, and is empty when it starts: nothing to settle."""

    def settle(self, histories: object, keys: object) -> None:
        """Nobody holds any of these in memory."""
