"""`calibrate` measures a generated database of known habits within its own error bars, and tells drift only if there is
some; doubted codes and lots do not take part."""
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert

from tests.verify import world
from webapp.commands.calibrate import measure
from webapp.db import Database
from webapp.detect.calibrate import ERRS, Figure
from webapp.detect.drifted_rules import drifted_rules
from webapp.detect.rules import GenuineRules, load_rules
from webapp.models import Alert, Case, Rollup, Scan
from webapp.settings import load_settings

START = datetime(2026, 1, 10, tzinfo=UTC)
LOTS, BAGS, SHARE = 4, 8_000, 0.3
HOME, ELSEWHERE = 510100, (440100, 330100, 370100, 410100, 420100, 610100, 320100)
HOURS = (0, 1, 12, 72, 336, 720, 1440, 2160)  # the edges of [ledger] lag_days, the last bin cut off
GENUINE = load_rules().genuine


class People:
    """Scans of bags whose owners have the habits `genuine` states."""

    def __init__(self, seed: int, genuine: GenuineRules) -> None:
        self.random, self.genuine, self.count = Random(seed), genuine, 0

    def scan(self, at: datetime, serial: int, city: int, fixed: bool, **more: Any) -> dict[str, Any]:
        self.count += 1
        n, r = self.count, self.random
        network = f"10.{n >> 8 & 255}.{n & 255}.0/24" if fixed else f"172.16.{r.randrange(8)}.0/24"
        return {"at": at, "scan_id": f"{n:032x}", "serial": serial, "batch_id": None, "device": r.getrandbits(60),
                "network": network, "adcode": city, "place_source": "geoip", "radius_km": 20, "agent": "wechat",
                "wifi": fixed, "hosting": False, "shared": False, "role": "shopper", "verdict": "first"} | more

    def bag(self, serial: int) -> Iterator[dict[str, Any]]:
        r, genuine = self.random, self.genuine
        first, fixed = START + timedelta(days=20 + r.uniform(0, 50)), r.random() < 0.5
        away = r.random() < (genuine.away_fixed if fixed else genuine.away_mobile)
        city = r.choice(ELSEWHERE) if away else HOME
        yield self.scan(first, serial, city, fixed)
        if r.random() < 0.03:
            yield from self.forwarded(serial, city, first)
            return
        lines = fixed
        for chance in genuine.followers:
            if r.random() >= chance:
                break
            fixed = r.random() < 0.5 if lines else True  # a phone that no line vouches for may be a flood's
            lines = True
            shares = genuine.lag_fixed if fixed else genuine.lag_mobile
            late = r.choices(range(len(shares)), shares)[0]
            lag = timedelta(hours=r.uniform(HOURS[late], HOURS[late + 1]))
            far = r.random() < genuine.far
            place = r.choice([one for one in (HOME, *ELSEWHERE) if one != city]) if far else city
            yield self.scan(first + lag, serial, place, fixed)

    def forwarded(self, serial: int, city: int, at: datetime) -> Iterator[dict[str, Any]]:
        """The first opening carries the mark: until one did, nobody can know that the page went round."""
        for n, place in enumerate([c for c in ELSEWHERE if c != city]):
            marked = n == 0 or self.random.random() < self.genuine.marked
            yield self.scan(at + timedelta(hours=1 + n), serial, place, True, shared=marked)


def fill(db: Database, genuine: GenuineRules, seed: int = 1, share: float = SHARE) -> None:
    """Lots sent to Sichuan; every code of a share of them is scanned as those people do."""
    world.people_and_goods(db)
    people, rows = People(seed, genuine), []
    for n in range(LOTS):
        lot = world.lot(db, f"C{n}", quantity=BAGS, produced_on=START.date())
        world.ship(db, f"S{n}", f"{world.SEA}/C{n}", batch_id=lot, shipped_at=START)
        first = world.BASE + n * BAGS
        world.run(db, first, first + BAGS - 1, world.block(db, first, first + BAGS - 1), lot)
        scanned = [first + k for k in range(BAGS) if people.random.random() < share]
        for serial in scanned:
            rows += people.bag(serial)
        world.put(db, Rollup, hour=START + timedelta(days=120), adcode=HOME, gtin=world.SEA, batch_id=lot,
                  visitor="first", scans=len(scanned))
    with db.transaction() as connection:
        connection.execute(insert(Scan), rows)


@pytest.fixture
def db(run, home: Path) -> Iterator[Database]:
    assert run("db", "upgrade").code == 0
    db = Database(load_settings(home=home))
    yield db
    db.close()


def figures_of(db: Database, **more: Any) -> dict[str, Figure]:
    rules = load_rules()
    return {one.name: one for one in measure(db, rules, START)}


def drifted(figures: dict[str, Figure]) -> set[str]:
    return {name for name, one in figures.items() if one.drifted(len(figures))}


def test_known_habits_are_measured_within_the_error_bars_and_nothing_has_drifted(db, run) -> None:
    fill(db, GENUINE)
    figures = figures_of(db)
    inside = 0
    for one in figures.values():
        truth = SHARE if one.assumed is None else one.assumed
        low, high = one.interval(ERRS / len(figures))
        assert low <= truth <= high, one
        low, high = one.interval()
        inside += low <= truth <= high
    assert inside >= 0.85 * len(figures)
    assert drifted(figures) == set()
    ended = run("calibrate")
    assert ended.code == 0
    assert f"0 of {len(figures)} drifted" in ended.out


CHANGES: dict[str, tuple[Any, set[str]]] = {
    "away_fixed": (0.09, {"first scans placed outside the destination: fixed"}),
    "far": (0.14, {"second phones placed in another province"}),
    "followers": ([0.28, 0.131, 0.331], {"codes with phone 1 that had phone 2"}),
    "lag_fixed": ([0.185, 0.215, 0.171, 0.238, 0.13, 0.05, 0.011],
                  {"later phones by lag: fixed, under 1 h", "later phones by lag: fixed, under 30 d",
                   "later phones by lag: fixed, under 60 d", "later phones by lag: fixed, 60 d and more"}),
    "marked": (0.4, {"far openings of forwarded pages that carry a share marker"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_drifted_is_told_and_nothing_else(db, name: str) -> None:
    value, told = CHANGES[name]
    fill(db, GenuineRules(**{field: getattr(GENUINE, field) for field in GENUINE.__struct_fields__} | {name: value}))
    assert drifted(figures_of(db)) == told


def test_the_rules_it_writes_can_be_used_and_measured_against_them_nothing_has_drifted(db, run, tmp_path) -> None:
    changed = {"far": 0.14, "followers": [0.28, 0.131, 0.331], "lag_fixed": CHANGES["lag_fixed"][0]}
    fill(db, GenuineRules(**{field: getattr(GENUINE, field) for field in GENUINE.__struct_fields__} | changed))
    written = tmp_path / "measured.toml"
    assert run("calibrate", "--write", written).code == 0
    rules, before = load_rules(written), load_rules()
    assert rules.ledger.far_household == pytest.approx(2 * before.ledger.far_household, rel=0.2)
    assert rules.ledger.household_more[0] > 1.3 * before.ledger.household_more[0]
    assert rules.second.wifi_nats[5] < before.second.wifi_nats[5] - 0.5  # what is usual speaks less for copies
    assert rules.second.mobile_nats == before.second.mobile_nats
    assert rules.genuine.scanned[world.SEA] == pytest.approx(SHARE, abs=0.01)
    assert "0 of" in run("calibrate", "--rules", written).out


def test_a_scan_rate_that_changed_since_the_last_calibration_is_told(db, run, tmp_path) -> None:
    fill(db, GENUINE)
    old = tmp_path / "old.toml"
    old.write_text(f'[genuine]\nscanned = {{"{world.SEA}" = 0.2}}\n')
    ended = run("calibrate", "--rules", old)
    assert [line for line in ended.out.splitlines() if "codes scanned" in line and line.rstrip().endswith("drifted")]


@pytest.mark.parametrize(("closed", "takes_part"), [
    (None, False), ("confirmed_fake", False), ("shopper_repeat", True),
])
def test_doubted_lots_take_no_part_until_the_doubt_is_a_mistake(db, closed: str | None, takes_part: bool) -> None:
    fill(db, GENUINE)
    before = figures_of(db)
    case = world.put(db, Case, public_id="SC-1", subject="lot:1:510000", kind="multiuse", severity="case", score=9.0,
                     state="closed" if closed else "new", batch_id=1, opened_at=START, updated_at=START,
                     closed_at=START if closed else None, closing_reason=closed)
    world.put(db, Alert, case_id=case, at=START, kind="multiuse", severity="case", score=9.0, batch_id=1, evidence=[])
    after = figures_of(db)
    name = f"codes scanned: {world.SEA}"
    assert (after[name] == before[name]) is takes_part
    assert all(after[one].of < before[one].of for one in before) is not takes_part


def test_a_doubted_code_takes_no_part(db) -> None:
    fill(db, GENUINE, share=0.02)
    before = figures_of(db)
    with db.read.connect() as connection:
        serial = connection.exec_driver_sql("SELECT serial FROM scan ORDER BY at LIMIT 1").scalar()
    world.put(db, Alert, at=START, kind="clone", severity="case", score=11.0, serial=serial, evidence=[])
    after = figures_of(db)
    name = "codes with phone 1 that had phone 2"
    assert before[name].of - after[name].of in (0, 1)
    assert sum(one.of for one in after.values()) < sum(one.of for one in before.values())


def test_nothing_learned_yet_is_no_drift_and_a_wrong_day_is_refused(run) -> None:
    assert "0 of" in run("calibrate").out
    assert run("calibrate", "--since", "yesterday").code == 2
    assert run("calibrate", "--rules", "/nowhere.toml").code == 4


def test_evidence_moves_by_no_more_than_two_nats() -> None:
    rules = load_rules()
    lags = [Figure(f"later phones by lag: {kind}, {name}", 1000, 2000, share) for kind in ("mobile", "fixed")
            for name, share in zip("abcdefg", rules.genuine.lag_fixed, strict=True)]
    sections = drifted_rules([*lags, Figure("second phones placed in another province", 0, 0, 0.1),
                              Figure("far openings of forwarded pages that carry a share marker", 0, 0, 0.6),
                              Figure("first scans placed outside the destination: mobile", 0, 0, 0.1),
                              Figure("first scans placed outside the destination: fixed", 0, 0, 0.1)], rules)
    assert sections["second"]["wifi_nats"][6] == rules.second.wifi_nats[6] - 2.0
