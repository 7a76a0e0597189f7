"""A run of box numbers, written as its first and last: BX0001 to BX0024."""
import re

from webapp.intake.checks import BadValue
from webapp.intake.refusals import Why, shown

MAX_BOXES = 1_000
NUMBERED = re.compile(r"(.*?)(\d*)", re.DOTALL | re.ASCII)


def box_run(first: str, last: str | None) -> list[str]:
    """Every id from first to last: same prefix, same width, rising. Raises BadValue. An SSCC (18 digits) keeps its own
    check digit, so a run of them cannot be counted through: each is its own row."""
    if last is None or last == first:
        return [first]
    (prefix, low), (other_prefix, high) = (NUMBERED.fullmatch(one).groups() for one in (first, last))  # type: ignore
    if prefix != other_prefix or len(low) != len(high) or not low or len(first) == 18 == len(low) \
            or not int(low) < int(high) < int(low) + MAX_BOXES:
        raise BadValue(Why.BOX_RUN, value=shown(f"{first}–{last}"), limit=MAX_BOXES)
    return [f"{prefix}{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]
