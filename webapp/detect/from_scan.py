"""A kept scan as the engine's event: what the worker feeds to `Engine.learn`, and the page to `opinion`."""
import zlib

from webapp.detect.event import BOT, DESKTOP, MICROSECONDS, MOBILE, PERSON, UNSTATED, WIFI, Event
from webapp.scanlog.scan import Scan

MACHINES = frozenset(("script", "bot", "none"))


def event_of(scan: Scan) -> Event:
    """WeChat states its network: there, not on Wi-Fi means mobile data. A phone's own position is kept only as the
    prefecture it lies in."""
    agent = BOT if scan.agent in MACHINES else DESKTOP if scan.agent == "desktop" else PERSON
    return Event(
        scan.at / MICROSECONDS, scan.serial, scan.device,
        zlib.crc32(scan.network.encode()) if scan.network else 0, scan.adcode, None, agent,
        WIFI if scan.wifi else MOBILE if scan.agent == "wechat" else UNSTATED,
        scan.agent == "wechat", scan.hosting, scan.shared, scan.role == "staff")
