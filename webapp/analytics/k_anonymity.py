"""No number on a brand page may point at one person: places with fewer than five people are shown together.

People are counted as visits by different phones to different codes, because that is what roll-ups hold; one person
with five bags counts five times. What a reader can work out by subtracting is protected too: a group that is shown
together has at least two places and at least five people, else the next smallest place joins it.
"""
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from webapp.places import province_of

K = 5


class Cell(NamedTuple):
    """`people` decides whether the cell may be seen, `scans` is the number that would be shown."""

    adcode: int
    people: int
    scans: int


@dataclass(frozen=True)
class ProvinceCells:
    """One province that may be seen. `rest` = its places that may not, together: scans and how many places."""

    adcode: int
    scans: int
    places: tuple[Cell, ...]
    rest_scans: int
    rest_places: int


@dataclass(frozen=True)
class Cloaked:
    """Everything located. `elsewhere`: the provinces that may not be seen alone. `readable` is False when
    even all places together have fewer than five people: then nothing but that fact may be shown."""

    provinces: tuple[ProvinceCells, ...]
    elsewhere: tuple[int, ...]
    elsewhere_scans: int
    readable: bool

    @property
    def scans(self) -> int:
        return sum(province.scans for province in self.provinces) + self.elsewhere_scans


def cloak(cells: Iterable[Cell], k: int = K) -> Cloaked:
    """Cells of prefectures (and of provinces where no more is known) as they may be shown, biggest first."""
    places: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        places[province_of(cell.adcode)].append(cell)
    provinces = [Cell(adcode, sum(c.people for c in within), sum(c.scans for c in within))
                 for adcode, within in places.items()]
    shown, hidden = _split(provinces, k)
    readable = not hidden or sum(cell.people for cell in hidden) >= k
    return Cloaked(
        provinces=tuple(_province(cell, places[cell.adcode], k) for cell in shown if cell.scans),
        elsewhere=tuple(sorted(cell.adcode for cell in hidden)),
        elsewhere_scans=sum(cell.scans for cell in hidden), readable=readable)


def _province(whole: Cell, places: list[Cell], k: int) -> ProvinceCells:
    shown, hidden = _split(places, k)
    return ProvinceCells(whole.adcode, whole.scans, tuple(cell for cell in shown if cell.scans),
                         sum(cell.scans for cell in hidden), len(hidden))


def _split(cells: list[Cell], k: int) -> tuple[list[Cell], list[Cell]]:
    """Cells that may stand alone, biggest first, and those that are only shown together."""
    shown = sorted((cell for cell in cells if cell.people >= k), key=lambda cell: (-cell.scans, cell.adcode))
    hidden = [cell for cell in cells if cell.people < k]
    while hidden and shown and (len(hidden) < 2 or sum(cell.people for cell in hidden) < k):
        smallest = min(shown, key=lambda cell: (cell.people, cell.adcode))
        shown.remove(smallest)
        hidden.append(smallest)
    return shown, hidden
