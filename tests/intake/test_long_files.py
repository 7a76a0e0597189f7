"""A hundred thousand rows: fast enough to wait for, small enough for a worker."""
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from tests.intake.office import GLN, GTIN, Office

ROWS = 100_000
BATCHES = b"gtin,lot,site_gln,line,produced_on,best_before,quantity\n" + b"".join(
    f"{GTIN},M{n:06d},{GLN},A,2026-10-{n % 28 + 1:02d},2029-10-01,{1000 + n % 7}\n".encode() for n in range(ROWS))
SHIPMENTS = b"shipment_no,unit,from_gln,destination_adcode,shipped_at\n" + b"".join(
    f"S{n},{GTIN}/M{n:06d},{GLN},510000,2026-11-01T08:00:00Z\n".encode() for n in range(ROWS))


@pytest.mark.long
def test_a_hundred_thousand_rows_take_under_twenty_seconds(office: Office) -> None:
    corrected = SHIPMENTS.replace(b",510000,", b",440100,")
    for kind, body in ("batches", BATCHES), ("shipments", SHIPMENTS), ("shipments", corrected):
        began = monotonic()
        assert office.hand_in(kind, body).accepted == ROWS
        assert monotonic() - began < 20


@pytest.mark.long
def test_a_hundred_thousand_rows_need_under_256_megabytes(quick_office: Office, tmp_path: Path, root: Path) -> None:
    (tmp_path / "batches.csv").write_bytes(BATCHES)
    program = (
        "import resource, sys; from pathlib import Path; from tests.intake.office import Office\n"
        "from webapp.db import Database; from webapp.settings import load_settings\n"
        "office = Office(Database(load_settings(database_url=sys.argv[1])))\n"
        "print(office.hand_in('batches', Path(sys.argv[2]).read_bytes()).accepted)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")
    said = subprocess.run([sys.executable, "-c", program, quick_office.db.settings.database, tmp_path / "batches.csv"],
                          cwd=root, capture_output=True, text=True, check=True).stdout
    accepted, kilobytes = map(int, said.split())
    assert accepted == ROWS
    assert kilobytes < 256_000
