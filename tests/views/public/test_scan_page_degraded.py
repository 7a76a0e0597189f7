"""What the page says while a part is away: never more than is known."""
import re

import pytest

from tests.verify import world
from tests.verify.world import BASE
from tests.views.public.conftest import Shop
from tests.views.public.test_scan_page import ask, stock
from webapp.app import create_app
from webapp.db import DatabaseAway
from webapp.settings import load_settings
from webapp.verify.code import code_of


def test_without_valkey_it_never_says_first_and_keeps_the_scan(home, sqlite_url: str) -> None:
    app = create_app(load_settings(home=home, database_url=sqlite_url, redis_url=f"unix://{home}/none.sock"))
    parts = app.extensions["parts"]
    world.people_and_goods(parts.db)
    stock(Shop(parts, lambda: app.test_client(), lambda n: code_of(BASE + n, parts.keys.codes)))
    phone = app.test_client()
    path = f"/{code_of(BASE + 7, parts.keys.codes)}"
    told = phone.get(path, headers={"Accept": "application/json", "User-Agent": "Mobile"}).json
    assert told["verdict"] != "first"
    assert (told["checks"], told["degraded"], told["recorded"]) == (None, ["history"], True)
    page = phone.get(path, headers={"User-Agent": "Mobile"}).text
    assert "查询记录此刻读不到" in page
    assert "首次查询" not in page


def test_without_the_database_a_right_tag_is_all_it_claims(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(question, replayed=""):
        raise DatabaseAway("away")

    monkeypatch.setattr(shop.parts.db, "ask", away)
    told = ask(shop)
    assert (told["verdict"], told["reasons"], told["degraded"]) == (
        "pending", ["registry_unavailable"], ["history", "registry"])
    assert told["product"] is None
    assert told["recorded"] is True
    assert "资料此刻读不到" in shop.phone().get(f"/{shop.code(7)}").text


def test_what_was_known_before_is_shown_and_marked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stock(shop)
    ask(shop)

    def away(question, replayed=""):
        raise DatabaseAway("away")

    monkeypatch.setattr(shop.parts.db, "ask", away)
    shop.parts.observer._memory.bump()
    told = ask(shop)
    assert told["degraded"] == ["registry"]
    assert told["product"]["name_zh"] == "精制海盐"
    assert "可能不是最新" in shop.phone().get(f"/{shop.code(7)}").text


def test_a_scan_that_cannot_be_kept_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stock(shop)
    monkeypatch.setattr(shop.parts.spool, "append", lambda payload: False)
    assert ask(shop)["recorded"] is False
    page = shop.phone().get(f"/{shop.code(7)}").text
    assert "本次查询未登记" in page
    assert "This check was not recorded" in shop.phone().get(f"/{shop.code(7)}?lang=en").text


def test_a_bot_is_not_told_that_its_visit_should_have_been_kept(shop: Shop) -> None:
    stock(shop)
    answer = shop.phone(agent="Googlebot/2.1 (+http://www.google.com/bot.html)").get(f"/{shop.code(7)}")
    assert answer.status_code == 200
    assert not re.search("未登记", answer.text)
