"""What the worker says of itself after each round: a small file in the spool folder, read by /metrics and `doctor`."""
import os
from contextlib import suppress
from pathlib import Path

import msgspec

HEARTBEAT_FILE = "worker.heartbeat"


class Heartbeat(msgspec.Struct, frozen=True):
    """`caught_up_at`: everything kept before then is in the database (seconds since the epoch; 0 = nothing is known).
    `shipped`, `set_aside`: since this worker began. `waiting_bytes` of the spool are still to be shipped.

    Of the detectors, since it began, by name (live, shadow): visits `learned`; seconds `behind_s` what there is to
    learn (absent where another worker detects). `drops`: visits that gave the live ones no evidence, by reason."""

    pid: int
    at: float
    caught_up_at: float
    shipped: int
    set_aside: int
    waiting_bytes: int
    learned: dict[str, int] = {}
    behind_s: dict[str, float] = {}
    drops: dict[str, int] = {}
    trial_failures: int = 0


def beat(folder: Path, heartbeat: Heartbeat) -> None:
    """Never raises: on a full disk the old one stays, and grows old."""
    new = folder / (HEARTBEAT_FILE + ".new")
    with suppress(OSError):
        new.write_bytes(msgspec.json.encode(heartbeat))
        os.replace(new, folder / HEARTBEAT_FILE)


def last_beat(folder: Path) -> Heartbeat | None:
    """None: no worker has ever been round here, or what it left cannot be read."""
    try:
        return msgspec.json.decode((folder / HEARTBEAT_FILE).read_bytes(), type=Heartbeat)
    except (OSError, msgspec.MsgspecError):
        return None
