"""The ledger in words: strangers on other lines count, a household's own phones and robots do not."""
from webapp.detect.event import BOT, DAY, WIFI, BagFacts, Event
from webapp.detect.from_scan import event_of
from webapp.detect.rules import load_rules
from webapp.detect.why import why
from webapp.scanlog.scan import Scan

BAG = BagFacts(lot=1, destination=51, shipped_at=0.0, quantity=100)


def test_strangers_speak_against_every_innocent_explanation() -> None:
    said = why([Event(n * 4.0 * DAY, 5, n + 1, 90 + n * 7, 440100 if n % 2 else 320500, link=WIFI) for n in range(9)],
               BAG, load_rules())
    assert [kind for _, kind in said.lines] == ["witness"] * 9
    assert said.score > said.suspect
    assert all(one.weight > 0 for one in said.explanations[:4])
    assert "9 phones on 9 fixed lines" in said.explanations[-1].en


def test_one_household_and_a_robot_explain_themselves() -> None:
    visits = [Event(n * DAY, 5, n % 2 + 1, 90, 510100, link=WIFI) for n in range(4)]
    said = why([*visits, Event(5.0 * DAY, 5, 9, 4, 110100, agent=BOT)], BAG, load_rules())
    assert [kind for _, kind in said.lines] == ["witness", "witness", "again", "again", "bot"]
    assert said.score < said.caution


def test_a_kept_scan_becomes_the_same_event() -> None:
    scan = Scan("0" * 32, 5_000_000, 7, 11, "203.0.113.0/24", 510300, "geoip", 50, "wechat", False, False, True,
                "staff", "first")
    event = event_of(scan)
    assert (event.at, event.serial, event.device, event.city) == (5.0, 7, 11, 510300)
    assert event.shared
    assert event.staff
    assert event.link == 0
