"""Where the scans of a case were made, each with its accuracy circle: geometry for a drawing made on the server."""
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from webapp.cases.case_file import ScanLine
from webapp.places import PLACES, UNLOCATED
from webapp.views.lonlat import Frame, fit

WIDTH = 460


class Spot(NamedTuple):
    """One place as one source gave it; `circle` is its accuracy in pixels, `dot` grows with the scans."""

    x: float
    y: float
    circle: float
    dot: float
    adcode: int
    source: str
    radius_km: int
    scans: int
    devices: int


class PlacesMap(NamedTuple):
    frame: Frame
    spots: list[Spot]
    unlocated: int


def places_map(scans: Sequence[ScanLine]) -> PlacesMap:
    """Spots, widest circle first so that small ones lie on top."""
    counts = Counter((s.adcode, s.place_source, s.radius_km) for s in scans if s.adcode in PLACES)
    devices: dict[tuple, set[int]] = {}
    for s in scans:
        devices.setdefault((s.adcode, s.place_source, s.radius_km), set()).add(s.device)
    frame = fit(((PLACES[adcode].lat, PLACES[adcode].lon, km) for adcode, _, km in counts), WIDTH)
    spots = [
        Spot(frame.x(PLACES[adcode].lon), frame.y(PLACES[adcode].lat), max(frame.radius(km), 2), min(4 + n**0.5, 14),
             adcode, source, km, n, len(devices[adcode, source, km]))
        for (adcode, source, km), n in sorted(counts.items(), key=lambda item: -item[0][2])]
    return PlacesMap(frame, spots, sum(1 for s in scans if s.adcode == UNLOCATED or s.adcode not in PLACES))
