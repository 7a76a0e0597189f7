"""The detectors by name: what each looks for, its words and its numbers, read from the code itself.

docs/detectors.md is written by `python -m webapp.detect.catalogue`; a test holds it to the code.
"""
import inspect
import sys
from types import ModuleType
from typing import NamedTuple

from webapp.detect import again, away, boxes, forged, late, leak, reuse, second, surplus, weigh
from webapp.detect.alert import Kind
from webapp.detect.rules import DEFAULTS


class Detector(NamedTuple):
    """`module` holds its code and says what and why; `section` names its numbers in rules.toml."""

    title: str
    module: ModuleType
    section: str
    kinds: tuple[Kind, ...]


DETECTORS = (
    Detector("The ledger of one code", weigh, "ledger", (Kind.CLONE, Kind.SHARE_STORM)),
    Detector("Away from the destination", away, "away", (Kind.DIVERSION, Kind.MULTIUSE, Kind.OLD_BATCH)),
    Detector("Second users of a lot's codes", second, "second", (Kind.MULTIUSE,)),
    Detector("More bags scanned than made", surplus, "surplus", (Kind.MULTIUSE,)),
    Detector("Bags of one box", boxes, "away", (Kind.DIVERSION, Kind.MULTIUSE)),
    Detector("Old lots on the market", late, "late", (Kind.REUSE, Kind.OLD_BATCH)),
    Detector("Second users after weeks and months", again, "again", (Kind.REUSE,)),
    Detector("Reuse where bags were sold", reuse, "reuse", (Kind.REUSE,)),
    Detector("Before shipment", leak, "leak", (Kind.PRERELEASE, Kind.RECORD_GAP)),
    Detector("Wrong codes", forged, "forged", (Kind.FORGED,)),
)

HEAD = """# The detectors

Written from the code by `.venv/bin/python -m webapp.detect.catalogue`; do not edit. How they work together, and the
figures they reach: [detection.md](detection.md). Evidence is in nats: +2.3 = ten times likelier under copying.
"""


def page() -> str:
    """The whole of docs/detectors.md."""
    return "\n".join([HEAD, *map(_chapter, DETECTORS)])


def _chapter(detector: Detector) -> str:
    name = detector.module.__name__.rpartition(".")[2]
    return (f"## {detector.title}\n\n{inspect.getdoc(detector.module)}\n\n"
            f"Raises: {', '.join(f'`{kind}`' for kind in detector.kinds)} · code: `webapp/detect/{name}.py` · "
            f"numbers: `[{detector.section}]` in `webapp/detect/rules.toml`\n\n"
            f"```toml\n{_numbers(detector.section)}\n```\n")


def _numbers(section: str) -> str:
    lines = DEFAULTS.read_text("utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"[{section}]"))
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    return "\n".join(lines[start:end]).rstrip()


if __name__ == "__main__":
    sys.stdout.write(page())
