"""`codes inspect --why` tells, from the kept scans, what each was and what they say together."""
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from tests.detect.kept import clone, detector, learn, stock
from tests.detect.kept import keep as keep_scans
from tests.verify import world
from webapp.commands.code_ledger import print_ledger
from webapp.models import Scan

SERIAL = 1 << 45 | 4711
START = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)


def keep(database, number: int, adcode: int, **other) -> None:
    """One kept scan: another phone on another line, a day after the one before."""
    row = {"at": START + timedelta(days=number), "scan_id": f"{number:032x}", "serial": SERIAL, "batch_id": None,
           "device": 1000 + number, "network": f"198.51.{number}.0/24", "adcode": adcode, "place_source": "geoip",
           "radius_km": 20, "agent": "wechat", "wifi": True, "hosting": False, "shared": False, "role": "shopper",
           "verdict": "again"}
    with database.transaction() as connection:
        connection.execute(insert(Scan).values(row | other))


def test_each_scan_is_named_and_the_sum_is_told(sqlite_database, capsys):
    for number, adcode in enumerate((510100, 440100, 330100, 510100, 440100, 330100)):
        keep(sqlite_database, number, adcode)
    keep(sqlite_database, 7, 0, role="staff")
    print_ledger(sqlite_database, SERIAL)
    told = capsys.readouterr().out
    assert told.count("witness") >= 6
    assert told.count("staff") == 1
    assert "2026-10-01 12:00" in told  # Beijing
    assert "成都市" in told
    assert float(told.split("S = ")[1].split()[0]) > 5.5


def test_one_scan_says_nothing_against_anybody(sqlite_database, capsys):
    keep(sqlite_database, 0, 510100)
    print_ledger(sqlite_database, SERIAL)
    assert "does not explain" not in capsys.readouterr().out


def test_the_live_ledger_is_told_beside_it(sqlite_database, capsys):
    lookup = stock(sqlite_database)
    keep_scans(sqlite_database, clone(), lookup)
    print_ledger(sqlite_database, world.BASE + 7)
    assert "has not detected anything" in capsys.readouterr().out
    learn(detector(sqlite_database, lookup))
    print_ledger(sqlite_database, world.BASE + 7)
    told = capsys.readouterr().out.partition("live ledger, learned to")[2]
    assert "12 phones on 12 fixed lines" in told
    assert float(told.split("S = ")[1].split()[0]) > 10.5
    print_ledger(sqlite_database, world.BASE + 8)
    assert "nothing is kept of this code" in capsys.readouterr().out
