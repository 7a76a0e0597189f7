"""What staff pages work with, and how they are drawn: one place for language, times, names and the page's frame."""
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode

from flask import current_app, g, render_template, request

from webapp.analytics.filters import SHANGHAI
from webapp.auth.login_limits import LoginLimits
from webapp.db import Database
from webapp.keys import Keys
from webapp.places import PLACES, is_province
from webapp.settings import Settings
from webapp.views.staff_words import LANGUAGE_COOKIE, LANGUAGES, Words, words


class Staff(NamedTuple):
    db: Database
    settings: Settings
    keys: Keys
    limits: LoginLimits


def staff() -> Staff:
    """The parts `setup_staff` put into this app."""
    return current_app.extensions["staff"]


def language() -> str:
    """zh or en: asked for in this address, chosen before, or the browser's wish; Chinese where nothing is said."""
    for wish in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wish in LANGUAGES:
            return wish
    return request.accept_languages.best_match(("zh", "zh-CN", "en"), "zh")[:2]


def render(template: str, /, **facts: object) -> str:
    """A staff page: the facts, plus the words and formats of the reader's language."""
    lang = language()
    return render_template(template, t=words(lang), lang=lang, user=g.get("user"), time=china_time, day=china_day,
                           number=number, name=lambda zh, en: name(lang, zh, en), other_language=_other(lang),
                           place=lambda adcode: place_name(adcode, words(lang)), **facts)


def name(lang: str, zh: str | None, en: str | None) -> str:
    """The name in the reader's language, the other where there is none."""
    return (en or zh or "") if lang == "en" else (zh or en or "")


def place_name(adcode: int, t: Words) -> str:
    """A place in words; a prefecture with its province before it, so that no two places look alike."""
    if adcode not in PLACES:
        return t("place.unlocated") if adcode == 0 else str(adcode)
    one = PLACES[adcode]
    own = name(t.language, one.name_zh, one.name_en)
    if is_province(adcode) or one.province not in PLACES:
        return own
    province = PLACES[one.province]
    if province.name_zh == one.name_zh:
        return own
    return f"{own}, {province.name_en}" if t.language == "en" else f"{province.name_zh} {own}"


def china_time(moment: datetime | None) -> str:
    """To the minute, in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else ""


def china_day(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d") if moment else ""


def number(value: int | None) -> str:
    """With thousands apart; a number that is withheld reads as fewer than five."""
    return "<5" if value is None else f"{value:,}"


def _other(lang: str) -> dict[str, str]:
    """The address of this same page in the other language."""
    other = "en" if lang == "zh" else "zh"
    parts = request.args.to_dict() | {"lang": other}
    return {"lang": other, "address": f"{quote(request.path)}?{urlencode(parts)}"}
