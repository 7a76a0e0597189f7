"""A kept scan as the engine's event: what the worker feeds to `Engine.learn`, and the page to `opinion`."""
import zlib

import msgspec

from webapp.detect.event import BOT, DESKTOP, MICROSECONDS, MOBILE, PERSON, UNSTATED, WIFI, Event
from webapp.scanlog.scan import Scan
from webapp.scanlog.wrong_codes import Try
from webapp.verify import sighting
from webapp.verify.sighting import Sighting

MACHINES = frozenset(("script", "bot", "none"))
UNISSUED = "#"  # before the serial of a code that reads right and was never issued


def event_of(scan: Scan) -> Event:
    """WeChat states its network: there, not on Wi-Fi means mobile data. A phone's own position is kept only as the
    prefecture it lies in."""
    agent = BOT if scan.agent in MACHINES else DESKTOP if scan.agent == "desktop" else PERSON
    return Event(
        scan.at / MICROSECONDS, scan.serial, scan.device,
        zlib.crc32(scan.network.encode()) if scan.network else 0, scan.adcode, None, agent,
        WIFI if scan.wifi else MOBILE if scan.agent == "wechat" else UNSTATED,
        scan.agent == "wechat", scan.hosting, scan.shared, scan.role == "staff")


def event_of_sighting(seen: Sighting, serial: int) -> Event:
    """The same of a visit in a code's tail."""
    flags = seen.flags
    return Event(
        seen.at / MICROSECONDS, serial, seen.device, seen.network, seen.adcode, None,
        BOT if flags & sighting.MACHINE else DESKTOP if flags & sighting.DESKTOP else PERSON,
        WIFI if flags & sighting.WIFI else MOBILE if flags & sighting.WECHAT else UNSTATED,
        bool(flags & sighting.WECHAT), bool(flags & sighting.HOSTING), bool(flags & sighting.SHARED),
        bool(flags & sighting.STAFF))


def event_of_try(at: float, adcode: int, network: str, tried: Try) -> Event:
    """One phone's wrong code, from a summary."""
    return Event(at, 0, tried.device, zlib.crc32(network.encode()) if network else 0, adcode, bad="forged",
                 text=tried.text, misread=tried.misread)


def unissued(event: Event) -> Event:
    """A right tag on a number that was never given out is as wrong as a wrong tag."""
    return msgspec.structs.replace(event, bad="forged", text=f"{UNISSUED}{event.serial}")
