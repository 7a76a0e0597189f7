"""What a detector hands on when something is worth a person's time."""
from enum import StrEnum
from typing import Literal

import msgspec


class Kind(StrEnum):
    """What is suspected (closed list of the contract)."""

    CLONE = "clone"
    REUSE = "reuse"
    MULTIUSE = "multiuse"
    FORGED = "forged"
    PRERELEASE = "prerelease"
    DIVERSION = "diversion"
    OLD_BATCH = "old_batch"
    COUNTERFEIT = "counterfeit"
    RECORD_GAP = "record_gap"
    SHARE_STORM = "share_storm"


class Evidence(msgspec.Struct, frozen=True):
    """One reason in words; `weight` in nats for the alert (negative: against it)."""

    zh: str
    en: str
    weight: float


class Alert(msgspec.Struct, frozen=True):
    """About one code (`serial`) or a cluster (`lot` and/or `area`, an adcode; 0 = none in particular). `serials` are
    codes that stand for it; `texts` the addresses of wrong codes. severity "info" is for operations, not for cases."""

    kind: Kind
    at: float
    score: float
    severity: Literal["info", "case"]
    evidence: tuple[Evidence, ...]
    serial: int = 0
    lot: int = 0
    area: int = 0
    serials: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
