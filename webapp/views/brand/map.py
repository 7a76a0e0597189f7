"""GET /brand/map: where codes were scanned, as a tile grid, bubbles and a table; GET /brand/export: the same as CSV."""
from datetime import timedelta
from typing import NamedTuple

from flask import Response, abort, request, url_for

from webapp.analytics.csv_export import csv_text
from webapp.analytics.filters import BadFilter, ScanFilter, Visitor, read_filter, today_in_china
from webapp.analytics.products import NotYours, ProductChoice, lots, products
from webapp.analytics.scans_by_place import Row, ScansByPlace, scans_by_place
from webapp.places import PLACES
from webapp.views.brand.drawings import bubbles, chart, tiles
from webapp.views.lonlat import CHINA
from webapp.views.signed_in import scope
from webapp.views.staff import language, name, place_name, render, staff
from webapp.views.staff_words import Words, words

PERIODS = (7, 30, 90, 365)


class MapFacts(NamedTuple):
    wanted: ScanFilter
    counts: ScansByPlace
    products: list[ProductChoice]
    lots: list[str]


def brand_map():
    facts = _read()
    t = words(language())
    today = today_in_china()
    periods = {days: facts.wanted.address(**{"from": today - timedelta(days=days - 1), "to": today})
               for days in PERIODS}
    settings = staff().settings
    return render(
        "brand/map.html", wanted=facts.wanted, counts=facts.counts, products=facts.products, lots=facts.lots,
        rows=list(facts.counts.rows()), row_name=lambda row: row_name(row, t), visitors=Visitor, periods=periods,
        tiles=tiles(facts.counts.located), bubbles=bubbles(facts.counts.located), frame=CHINA,
        seats=[(CHINA.x(p.lon), CHINA.y(p.lat)) for p in PLACES.values() if p.adcode != p.province],
        chart=chart(facts.counts.located, t), export=url_for("brand_export", **facts.wanted.address()),
        approval=settings.map_approval_no, geoip_missing=not settings.geoip.exists())


def brand_export():
    """Exactly the rows on the screen, in the same order."""
    facts = _read()
    t = words(language())
    header = [t(f"export.{column}") for column in ("level", "adcode", "place", "places", "scans")]
    rows = ((t(f"level.{row.level}"), row.adcode or "", row_name(row, t), row.places or "",
             "<5" if row.scans is None else row.scans) for row in facts.counts.rows())
    filename = f"scans_{facts.wanted.first_day}_{facts.wanted.last_day}_{facts.wanted.visitor}.csv"
    return Response(csv_text(header, rows), mimetype="text/csv",
                    headers={"Content-Disposition": f"attachment; filename={filename}"})


def row_name(row: Row, t: Words) -> str:
    """What a line of the table is called."""
    match row.level:
        case "province":
            return place_name(row.adcode, t)
        case "place" if row.adcode % 10000 == 0:
            return t("level.province_only")
        case "place":
            one = PLACES.get(row.adcode)
            return name(t.language, one.name_zh, one.name_en) if one else str(row.adcode)
        case "rest":
            return t("map.rest", n=row.places)
        case "elsewhere":
            return t("map.elsewhere", n=row.places)
    return t(f"level.{row.level}")


def _read() -> MapFacts:
    """The filter of the address and its counts, inside the person's scope; an unknown product or lot is a 404."""
    try:
        wanted = read_filter(request.args, today_in_china())
    except BadFilter:
        abort(400)
    mine = scope()
    try:
        return staff().db.ask(lambda connection: MapFacts(
            wanted, scans_by_place(connection, mine, wanted), products(connection, mine),
            lots(connection, mine, wanted.gtin) if wanted.gtin else []))
    except NotYours:
        abort(404)
