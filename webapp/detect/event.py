"""What the engine is told: one visit and what the registry knows about the bag, as plain values.

The live worker, the scan page and the back-test all build these two, so all three judge with the same code.
"""
from typing import Literal

import msgspec

MICROSECONDS = 1_000_000
DAY = 86_400

PERSON, DESKTOP, BOT = 0, 1, 2  # what the user agent says it is
MOBILE, UNSTATED, WIFI = 0, 1, 2  # what the user agent says about its network


class Event(msgspec.Struct, frozen=True, gc=False):
    """One request for a code's page.

    `at` seconds since the epoch, UTC. `device`, `network` (of the truncated address) are pseudonyms as integers, 0 =
    not known. `city` is a GB/T 2260 prefecture or province (adcode), 0 = unlocated: never evidence of distance.
    `point` is the phone's own position (degrees) where it was given and is accurate to 500 m. `bad` is set for what is
    not one of our codes; then `text` names it and `misread` says it is one character away from one of ours.
    """

    at: float
    serial: int
    device: int
    network: int
    city: int
    point: tuple[float, float] | None = None
    agent: int = PERSON
    link: int = UNSTATED
    wechat: bool = False
    hosting: bool = False
    shared: bool = False
    staff: bool = False
    bad: Literal["", "malformed", "forged"] = ""
    text: str = ""
    misread: bool = False


class BagFacts(msgspec.Struct, frozen=True, gc=False):
    """What the registry says. `lot` is the batch's row number (0 = data not arrived), `destination` a province's
    adcode // 10000 (0 = not known), `shipped_at` and `best_before` seconds since the epoch (0 = not known,
    infinity = known not to have left), `quantity` the bags shipped in this shipment's lot. `standing`: what the
    registry alone decides about the bag. `box` names the box it was packed in (0 = not known), within its lot; `places`
    are the provinces of a lot that was sent to several, no one knows which bag where."""

    lot: int = 0
    destination: int = 0
    shipped_at: float = 0.0
    quantity: int = 0
    issued: bool = True
    standing: Literal["", "void", "recalled"] = ""
    best_before: float = 0.0
    box: int = 0
    places: tuple[int, ...] = ()

    def home(self) -> tuple[int, ...]:
        """Provinces it may have been sent to; () = not known."""
        return (self.destination,) if self.destination else self.places
