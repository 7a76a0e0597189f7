"""T3: whoever guesses codes gets no help. Corrections are for people who mistyped, so many a network and minute.

Self-check: with the limit taken out (CORRECTIONS above what is asked here) the first test fails.
"""
import pytest

from tests.views.public.conftest import Shop
from webapp.views.public import check_page
from webapp.views.public.check_page import CORRECTIONS

MISTYPED = "U"  # no letter of ours, so this code cannot be read


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window's edge must not fall into a test."""
    monkeypatch.setattr(check_page, "WINDOW_S", 86_400)


def corrections(shop: Shop, number: int, network: str) -> list[str]:
    """What is offered for code `number` with one wrong letter."""
    typed = shop.code(number)[:-1] + MISTYPED
    answer = shop.phone(network).get("/check", query_string={"code": typed}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json["verdict"] == "malformed"
    return answer.json["nearest"]


@pytest.mark.parametrize("valkey", ["there", "away"])
def test_a_network_gets_so_many_corrections_and_then_none(shop: Shop, valkey: str):
    if valkey == "away":
        shop.parts.cache.close()
        shop.parts.cache._urls = ["redis://127.0.0.1:1"]
    told = [corrections(shop, number, f"203.0.113.{number}") for number in range(CORRECTIONS + 10)]
    assert [shop.code(number) in one for number, one in enumerate(told)] == [True] * CORRECTIONS + [False] * 10
    assert not any(told[CORRECTIONS:])
    assert shop.code(1) in corrections(shop, 1, "198.51.100.7")  # another network


def test_past_the_limit_a_right_code_is_found_and_a_wrong_one_is_still_told(shop: Shop):
    for number in range(CORRECTIONS + 1):
        corrections(shop, number, "203.0.113.7")
    phone = shop.phone("203.0.113.7")
    answer = phone.get("/check", query_string={"code": shop.code(3).lower()})
    assert (answer.status_code, answer.location) == (303, f"/{shop.code(3)}")
    assert "203.0.113" not in phone.get("/check", query_string={"code": shop.code(3)[:-1]}).text


def test_wrong_codes_of_the_scan_page_are_counted_nowhere_but_in_memory(shop: Shop):
    """No key of the limit, no history, no record: the address itself stays the cheapest page there is."""
    before = shop.parts.cache.call("DBSIZE")
    for number in range(100):
        assert shop.phone("203.0.113.7").get(f"/{number:020}").status_code == 404
    assert shop.parts.cache.call("DBSIZE") == before
    assert shop.parts.spool.kept == 0
