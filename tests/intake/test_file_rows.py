"""How bytes become rows: formats, encodings, and every file that is not one."""
import io
import json
import resource
import tracemalloc
import zipfile
from datetime import date, datetime
from time import monotonic

import pytest
import xlsxwriter

from tests.intake.office import GLN, KEYS, RIGHT, WHOLESALER, Office, csv_of, refusals
from webapp.intake import file_rows
from webapp.intake.sheet_reader import MAX_MEMORY
from webapp.intake.upload import accept
from webapp.models import Site

SITE = RIGHT["sites"]
HEADER = b"gln,name_zh,kind,adcode\n"
ROW = f"{GLN},盐厂,producer,510300\n".encode()


def workbook(rows: list[list], top: int = 0) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows, top):
        sheet.write_row(number, 0, row)
    book.close()
    return file.getvalue()


def bomb(sheet: bytes, stored_size: int | None = None) -> bytes:
    """A workbook whose first sheet is `sheet`; the archive may lie about how large it unpacks."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["gln"]]))) as good, \
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in good.namelist():
            bad.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else good.read(name))
        if stored_size is not None:
            bad.getinfo("xl/worksheets/sheet1.xml").file_size = stored_size
    return file.getvalue()


SHEET = (b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData>'
         b"</worksheet>")
FAR_CELLS = SHEET % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.mark.parametrize("body", [
    csv_of([SITE]).encode(), b"\xef\xbb\xbf" + csv_of([SITE]).encode(), csv_of([SITE]).encode("gb18030"),
    csv_of([SITE]).replace("\n", "\r\n").encode(), csv_of([SITE]).replace("\n", "\r").encode(),
    ("\n\n" + csv_of([SITE]) + "\n,,,\n").encode(), (csv_of([SITE]).replace("\n", ",,,\n")).encode(),
    json.dumps([SITE]).encode(), b"\xef\xbb\xbf \n" + json.dumps([SITE], ensure_ascii=False).encode(),
    json.dumps([SITE], ensure_ascii=False).encode("gb18030"),
    json.dumps([SITE | {"lat": 29.34, "lon": 104.78, "adcode": 510300, "gln": int(GLN)}]).encode(),
    workbook([list(SITE), list(SITE.values())]),
    workbook([list(SITE), [int(v) if k in ("gln", "adcode") else v for k, v in SITE.items()]]),
    workbook([list(SITE), list(SITE.values())], top=5),
], ids=["utf8", "bom", "gb18030", "crlf", "cr", "blank-lines", "empty-columns", "json", "json-bom", "json-gb18030",
        "json-numbers", "xlsx", "xlsx-numbers", "xlsx-lower-down"])
def test_reads_the_same_site_from(quick_office: Office, body: bytes) -> None:
    before = quick_office.one(Site, gln=GLN)
    answer = quick_office.hand_in("sites", body)
    assert (answer.status, answer.duplicates, answer.errors) == ("accepted", 1, [])
    assert quick_office.one(Site, gln=GLN) == before


def test_spreadsheet_dates_and_booleans_are_understood(quick_office: Office) -> None:
    batch = list(RIGHT["batches"]), [*list(RIGHT["batches"].values())[:4], date(2026, 10, 1), date(2029, 10, 1), 1000]
    assert quick_office.hand_in("batches", workbook(list(batch))).duplicates == 1
    product = RIGHT["products"] | {"iodised": True, "net_weight_g": 400.0}
    assert quick_office.hand_in("products", workbook([list(product), list(product.values())])).duplicates == 1
    assert quick_office.hand_in("products", json.dumps([product]).encode()).duplicates == 1
    sent = RIGHT["shipments"] | {"shipped_at": datetime(2026, 10, 5, 8, 0)}
    quick_office.hand_in("shipments", {})
    assert quick_office.hand_in("shipments", workbook([list(sent), list(sent.values())])).duplicates == 1


@pytest.mark.parametrize(("body", "expected"), [
    (b"", [(0, "", "empty")]), (b"\n\n,,\n", [(0, "", "empty")]), (HEADER, [(0, "", "empty")]),
    (b"\xff\xfeg\x00l\x00n\x00", [(0, "", "encoding")]), (HEADER + b"\xff\xff\xff\n", [(0, "", "encoding")]),
    (HEADER + "盐厂,a,b,c\n".encode() + "盐业公司,a,b,c\n".encode("gb18030"), [(2, "", "encoding")]),
    (HEADER + ROW + b"a\x00b,c,d,e\n", [(3, "", "nul")]),
    (HEADER + ROW + ROW.replace("盐".encode(), b"a,b"), [(3, "", "ragged_row")]),
    (HEADER + ROW + b"1,2,3\n", [(3, "", "ragged_row")]),
    (HEADER + b'"open,1,2,3\n', [(2, "", "not_a_table")]), (HEADER + b'"a"b,1,2,3\n', [(2, "", "not_a_table")]),
    (HEADER + b'"open' + b"\n" * 60, [(2, "", "line_too_long")]),
    (HEADER + b"x" * 30_000, [(2, "", "line_too_long")]),
    (b"gln,name_zh,kind,adcode,colour\n" + ROW, [(1, "colour", "unknown_column")]),
    (b"gln,name_zh,kind,adcode,GLN\n" + ROW[:-1] + b",\n", [(1, "GLN", "unknown_column")]),
    (b"gln,name_zh,kind,adcode,gln\n" + ROW[:-1] + b",1\n", [(1, "gln", "repeated_column")]),
    (b"gln,name_zh\n1,2\n", [(1, "kind", "missing_column"), (1, "adcode", "missing_column")]),
    (b",".join(b"c%d" % n for n in range(100)) + b"\n", [(1, "", "too_many_columns")]),
    (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", [(1, "", "line_too_long")]),
    (b"[", [(0, "", "not_json")]), (b"[" * 100_000, [(0, "", "not_json")]), (b"[]", [(0, "", "empty")]),
    (b'[{"gln": "1"} x]', [(0, "", "not_json")]), (b"[[1], 2]", [(2, "", "not_a_row"), (3, "", "not_a_row")]),
    (b'[{"colour": 1}]', [(1, "colour", "unknown_column"), *(
        (1, name, "missing_column") for name in ("gln", "name_zh", "kind", "adcode"))]),
    (b'{"gln": "1"}', None), (b"\xd0\xcf\x11\xe0old excel", [(0, "", "not_a_spreadsheet")]),
    (b"PK\x03\x04nothing", [(0, "", "not_a_spreadsheet")]),
    (workbook([["gln", "name_zh"]])[:-200], [(0, "", "not_a_spreadsheet")]),
    (workbook([["gln", "name_zh"]]).replace(b"xl/workbook.xml", b"xl/workbo0k.xml"), [(0, "", "not_a_spreadsheet")]),
    (bomb(FAR_CELLS), [(0, "", "not_a_spreadsheet")]),
    (bomb(SHEET % (b" " * 160_000_000)), [(0, "", "too_large")]),
])
def test_refuses_a_file_that_is_none_and_changes_nothing(
        quick_office: Office, body: bytes, expected: list | None) -> None:
    before, began = quick_office.count(), monotonic()
    answer = quick_office.hand_in("sites", body)
    assert monotonic() - began < 5
    assert (answer.status, answer.accepted, answer.duplicates) == ("rejected", 0, 0)
    assert expected is None or refusals(answer) == expected
    assert quick_office.count() == before


def test_a_workbook_whose_cells_lie_far_apart_gets_no_memory_for_what_lies_between(quick_office: Office) -> None:
    """4 kB of file; as a table thirty million cells, a gigabyte."""
    cells = SHEET % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="AD1048576"><v>1</v></c></row>'
    assert refusals(quick_office.hand_in("sites", bomb(cells))) == [(0, "", "not_a_spreadsheet")]
    # Twice, because a child begins as large as we are.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < 2 * MAX_MEMORY


def test_a_workbook_that_lies_about_its_size_ends_its_reader_and_not_us(quick_office: Office) -> None:
    answer = quick_office.hand_in("sites", bomb(SHEET % (b" " * 200_000_000), stored_size=1_000))
    assert answer.status == "rejected"


def test_one_spoilt_json_row_is_named_and_the_others_go_in(quick_office: Office) -> None:
    rows = json.dumps([SITE, SITE | {"gln": [1]}, SITE | {"gln": WHOLESALER}]).encode()
    answer = quick_office.hand_in("sites", rows)
    assert (answer.rows, answer.accepted, answer.duplicates, answer.rejected) == (3, 1, 1, 1)
    assert refusals(answer) == [(3, "", "not_a_row")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(quick_office: Office) -> None:
    body = b'\ngln,name_zh,kind,adcode,address\n\n' + ROW[:-1] + b',"two\nlines"\nbad,' + b"x,producer,510300,\n"
    answer = quick_office.hand_in("sites", body)
    assert refusals(answer) == [(5, "gln", "gln")]
    assert quick_office.one(Site, gln=GLN)["address"] == "two lines"


def test_too_many_rows_are_refused(quick_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "MAX_ROWS", 3)
    assert refusals(quick_office.hand_in("sites", HEADER + ROW * 4)) == [(5, "", "too_many_rows")]


def test_too_large_a_body_is_refused_without_reading_it_all(quick_office: Office) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0
            self.given += size
            return b"x" * size

    file = Endless()
    answer = accept(quick_office.db, "sites", file, "x", GLN, keys=KEYS, actor="t")  # type: ignore[arg-type]
    assert refusals(answer) == [(0, "", "too_large")]
    assert file.given <= 20_000_001


def test_two_million_mistakes_do_not_fill_the_memory(quick_office: Office) -> None:
    body = HEADER + b"1,2,3,4\n" * 200_000
    tracemalloc.start()
    answer = quick_office.hand_in("sites", body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.rejected, len(answer.errors)) == (200_000, 10_001)
    assert (answer.errors[-1].code, answer.errors[-1].message[:6]) == ("more_errors", "590000")
    assert peak < 40_000_000
