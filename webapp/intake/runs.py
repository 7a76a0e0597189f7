"""Runs of serials that never overlap: what a file's runs would touch, in the registry and among each other."""
from bisect import bisect_left, insort
from typing import Any, NamedTuple

from sqlalchemy import select

from webapp.intake.desk import Desk
from webapp.models import CodeRun, Packing
from webapp.verify.registry import covering

GAP = 20_000  # serials between two runs of a file up to which one query looks for both


class Held(NamedTuple):
    first: int
    last: int
    holder: Any


class Runs:
    """Disjoint runs in order of their serials, each with what holds it."""

    def __init__(self) -> None:
        self._runs: list[Held] = []

    def add(self, first: int, last: int, holder: Any) -> None:
        """Keep a run that touches none."""
        insort(self._runs, Held(first, last, holder), key=lambda run: run.first)

    def touching(self, first: int, last: int) -> list[Held]:
        """The runs that share a serial with first..last, at most two: one answers whether any does."""
        at = bisect_left(self._runs, first, key=lambda run: run.first)
        around = self._runs[max(at - 1, 0):at + 2]
        return [run for run in around if run.first <= last and run.last >= first]


def near(desk: Desk, table: type[CodeRun] | type[Packing], wanted: list[tuple[int, int]]) -> list[Any]:
    """The registered runs that touch any of `wanted`, and perhaps some that lie between them."""
    spans: list[list[int]] = []
    for first, last in sorted(wanted):
        if spans and first - spans[-1][1] <= GAP:
            spans[-1][1] = max(spans[-1][1], last)
        else:
            spans.append([first, last])
    found = {}
    for first, last in spans:
        starts = covering(table).with_only_columns(table.first_serial)
        rows = select(table.__table__).where(table.first_serial.in_(starts))
        for row in desk.connection.execute(rows, {"first": first, "last": last}):
            found[row.id] = row
    return list(found.values())
