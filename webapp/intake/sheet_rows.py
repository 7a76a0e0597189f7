"""XLSX to CSV in a child process with hard limits: a sheet can name a cell in its last row and column, or unpack to
terabytes, and whatever that does to the reader it must not do to us."""
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from webapp.intake.refusals import Refusal, Why
from webapp.intake.table import BadFile

READER = Path(__file__).with_name("sheet_reader.py")
MAX_UNPACKED = 150_000_000
MAX_SECONDS = 20  # of wall time, on a busy machine; the reader bounds its own CPU time and memory


def sheet_as_csv(body: bytes) -> bytes:
    """The first sheet as CSV in UTF-8. Raises BadFile for anything that is not a plain, bounded spreadsheet."""
    refusal = BadFile(Refusal(0, "", Why.NOT_A_SPREADSHEET, {}))
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise BadFile(Refusal(0, "", Why.TOO_LARGE, {"limit": MAX_UNPACKED // 1_000_000}))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, UnicodeError):
        raise refusal from None
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(body)
        source.seek(0)
        try:
            done = subprocess.run([sys.executable, "-I", str(READER)], stdin=source, stdout=target,
                                  stderr=subprocess.DEVNULL, timeout=MAX_SECONDS, check=False,
                                  env={"PATH": os.defpath})
        except subprocess.TimeoutExpired:
            raise refusal from None
        if done.returncode:
            raise refusal
        target.seek(0)
        return target.read()

