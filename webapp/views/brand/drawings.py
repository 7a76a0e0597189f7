"""The two drawings of the map page: a square for each province, a bubble for each prefecture. No borders anywhere."""
from collections.abc import Iterable
from typing import NamedTuple

from webapp.analytics.k_anonymity import Cell, Cloaked
from webapp.places import PLACES, PROVINCE_TABLE, Province
from webapp.views.lonlat import CHINA
from webapp.views.staff import name
from webapp.views.staff_words import Words

LEVELS = 6


class Tile(NamedTuple):
    """level 0 (nothing) .. 6 (most); `merged`: shown only together with others; scans None where merged."""

    province: Province
    scans: int | None
    level: int
    merged: bool


class Bubble(NamedTuple):
    x: float
    y: float
    radius: float
    level: int
    adcode: int
    scans: int


def tiles(located: Cloaked) -> list[Tile]:
    """All 34 squares, coloured by the square root of their share of the biggest: one must not pale all others."""
    scans = {province.adcode: province.scans for province in located.provinces}
    most = max(scans.values(), default=0)
    return [Tile(province, None if province.adcode in located.elsewhere else scans.get(province.adcode, 0),
                 _level(scans.get(province.adcode, 0), most), province.adcode in located.elsewhere)
            for province in PROVINCE_TABLE]


def bubbles(located: Cloaked) -> list[Bubble]:
    """Every prefecture that may be shown, biggest first so that small ones stay visible; area goes with scans."""
    cells = sorted(_places(located), key=lambda cell: -cell.scans)
    most = cells[0].scans if cells else 0
    return [Bubble(CHINA.x(PLACES[cell.adcode].lon), CHINA.y(PLACES[cell.adcode].lat),
                   round(3 + 19 * (cell.scans / most) ** 0.5, 1), _level(cell.scans, most), cell.adcode, cell.scans)
            for cell in cells]


def chart(located: Cloaked, t: Words) -> dict:
    """What the script draws from: the same numbers as the table, nothing more."""
    return {
        "tiles": [{"name": name(t.language, *PLACES[tile.province.adcode][1:3]), "short": tile_label(tile, t.language),
                   "row": tile.province.row, "column": tile.province.column, "scans": tile.scans,
                   "merged": tile.merged} for tile in tiles(located)],
        "bubbles": [{"name": name(t.language, *PLACES[cell.adcode][1:3]), "lon": PLACES[cell.adcode].lon,
                     "lat": PLACES[cell.adcode].lat, "scans": cell.scans} for cell in _places(located)],
        "seats": [[place.lon, place.lat] for place in PLACES.values() if place.adcode != place.province],
        "words": {key: t(f"map.{key}") for key in ("scans", "merged")},
    }


def tile_label(tile: Tile, lang: str) -> str:
    return tile.province.iso if lang == "en" else tile.province.short_zh


def _places(located: Cloaked) -> Iterable[Cell]:
    return [cell for province in located.provinces for cell in province.places if cell.adcode in PLACES]


def _level(scans: int, most: int) -> int:
    return min(LEVELS, 1 + int(LEVELS * (scans / most) ** 0.5)) if scans else 0
