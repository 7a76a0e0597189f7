"""Places on plain longitude/latitude axes, without any border: where a point lies in a drawing."""
import math
from collections.abc import Iterable
from typing import NamedTuple

KM_PER_DEGREE = 111.2
MARGIN = 30  # for the numbers along the axes


class Frame(NamedTuple):
    """A window of degrees (WGS-84) drawn `width` wide; a degree of longitude is shortened as at its middle latitude."""

    west: float
    east: float
    south: float
    north: float
    width: int

    @property
    def _scale(self) -> float:
        """Pixels for one degree of latitude."""
        return (self.width - MARGIN) / ((self.east - self.west) * self._shortening)

    @property
    def _shortening(self) -> float:
        return math.cos(math.radians((self.south + self.north) / 2))

    @property
    def height(self) -> int:
        return round((self.north - self.south) * self._scale) + MARGIN

    def x(self, lon: float) -> float:
        return round(MARGIN + (lon - self.west) * self._shortening * self._scale, 1)

    def y(self, lat: float) -> float:
        return round((self.north - lat) * self._scale, 1)

    def radius(self, km: float) -> float:
        """Pixels for a distance on the ground."""
        return round(km / KM_PER_DEGREE * self._scale, 1)

    def longitudes(self) -> list[int]:
        """Where to put the lines of the grid."""
        return _steps(self.west, self.east)

    def latitudes(self) -> list[int]:
        return [lat for lat in _steps(self.south, self.north) if self.north - lat > (self.north - self.south) / 40]


CHINA = Frame(72, 136, 17.5, 54.5, 720)


def fit(points: Iterable[tuple[float, float, float]], width: int = 720) -> Frame:
    """A frame round (lat, lon, radius in km) points, some degrees wide at least; all of China for none."""
    points = list(points)
    if not points:
        return CHINA._replace(width=width)
    pads = [min(km, 1000) / KM_PER_DEGREE + 0.6 for _, _, km in points]
    south = min(lat - pad for (lat, _, _), pad in zip(points, pads, strict=True))
    north = max(lat + pad for (lat, _, _), pad in zip(points, pads, strict=True))
    west = min(lon - pad / 0.8 for (_, lon, _), pad in zip(points, pads, strict=True))
    east = max(lon + pad / 0.8 for (_, lon, _), pad in zip(points, pads, strict=True))
    # Wide enough to read, and not taller than two thirds of the width.
    half_height = max(4.0, north - south) / 2
    half_width = max(east - west, 2 * half_height * 2.0) / 2
    lat, lon = (south + north) / 2, (west + east) / 2
    return Frame(lon - half_width, lon + half_width, lat - half_height, lat + half_height, width)


def _steps(low: float, high: float) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 60) if (high - low) / step <= 8)
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step))
