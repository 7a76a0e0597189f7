"""Replays a file of scans through the live engine, over the registry alone: what would have been said and raised?"""
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from webapp.detect.alert import Alert
from webapp.detect.bags import NOT_ISSUED, BagTable
from webapp.detect.engine import Engine
from webapp.detect.event import Event
from webapp.detect.in_order import TooLate, in_order
from webapp.detect.requests import BadEvent, Reader
from webapp.detect.rules import Rules
from webapp.places import PLACES

REPORT_EVERY = 2048

Address = Callable[[int], str]  # the address printed on the bag with this serial


class BadLine(Exception):
    """The event file cannot be used; the text names the line."""


class Totals(msgspec.Struct):
    """What a replay came to."""

    events: int = 0
    alerts: int = 0
    infos: int = 0


def backtest(lines: Iterable[bytes], reader: Reader, bags: BagTable, rules: Rules, address: Address,
             alerts_out: BinaryIO, verdicts_out: BinaryIO, progress: Callable[[int], None]) -> Totals:
    """Judge every line in order of time; write alerts and verdicts as they come. `progress(bytes read)`.

    Raises BadLine.
    """
    engine = Engine(rules, {})
    totals = Totals()
    encode = msgspec.json.Encoder().encode
    said: list[bytes] = []
    for event, number in _in_order(_read(lines, reader, progress)):
        bag = NOT_ISSUED if event.bad else bags.facts(event.serial, event.at)
        learned = engine.learn(event, bag)
        said.append(b'{"i":%d,"v":"%s"}\n' % (number, learned.opinion.word.encode()))
        for alert in learned.alerts:
            alerts_out.write(encode(_alert(alert, event, bags, address)) + b"\n")
            totals.alerts += alert.severity == "case"
            totals.infos += alert.severity == "info"
        if len(said) >= REPORT_EVERY:
            totals.events += len(said)
            verdicts_out.writelines(said)
            said.clear()
    totals.events += len(said)
    verdicts_out.writelines(said)
    return totals


def _read(lines: Iterable[bytes], reader: Reader, progress: Callable[[int], None]) -> Iterator[tuple[Event, int]]:
    size = 0
    for number, line in enumerate(lines):
        size += len(line)
        if not number % REPORT_EVERY:
            progress(size)
        try:
            yield reader.event(line), number
        except BadEvent as error:
            raise BadLine(f"line {number + 1}: {error}") from None
    progress(size)


def _in_order(events: Iterator[tuple[Event, int]]) -> Iterator[tuple[Event, int]]:
    try:
        yield from in_order(events)
    except TooLate as error:
        raise BadLine(f"line {int(str(error.tag)) + 1} is more than a minute earlier than a line before it; "
                      "sort the file by time") from None


def _alert(alert: Alert, event: Event, bags: BagTable, address: Address) -> dict[str, object]:
    """One line of the alert file (contract, section 6)."""
    at = datetime.fromtimestamp(alert.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, object] = {"time": at, "kind": alert.kind, "score": alert.score, "severity": alert.severity}
    if alert.serial:
        line["code"] = address(alert.serial)
    else:
        line["lot"] = bags.lot_names.get(alert.lot)
        line["area"] = PLACES[alert.area].name_zh if alert.area in PLACES else None
        line["codes"] = [address(serial) for serial in alert.serials] + list(alert.texts)
    line["evidence"] = [{"text": one.zh, "text_en": one.en, "weight": one.weight} for one in alert.evidence]
    return line
