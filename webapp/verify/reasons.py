"""Why a verdict was said: a closed list. The sentences stand in the catalogue of the public pages, by these names."""
from enum import StrEnum


class Reason(StrEnum):
    """In the order in which several are listed."""

    RECALL_OPEN = "recall_open"
    CODE_VOIDED = "code_voided"
    COPIED = "copied"
    BEFORE_PRODUCTION = "before_production"
    BEFORE_SHIPMENT = "before_shipment"
    PAST_BEST_BEFORE = "past_best_before"
    QUALITY_FAILED = "quality_failed"
    SEVERAL_WITNESSES = "several_witnesses"
    LOT_WATCHED = "lot_watched"
    FORWARDED = "forwarded"
    SEEN_BEFORE = "seen_before"
    SAME_DEVICE = "same_device"
    FIRST_CHECK = "first_check"
    HISTORY_UNAVAILABLE = "history_unavailable"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    LOT_MISSING = "lot_missing"
    NOT_ISSUED = "not_issued"
    WRONG_TAG = "wrong_tag"
    CANNOT_BE_A_CODE = "cannot_be_a_code"


ORDER = {reason: rank for rank, reason in enumerate(Reason)}
