"""Visits of the past become kept scans: located, judged and spooled as the scan page does it, then shipped."""
from collections.abc import Iterable
from pathlib import Path

from webapp.demo.people import Visit
from webapp.detect.pipeline import judge
from webapp.detect.rules import FirstRules
from webapp.geolocate import Geolocator, truncate_ip
from webapp.scanlog.scan import Scan, encode, scan_id, sighting_of
from webapp.scanlog.spool import Spool, Sync
from webapp.verify.history import NOTHING, History, observe
from webapp.verify.lookup import Lookup


class NotKept(Exception):
    """The spool of the demo refused a scan: the disk is full or not writable."""


def spool_visits(visits: Iterable[Visit], folder: Path, lookup: Lookup, geolocator: Geolocator,
                 rules: FirstRules) -> int:
    """Keep every visit with the word its page would have said at that time; -> how many. Raises NotKept."""
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
        return spool.kept
    finally:
        spool.close()


def scan_of(visit: Visit, geolocator: Geolocator) -> Scan:
    """The visit as the scan page would have noted it, not judged yet."""
    located = geolocator.place(visit.ip)
    return Scan(
        scan_id(visit.device, visit.serial, visit.at), visit.at, visit.serial, visit.device, truncate_ip(visit.ip),
        located.adcode, located.source, located.radius_km, visit.agent, visit.wifi, located.hosting, visit.shared,
        visit.role, "")
