"""./saltcheck backtest: contract section 6, on a home with one lot of a hundred codes sent to Jiangsu."""
import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.intake.office import GTIN, Office

SHIPPED = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.49 NetType/WIFI"


@pytest.fixture
def codes(office: Office, run: Run, tmp_path: Path) -> list[str]:
    """Addresses of the lot's codes."""
    sent = {"destination_adcode": "320000", "shipped_at": "2026-10-05T16:00:00+08:00", "to_gln": ""}
    assert office.hand_in("shipments", sent).status == "accepted"
    out = tmp_path / "codes.csv"
    assert run("codes", "issue", "--gtin", GTIN, "--lot", "L1", "--count", 100, "--out", out).code == 0
    with out.open(encoding="utf-8-sig") as file:
        return [row["code_url"] for row in csv.DictReader(file)]


def event(day: float, code: str, device: str = "phone", **more: object) -> dict:
    at = SHIPPED + timedelta(days=day)
    return {"time": at.isoformat().replace("+00:00", "Z"), "code": code, "ip": "203.0.113.7", "gps": None,
            "device": device, "ua": PHONE} | more


def replay(run: Run, folder: Path, events: list[dict], *words: object) -> tuple:
    path, alerts, verdicts = folder / "events.jsonl", folder / "alerts.jsonl", folder / "verdicts.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
    ended = run("backtest", "--events", path, "--alerts", alerts, "--verdicts", verdicts, *words)
    if ended.code:
        return ended, None, None
    return ended, *([json.loads(line) for line in out.read_text("utf-8").splitlines()] for out in (alerts, verdicts))


def words_of(verdicts: list[dict]) -> list[str]:
    assert [one["i"] for one in verdicts] == list(range(len(verdicts)))
    return [one["v"] for one in verdicts]


def test_every_way_a_code_may_be_written_gets_its_verdict(run: Run, codes: list[str], tmp_path: Path) -> None:
    first, second = codes[:2]
    text = first.rpartition("/")[2]
    forged = first[:-3] + ("ZZZ" if not first.endswith("ZZZ") else "YYY")
    ended, alerts, verdicts = replay(run, tmp_path, [
        event(-3, codes[5]),
        event(10, first),
        event(10.001, first.lower()),
        event(10.01, f"https://elsewhere.example/01/{GTIN}/21/{text}", "other"),
        event(10.02, first + "?s=1", "friend"),
        event(10.03, second + "?x=1&from=groupmessage", "friend"),
        event(10.04, forged),
        event(10.05, first[:-9]),
        event(10.06, ""),
    ])
    assert ended.code == 0
    assert words_of(verdicts) == ["first", "first", "again", "again", "shared_link", "shared_link", "unknown",
                                  "malformed", "malformed"]
    assert alerts == []


def test_gps_before_shipment_in_another_province_is_told_and_raises_the_alert(run: Run, codes: list[str],
                                                                            tmp_path: Path) -> None:
    early = [event(n - 20, codes[n], f"phone {n}", gps=[23.13, 113.26, 30], ip=f"203.0.{n}.1") for n in range(4)]
    ended, alerts, verdicts = replay(run, tmp_path, early)
    assert set(words_of(verdicts)) == {"unreleased"}
    assert [(a["kind"], a["severity"], a["lot"], a["area"]) for a in alerts] == [
        ("prerelease", "case", "L1", "广东省")]
    assert set(alerts[0]["codes"]) <= set(codes)
    assert all(one["text"] and isinstance(one["weight"], float) for one in alerts[0]["evidence"])
    assert alerts[0]["time"] == event(-19, "")["time"].replace("Z", ".000Z")
    before = (tmp_path / "alerts.jsonl").read_bytes(), (tmp_path / "verdicts.jsonl").read_bytes()
    replay(run, tmp_path, early)
    assert ((tmp_path / "alerts.jsonl").read_bytes(), (tmp_path / "verdicts.jsonl").read_bytes()) == before


def test_rules_may_be_overridden_and_staff_is_no_witness(run: Run, codes: list[str], tmp_path: Path) -> None:
    early = [event(n - 20, codes[n], f"phone {n}", gps=[23.13, 113.26, 30], ip=f"203.0.{n}.1") for n in range(4)]
    rules, staff = tmp_path / "rules.toml", tmp_path / "staff.json"
    rules.write_text("[leak]\nsources = 9\nsources_away = 9\n")
    assert replay(run, tmp_path, early, "--rules", rules)[1] == []
    staff.write_text(json.dumps([f"phone {n}" for n in range(4)]))
    _, alerts, verdicts = replay(run, tmp_path, early, "--staff", staff)
    assert (alerts, set(words_of(verdicts))) == ([], {"first"})


@pytest.mark.parametrize(("line", "named"), [
    ("{not json", "line 2"), ('{"time": "2026-10-09T00:00:00Z"}', "line 2"),
    (json.dumps(event(-300, "x")), "line 2 is more than a minute earlier"),
    (json.dumps(event(11, "x") | {"time": "2026-10-19T00:00:00"}), "line 2: time has no zone"),
])
def test_a_bad_line_is_named_and_nothing_half_written_is_left(run: Run, codes: list[str], tmp_path: Path, line: str,
                                                             named: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(event(10, codes[0])) + "\n" + line + "\n")
    ended = run("backtest", "--events", path, "--alerts", tmp_path / "a", "--verdicts", tmp_path / "v")
    assert ended.code == 4
    assert named in ended.err
    assert not list(tmp_path.glob("[av]*"))


@pytest.mark.parametrize(("option", "text", "named"), [
    ("--rules", "[nosuch]\nx = 1\n", "nosuch"), ("--rules", "[away]\nsources = 'x'\n", "away.sources"),
    ("--rules", "[[", "rules"), ("--staff", "{}", "JSON list"), ("--geoip", "no mmdb", "cannot be read"),
])
def test_a_file_that_cannot_be_used_is_refused_in_one_line(run: Run, codes: list[str], tmp_path: Path, option: str,
                                                          text: str, named: str) -> None:
    given = tmp_path / "rules.given"
    given.write_text(text)
    ended, *_ = replay(run, tmp_path, [event(10, codes[0])], option, given)
    assert ended.code == 4
    assert named in ended.err


def test_a_missing_file_is_refused_in_one_line(run: Run, codes: list[str], tmp_path: Path) -> None:
    ended = run("backtest", "--events", tmp_path / "none", "--alerts", tmp_path / "a", "--verdicts", tmp_path / "v")
    assert ended.code == 4
    assert "none: No such file" in ended.err
