"""The scans of a case along time, one lane a province: geometry for a drawing made on the server."""
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.analytics.filters import SHANGHAI
from webapp.cases.case_file import ScanLine
from webapp.places import province_of

WIDTH, LEFT, RIGHT, LANE, TOP = 960, 110, 44, 30, 12
MOST_LANES = 8
OTHER = -1  # the lane of provinces beyond the eighth


class Dot(NamedTuple):
    x: float
    y: int
    scan: ScanLine


class Lane(NamedTuple):
    """province: an adcode, 0 for unlocated, -1 for all further provinces."""

    y: int
    province: int


class Tick(NamedTuple):
    x: float
    text: str


class Timeline(NamedTuple):
    width: int
    height: int
    lanes: list[Lane]
    ticks: list[Tick]
    dots: list[Dot]


def timeline(scans: Sequence[ScanLine]) -> Timeline | None:
    """None for fewer than one scan. Lanes in the order of first appearance of the busiest provinces."""
    if not scans:
        return None
    in_order = sorted(scans, key=lambda scan: scan.at)
    busiest = [p for p, _ in Counter(province_of(scan.adcode) for scan in in_order).most_common(MOST_LANES)]
    seen = list(dict.fromkeys(p if (p := province_of(scan.adcode)) in busiest else OTHER for scan in in_order))
    row = {province: TOP + LANE * index + LANE // 2 for index, province in enumerate(seen)}
    begin, end = in_order[0].at, in_order[-1].at
    span = max(end - begin, timedelta(minutes=10))

    def x(moment: datetime) -> float:
        return round(LEFT + 12 + (moment - begin) / span * (WIDTH - LEFT - RIGHT - 24), 1)

    dots = [Dot(x(scan.at), row[p if (p := province_of(scan.adcode)) in row else OTHER], scan) for scan in in_order]
    ticks = [Tick(x(begin + span * n / 4), _label(begin + span * n / 4, span)) for n in range(5)]
    return Timeline(WIDTH, TOP + LANE * len(seen) + 28, [Lane(y, p) for p, y in row.items()], ticks, dots)


def _label(moment: datetime, span: timedelta) -> str:
    return moment.astimezone(SHANGHAI).strftime("%m-%d" if span > timedelta(days=6) else "%m-%d %H:%M")
