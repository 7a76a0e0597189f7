"""The pages around the scan page: typing by hand, product, batch, origin, home, and what machines ask."""
import pytest

from tests.verify import world
from tests.verify.world import PRODUCER, SEA
from tests.views.public.conftest import Shop
from tests.views.public.test_scan_page import stock
from webapp.verify.lookup import RegistryAway


def test_a_typed_code_leads_to_its_page(shop: Shop) -> None:
    code = shop.code(7)
    typed = " ".join([code[:4], code[4:]]).lower()
    answer = shop.phone().get("/check", query_string={"code": typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/{code}")
    english = shop.phone().get("/check", query_string={"code": typed, "lang": "en"})
    assert english.headers["Location"] == f"/{code}?lang=en"


@pytest.mark.parametrize(("spoil", "status"), [
    (lambda code: code[:-1], 400), (lambda code: code[:3] + "U" + code[4:], 400),
    (lambda code: code[:5] + code[6] + code[5] + code[7:], 404),
])
def test_a_mistyped_code_is_offered_its_nearest(shop: Shop, spoil, status: int) -> None:
    code = next(shop.code(n) for n in range(99) if shop.code(n)[5] != shop.code(n)[6])
    answer = shop.phone().get("/check", query_string={"code": spoil(code)})
    assert answer.status_code == status
    assert f'href="/{code}"' in answer.text
    told = shop.phone().get("/check", query_string={"code": spoil(code)}, headers={"Accept": "application/json"})
    assert told.json["nearest"] == [code]


def test_the_scan_address_itself_offers_nothing(shop: Shop) -> None:
    code = shop.code(7)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert code not in shop.phone().get(f"/{wrong}").text


def test_typed_markup_stays_text(shop: Shop) -> None:
    page = shop.phone().get("/check", query_string={"code": "<b>x</b>"}).text
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_product_batch_and_origin(shop: Shop) -> None:
    stock(shop)
    phone = shop.phone()
    assert "精制海盐" in phone.get(f"/p/{SEA}").text
    assert "精制海盐" in phone.get(f"/p/{SEA.lstrip('0')}").text
    assert "99.1" in phone.get(f"/b/{SEA}/A").text
    assert "山东省潍坊市" in phone.get(f"/o/{PRODUCER}").text
    assert "Refined sea salt" in phone.get(f"/p/{SEA}?lang=en").text
    json = {"Accept": "application/json"}
    assert phone.get(f"/p/{SEA}", headers=json).json["gtin"] == SEA
    assert phone.get(f"/b/{SEA}/A", headers=json).json["quality"][0]["item"] == "nacl"
    assert phone.get(f"/o/{PRODUCER}", headers=json).json["gln"] == PRODUCER


def test_a_recall_stands_on_the_product_and_batch_pages(shop: Shop) -> None:
    stock(shop)
    world.recall(shop.db, lot_no="A")
    assert "召回通告" in shop.phone().get(f"/b/{SEA}/A").text
    assert "召回通告" not in shop.phone().get(f"/p/{SEA}").text


@pytest.mark.parametrize("path", ["/p/09999999999999", f"/b/{SEA}/NONE", "/o/1", "/p/x", "/b/x/y"])
def test_what_is_not_there_is_404(shop: Shop, path: str) -> None:
    assert shop.phone().get(path).status_code == 404


def test_while_the_registry_is_away_the_page_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(gtin: str) -> None:
        raise RegistryAway("away")

    monkeypatch.setattr(shop.parts.lookup, "product", away)
    answer = shop.phone().get(f"/p/{SEA}")
    assert answer.status_code == 503
    assert "资料此刻读不到" in answer.text


def test_what_machines_ask(shop: Shop) -> None:
    phone = shop.phone()
    assert "Disallow: /" in phone.get("/robots.txt").text
    assert phone.get("/healthz").json == {"status": "ok"}
    assert phone.get("/readyz").json == {"ready": True, "spool": "ok", "database": "ok", "cache": "ok"}
    assert phone.get("/favicon.ico").content_type == "image/svg+xml"
    assert "手工输入码" in phone.get("/").text
