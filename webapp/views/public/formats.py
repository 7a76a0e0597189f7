"""How numbers, days, names and places read in a language: the filters of the shopper's templates."""
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from webapp.places import PLACES, is_province
from webapp.verify.china_day import CHINA, day_of
from webapp.verify.facts import ShipmentFacts
from webapp.views.public.words import words

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(language: str, when: date | datetime) -> str:
    """A calendar day in China: 2026年5月3日, 3 May 2026."""
    if isinstance(when, datetime):
        when = when.astimezone(CHINA).date()
    if language == "en":
        return f"{when.day} {MONTHS[when.month - 1]} {when.year}"
    return f"{when.year}年{when.month}月{when.day}日"


def moment(language: str, at_us: int) -> str:
    """To the minute, in China."""
    return _minute(language, at_us // 60_000_000)


@lru_cache(16)
def _minute(language: str, minutes: int) -> str:
    when = datetime.fromtimestamp(minutes * 60, CHINA)
    return f"{day(language, when)} {when:%H:%M}"


def day_of_seconds(language: str, at_s: int) -> str:
    """The calendar day in China of a time in s since the epoch."""
    return _spelt(language, day_of(at_s * 1_000_000))


_spelt = lru_cache(4096)(day)


def number(_language: str, value: float) -> str:
    """Without needless noughts: 99.1, 25, 0.05."""
    return f"{value:.6g}"


def weight(_language: str, grams: float) -> str:
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams:g} g"


def name(language: str, one: Any) -> str:
    """The name of a product or site in the reader's language, else the Chinese one."""
    return str(one.name_en or one.name_zh if language == "en" else one.name_zh)


def consignee(language: str, shipment: ShipmentFacts) -> str:
    """Who the goods went to; where nobody was named, the place."""
    told = shipment.to_name_en or shipment.to_name_zh if language == "en" else shipment.to_name_zh
    return told or place(language, shipment.destination_adcode)


def place(language: str, adcode: int) -> str:
    """A prefecture with its province before it (after it in English); "" when not known."""
    one = PLACES.get(adcode)
    if one is None:
        return ""
    own = one.name_en if language == "en" else one.name_zh
    province = PLACES.get(one.province)
    if province is None or is_province(adcode) or province.name_zh == one.name_zh:
        return own
    return f"{own}, {province.name_en}" if language == "en" else f"{province.name_zh}{own}"


def province(language: str, adcode: int) -> str:
    """Only the province: that is all anybody is told about another person."""
    one = PLACES.get(adcode // 10000 * 10000)
    return "" if one is None else one.name_en if language == "en" else one.name_zh


@lru_cache(1024)
def first_place(language: str, adcode: int) -> str:
    """The province of somebody's check, or that it is not known."""
    return province(language, adcode) or str(words(language)["checks"]["unlocated"])


def in_groups(_language: str, code: str) -> str:
    """As printed on the bag: five groups of four."""
    return " ".join((code[:4], code[4:8], code[8:12], code[12:16], code[16:20]))


def as_filter(function: Callable[[str, Any], str]) -> Callable[[Context, Any], str]:
    """A Jinja filter that takes the language from the page's words."""

    @pass_context
    def read(context: Context, value: Any) -> str:
        return function(context["t"]["language"], value)

    return read


FILTERS = {one.__name__: as_filter(one) for one in (day, number, weight, name, consignee, place, in_groups)}
