"""The numbers of rules.toml as types: one section a class, every name checked."""
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

DEFAULTS = Path(__file__).with_name("rules.toml")


class BadRules(Exception):
    """A rules file that cannot be used; the text says which file, which name and why."""


class FirstRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unshipped_days: int


class PeopleRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operator_codes_a_day: int
    operator_lots_a_month: int
    robot_codes_a_day: int
    crawl_half_life_days: float
    crawl_guard: float
    crawl_memory_days: float


class NetworkRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    crowded_codes: float
    half_life_days: float


class LedgerRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weight_household: float
    weight_display: float
    weight_forwarded: float
    weight_viral: float
    more_people: float
    household_more: list[float]
    lag_days: list[float]
    lag_nats: list[float]
    known_network: float
    known_network_display: float
    second_network: float
    third_network: float
    other_network_display: float
    mobile_display: float
    far_household: float
    far_forwarded: float
    crowd_people: float
    burst_new: float
    burst_over: float
    burst_days: float
    burst_floor: float
    burst_rate: float
    marked_share: float
    marked_link: float
    marked_limit: float
    marked_more: float
    wechat_forwarded: float
    other_app_forwarded: float
    viral_same_city: float
    viral_new_city: float
    near_km: float
    near_household: float
    away_household: float
    near_display: float
    away_display: float
    off_household: float
    off_display: float
    off_forwarded: float
    span_display_60: float
    span_display_90: float
    storm_links: int
    storm_people: int
    mobile_free: int
    mobile_per_fixed: int
    alert: float
    alert_people: int
    alert_networks: int
    hammered_scans: int
    hammered_per_person: int


class VerdictRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suspect: float
    caution: float
    caution_people: int
    caution_leave: float
    caution_open: float


class ClusterRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    false_alarm_days: float
    volume_days: float
    mute_days: float
    codes_kept: int
    source_hours: float


class AwayRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share_prior: float
    share_min: float
    share_max: float
    attack_share: float
    box_share: float
    margin: float
    sources: int
    bags_off: float
    far_max: float
    copies_seen: int
    copies_share: float
    old_days: float


class SecondRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    margin: float
    codes: int
    attack_share: float
    wifi_nats: list[float]
    mobile_nats: list[float]
    far_nats: float
    known_nats: float
    surplus_alone: float


class LateRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    margin: float
    codes: int
    away_share: float
    nats_min: float
    nats_max: float
    young_days: float
    young_nats: float
    strongest_lot: float
    same_lot: float
    lot_max: float
    named: float
    still_to_come: float
    still_to_come_sigmas: float
    reuse_a_day: float
    hazard_prior: list[float]


class AgainRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lag_days: list[float]
    lag_shares: list[float]
    line_shares: list[float]
    hits_a_day: float
    nats_max: float
    prior: list[float]
    prior_codes: float
    places: float


class ReuseRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    margin: float
    codes: int
    strongest_lot: float


class SurplusRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dispersion: float
    lots: int


class LeakRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grace_hours: float
    sources: int
    sources_away: int
    away_days: float
    share: float
    stray_share: float
    record_gap_days: float


class ForgedRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rate: float
    floor: float
    sources: int
    glr: float
    idle_days: float


class GenuineRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    away_mobile: float
    away_fixed: float
    far: float
    followers: list[float]
    lag_mobile: list[float]
    lag_fixed: list[float]
    marked: float
    scanned: dict[str, float]


class TrialRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    off: list[Literal["clone", "away", "second", "late", "again", "leak", "forged"]]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    first: FirstRules
    people: PeopleRules
    networks: NetworkRules
    ledger: LedgerRules
    verdict: VerdictRules
    clusters: ClusterRules
    away: AwayRules
    second: SecondRules
    late: LateRules
    again: AgainRules
    reuse: ReuseRules
    surplus: SurplusRules
    leak: LeakRules
    forged: ForgedRules
    genuine: GenuineRules
    trial: TrialRules


def load_rules(override: Path | None = None) -> Rules:
    """The rules of the product, with the numbers in `override` (TOML, any subset) put over them."""
    numbers = _read(DEFAULTS)
    for section, values in (_read(override) if override else {}).items():
        if not isinstance(values, dict):
            raise BadRules(f"{override}: {section} must be a section, [{section}]")
        numbers.setdefault(section, {}).update(values)
    try:
        return msgspec.convert(numbers, Rules)
    except msgspec.ValidationError as error:
        raise BadRules(f"{override or DEFAULTS}: {error}; the names are those of webapp/detect/rules.toml") from None


class Changed(NamedTuple):
    """One number that differs; `name` as in away.sources."""

    name: str
    live: object
    trial: object


def changed(live: Rules | Mapping[str, Any], trial: Rules | Mapping[str, Any]) -> list[Changed]:
    """What differs between two sets of rules, as types or as they are kept; None where one lacks the name."""
    here, there = _by_name(live), _by_name(trial)
    return [Changed(name, here.get(name), there.get(name)) for name in here | there
            if here.get(name) != there.get(name)]


def _by_name(rules: Rules | Mapping[str, Any]) -> dict[str, object]:
    sections = msgspec.to_builtins(rules)
    return {f"{section}.{name}": value for section, numbers in sections.items() for name, value in numbers.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRules(f"{path}: {error.strerror}; give a TOML file that can be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRules(f"{path}: {error}; correct the file") from None
