"""The scan map: one set of numbers in the drawings, the table and the export."""
import csv
import io
import json
import re

import pytest

from tests.factories import GTIN_A, GTIN_B, LOT_A
from tests.people import ADMIN, ALICE, BOB, NOBRAND
from webapp.analytics.filters import today_in_china

PERIOD = "from=2026-11-01&to=2026-11-30"


def chart(page: str) -> dict:
    return json.loads(re.search(r'id="chart-data">(.*?)</script>', page, re.S).group(1))


def export(client, parts=PERIOD) -> list[list[str]]:
    answer = client.get(f"/brand/export?{parts}&lang=en")
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def table(page: str) -> list[tuple[str, str]]:
    rows = re.findall(r'<tr class="\w+"><th scope="row">(.*?)</th><td class="n">(.*?)</td>', page)
    return [(name, count.replace("&lt;", "<").replace(",", "")) for name, count in rows]


def test_drawings_table_and_export_show_the_same_numbers(world):
    client = world.browser(ALICE)
    page = client.get(f"/brand/map?{PERIOD}&lang=en").text
    rows = export(client)[1:]
    assert table(page) == [(row[2], row[4]) for row in rows]
    numbers = {(row[0], row[2]): row[4] for row in rows}
    assert numbers["Total", "Total"] == "74"
    assert numbers["Unlocated", "Unlocated"] == "7"
    located = sum(int(row[4]) for row in rows if row[0] in ("province", "other provinces"))
    assert located + 7 == 74
    drawn = chart(page)
    tiles = sum(tile["scans"] or 0 for tile in drawn["tiles"])
    merged = sum(int(row[4]) for row in rows if row[0] == "other provinces")
    assert tiles + merged == located
    assert {bubble["name"]: bubble["scans"] for bubble in drawn["bubbles"]} == {
        row[2]: int(row[4]) for row in rows if row[0] == "prefecture"}


def test_all_34_provinces_have_a_square_and_no_border_is_drawn(world):
    page = world.browser(ALICE).get("/brand/map").text
    assert len(chart(page)["tiles"]) == 34
    assert len(re.findall(r'<g class="tile [^"]+">\s*<title>', page)) == 34
    assert "geojson" not in page.lower()


def test_default_is_people_of_the_last_thirty_days(world):
    page = world.browser(ALICE).get("/brand/map?lang=en").text
    assert f'name="to" value="{today_in_china()}"' in page
    assert re.search(r'aria-current="true">\s*<span>People', page)


def test_class_of_visitor_changes_the_numbers_and_the_address(world):
    client = world.browser(ALICE)
    assert "/brand/map?from=2026-11-01&amp;to=2026-11-30&amp;visitor=repeat" in client.get(f"/brand/map?{PERIOD}").text
    assert export(client, f"{PERIOD}&visitor=repeat")[1][4] == "9"


def test_product_and_lot_narrow_it(world):
    client = world.browser(ALICE)
    assert export(client, f"{PERIOD}&gtin={GTIN_A}&lot={LOT_A}")[1][4] == "74"
    assert f"<option selected>{LOT_A}</option>" in client.get(f"/brand/map?{PERIOD}&gtin={GTIN_A}&lot={LOT_A}").text


def test_other_brands_product_is_not_there(world):
    assert world.browser(ALICE).get(f"/brand/map?gtin={GTIN_B}").status_code == 404
    assert world.browser(BOB).get(f"/brand/map?gtin={GTIN_B}").status_code == 200
    assert world.browser(ADMIN).get(f"/brand/map?gtin={GTIN_B}").status_code == 200


@pytest.mark.parametrize("parts", ["from=x", "visitor=all", "from=2026-02-31", "from=2030-01-01"])
def test_address_that_cannot_be_read_is_refused_in_words(world, parts):
    answer = world.browser(ALICE).get(f"/brand/map?{parts}&lang=en")
    assert answer.status_code == 400
    assert "cannot be read" in answer.text


def test_brand_user_without_a_brand_sees_nothing(world):
    client = world.browser(NOBRAND)
    assert export(client)[1][4] == "0"
    assert client.get("/brand").status_code == 200


def test_missing_geoip_file_is_named_as_a_cause(world):
    client = world.browser(ALICE)
    assert "No GeoIP file is installed" in client.get("/brand/map?lang=en").text
    world.app.extensions["staff"].settings.geoip.touch()
    assert "No GeoIP file is installed" not in client.get("/brand/map?lang=en").text


def test_overview_counts_what_the_map_counts(world):
    client = world.browser(ALICE)
    counted_now = export(client, "")[1][4]
    assert f"<b>{counted_now}</b>" in client.get("/brand?lang=en").text
    assert "近 30 天" in client.get("/brand?lang=zh").text


def test_place_names_follow_the_language(world):
    client = world.browser(ALICE)
    assert "四川省" in client.get(f"/brand/map?{PERIOD}&lang=zh").text
    assert "Sichuan" in client.get(f"/brand/map?{PERIOD}&lang=en").text
    assert "Sichuan" in client.get(f"/brand/map?{PERIOD}").text  # remembered
