"""Subjects first raised day by day, live above a line and the trial below it: geometry for a drawing made here."""
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from webapp.cases.trial import Comparison, Raised
from webapp.verify.china_day import CHINA

WIDTH, LEFT, RIGHT, TOP, HALF, FOOT = 720, 34, 14, 18, 96, 26
BASE = TOP + HALF
TALLEST_ONE = 32.0  # a single subject is no tower
WIDEST = 16.0
TICKS = 5


class Count(NamedTuple):
    """Of one side and day: subjects the other side raised as well, whenever it did, and those it did not."""

    both: int
    only: int


class Piece(NamedTuple):
    """A rectangle; `name`: both, live or trial."""

    name: str
    y: float
    height: float


class Day(NamedTuple):
    day: date
    x: float
    live: Count
    trial: Count
    pieces: list[Piece]


class Mark(NamedTuple):
    x: float
    text: str


class TrialDays(NamedTuple):
    """`began`: x of the day on which the trial began, where it learned scans from before. `most`: of one day and
    side; `top` and `bottom` are where that many would end."""

    width: int
    height: int
    base: int
    step: float
    bar: float
    days: list[Day]
    ticks: list[Mark]
    began: float | None
    most: int
    top: float
    bottom: float


def trial_days(found: Comparison) -> TrialDays:
    period = found.period
    first, last = period.since.astimezone(CHINA).date(), period.to.astimezone(CHINA).date()
    span = [first + timedelta(days=n) for n in range(max(0, (last - first).days) + 1)]
    live = _sides([one.live for one in found.both if one.live], found.only_live)
    trial = _sides([one.trial for one in found.both], found.only_trial)
    most = max((sum(side[day]) for side in (live, trial) for day in side), default=0) or 1
    unit = min(TALLEST_ONE, HALF / most)
    step = (WIDTH - LEFT - RIGHT) / len(span)
    days = [Day(day, round(LEFT + n * step, 1), here := live.get(day, NONE), there := trial.get(day, NONE),
                _pieces(here, there, unit)) for n, day in enumerate(span)]
    began = period.began_at.astimezone(CHINA).date()
    return TrialDays(
        WIDTH, BASE + HALF + FOOT, BASE, round(step, 2), round(max(1.5, min(WIDEST, step * 0.72)), 2), days,
        _ticks(days, step), round(LEFT + (began - first).days * step, 1) if first < began <= last else None, most,
        round(BASE - most * unit, 1), round(BASE + most * unit, 1))


NONE = Count(0, 0)


def _sides(both: Iterable[Raised], only: Iterable[Raised]) -> dict[date, Count]:
    shared, alone = (Counter(one.at.astimezone(CHINA).date() for one in ones) for ones in (both, only))
    return {day: Count(shared[day], alone[day]) for day in shared | alone}


def _pieces(live: Count, trial: Count, unit: float) -> list[Piece]:
    """What both raised lies at the line, on either side; what only one of them did beyond it."""
    above, below = live.both * unit, trial.both * unit
    pieces = [Piece("both", BASE - above, above), Piece("live", BASE - above - live.only * unit, live.only * unit),
              Piece("both", BASE, below), Piece("trial", BASE + below, trial.only * unit)]
    return [Piece(one.name, round(one.y, 1), round(one.height, 1)) for one in pieces if one.height]


def _ticks(days: list[Day], step: float) -> list[Mark]:
    chosen = sorted({round(n * (len(days) - 1) / (TICKS - 1)) for n in range(TICKS)})
    return [Mark(round(days[n].x + step / 2, 1), f"{days[n].day:%m-%d}") for n in chosen]
