"""What a calibration changes in the rules: evidence moves by as much as what is usual did (新规则)."""
from collections.abc import Iterable, Sequence
from math import log

from webapp.detect.calibrate import ENOUGH, Figure
from webapp.detect.rules import Rules

MOST_NATS = 2.0  # that one calibration moves
Section = dict[str, float | list[float] | dict[str, float]]


def drifted_rules(figures: Sequence[Figure], rules: Rules) -> dict[str, Section]:
    """Sections and numbers to put over `rules`: the measured shares where they have drifted, and the evidence that
    rests on them. Empty where nothing has."""
    by_name = {figure.name: figure for figure in figures}
    drifted = {figure.name for figure in figures if figure.drifted(len(figures))}
    own, genuine = rules.ledger, rules.genuine
    ledger: Section = {}
    second: Section = {}
    away: Section = {}
    measured: Section = {}

    def ratio(names: Iterable[str]) -> float:
        """How much likelier than assumed; 1 where nothing of it has drifted."""
        some = [by_name[name] for name in names]
        if not drifted.intersection(figure.name for figure in some):
            return 1.0
        assumed = sum((figure.assumed or 0.0) * figure.of for figure in some)
        return (sum(figure.hits for figure in some) + 0.5) / (assumed + 0.5)

    for kind, field in (("mobile", "mobile_nats"), ("fixed", "wifi_nats")):
        names = [name for name in by_name if name.startswith(f"later phones by lag: {kind}")]
        if drifted.intersection(names):
            measured[f"lag_{kind}"] = [round(by_name[name].share, 5) for name in names]
            second[field] = [_moved(nats, ratio([name])) for name, nats in
                             zip(names, getattr(rules.second, field), strict=True)]
    lags = [[f"later phones by lag: {kind}, {name}" for kind in ("mobile", "fixed")] for name in _names(by_name)]
    if any(drifted.intersection(pair) for pair in lags):
        ledger["lag_nats"] = [_moved(nats, ratio(pair)) for nats, pair in zip(own.lag_nats, lags, strict=True)]
    followers = [name for name in by_name if name.startswith("codes with phone")]
    if drifted.intersection(followers):
        measured["followers"] = [round(by_name[name].share, 5) for name in followers]
        more = [_share(chance * ratio([name])) for chance, name in zip(own.household_more, followers, strict=False)]
        ledger["household_more"] = more + own.household_more[len(more):]
    places = [f"first scans placed outside the destination: {kind}" for kind in ("mobile", "fixed")]
    if drifted.intersection(places):
        measured["away_mobile"], measured["away_fixed"] = (round(by_name[name].share, 5) for name in places)
        away["share_prior"] = _share(rules.away.share_prior * ratio(places))
    for name, field, number in (
            ("second phones placed in another province", "far", "far_household"),
            ("far openings of forwarded pages that carry a share marker", "marked", "marked_share")):
        if name in drifted:
            measured[field] = round(by_name[name].share, 5)
            ledger[number] = _share(getattr(own, number) * ratio([name]))
    scanned = {figure.name.removeprefix("codes scanned: "): round(figure.share, 5) for figure in figures
               if figure.name.startswith("codes scanned: ") and figure.of >= ENOUGH}
    if scanned and scanned != genuine.scanned:
        measured["scanned"] = genuine.scanned | scanned
    sections = {"ledger": ledger, "second": second, "away": away, "genuine": measured}
    return {name: numbers for name, numbers in sections.items() if numbers}


def toml_of(sections: dict[str, Section]) -> str:
    """A rules file with these numbers."""
    lines = ["# Written by ./saltcheck calibrate; every other number is the product's."]
    for name, numbers in sections.items():
        lines += ["", f"[{name}]", *(f"{key} = {_literal(value)}" for key, value in numbers.items())]
    return "\n".join(lines) + "\n"


def _literal(value: float | list[float] | dict[str, float]) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {one!r}' for key, one in sorted(value.items())) + "}"
    return repr(value)


def _names(by_name: Iterable[str]) -> list[str]:
    head = "later phones by lag: mobile, "
    return [name.removeprefix(head) for name in by_name if name.startswith(head)]


def _moved(nats: float, ratio: float) -> float:
    return round(nats - max(-MOST_NATS, min(MOST_NATS, log(ratio))), 3)


def _share(share: float) -> float:
    return round(max(0.005, min(0.95, share)), 4)
