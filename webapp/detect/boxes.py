"""Bags of one box (同箱) travel together to one shop: where its siblings are checked says where a bag should be.

A bag checked in another province than its siblings did not come there with them: copied, or carried off. Siblings that
all turn up in another province came together: the box was diverted, and no bag of it is suspect for being there.
"""
from typing import NamedTuple

from webapp.detect.lots import Lot

BOXES_KEPT = 512  # of a lot, the newest
SIBLINGS_KEPT = 8  # of a box, the newest: a byte each
AGREED = 0.75


class Siblings(NamedTuple):
    """Other codes of the box, by the province of their first witness: `here` in that of this visit, `elsewhere`;
    `place` is where the box is, as far as two or more of them agree, else 0."""

    here: int = 0
    elsewhere: int = 0
    place: int = 0

    @property
    def together(self) -> bool:
        """The box came here, as far as is known."""
        return self.here > 0 and self.elsewhere == 0

    @property
    def apart(self) -> bool:
        """The box is in another place, and this bag of it is here."""
        return self.here == 0 and self.place > 0


ALONE = Siblings()


def siblings(lot: Lot, box: int, province: int) -> Siblings:
    """What is known of the other codes of `box` when one of its bags is checked in `province` (adcode // 10000)."""
    seen = lot.boxes.get(box, b"") if box else b""
    if not seen:
        return ALONE
    here, most = seen.count(province), max(set(seen), key=lambda one: (seen.count(one), one))
    agreed = len(seen) >= 2 and seen.count(most) >= AGREED * len(seen)
    return Siblings(here, len(seen) - here, most if agreed else 0)


def note(lot: Lot, box: int, province: int) -> None:
    """A code of `box` has had its first witness, in `province`."""
    if not box or not province:
        return
    lot.boxes[box] = (lot.boxes.get(box, b"") + bytes((province,)))[-SIBLINGS_KEPT:]
    if len(lot.boxes) > BOXES_KEPT:
        del lot.boxes[next(iter(lot.boxes))]
