"""The scan page in a real browser: without script, in the dark, large, small, and read aloud."""
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.verify import world
from tests.verify.world import BASE, SEA
from tests.views.public.conftest import PHONE, connect
from webapp.app import create_app
from webapp.settings import load_settings
from webapp.verify.code import code_of

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

CONTRAST = """() => {
  const part = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(part);
    return .2126 * r + .7152 * g + .0722 * b };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c } return 'rgb(255,255,255)' };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.offsetWidth || e.closest('script')) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) low.push(e.tagName + ' ' + ratio.toFixed(2) + ' ' + e.textContent.trim().slice(0, 20));
  }
  return low }"""


class Served(NamedTuple):
    address: str
    codes: dict[str, str]

    def page_of(self, word: str) -> str:
        return f"{self.address}/{self.codes[word]}"


@pytest.fixture
def served(home: Path, sqlite_url: str, valkey_url: str) -> Iterator[Served]:
    app = create_app(load_settings(home=home, database_url=sqlite_url, redis_url=valkey_url))
    parts = app.extensions["parts"]
    connect(parts)
    world.people_and_goods(parts.db)
    block = world.block(parts.db, BASE, BASE + 99_999)
    for at, name, facts in ((0, "A", {}), (1000, "B", {}), (2000, "C", {"flagged": True})):
        batch = world.lot(parts.db, name, **facts)
        world.run(parts.db, BASE + at, BASE + at + 999, block, batch)
        world.quality(parts.db, batch, failed=bool(facts))
        world.ship(parts.db, f"S{name}", f"{SEA}/{name}", batch_id=batch)
    world.recall(parts.db, lot_no="B")
    codes = {word: code_of(BASE + number, parts.keys.codes)
             for word, number in {"first": 7, "recalled": 1007, "caution": 2007, "pending": 90_000,
                                  "unknown": 500_000}.items()}
    codes["malformed"] = "NOT-A-CODE"
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", codes)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        parts.spool.close()
        parts.db.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "apt-get install -y chromium fonts-wqy-microhei"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


def open_page(browser: Browser, width: int = 360, **options) -> Page:
    """A shopper's phone; a headless browser by its own name would be taken for a robot."""
    told = {"locale": "zh-CN", "user_agent": PHONE, "viewport": {"width": width, "height": 640}, **options}
    return browser.new_context(**told).new_page()


def test_one_request_shows_the_verdict_without_script(browser: Browser, served: Served) -> None:
    page = open_page(browser, java_script_enabled=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.page_of("first"), wait_until="networkidle")
    assert asked == [served.page_of("first")]
    verdict = page.get_by_role("status")
    assert verdict.get_by_role("heading", name="首次查询").is_visible()
    box = verdict.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 640
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", name="First check").is_visible()


def test_the_address_is_marked_for_whoever_it_is_forwarded_to(browser: Browser, served: Served) -> None:
    page = open_page(browser)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(served.page_of("first"))
    page.wait_for_function("location.search === '?s=1'")
    assert faults == []
    friend = open_page(browser, user_agent="Mozilla/5.0 (iPhone) Mobile another")
    friend.goto(page.url)
    assert friend.get_by_role("heading", name="这是转发来的页面").is_visible()
    page.reload()
    assert page.get_by_role("heading", name="首次查询").is_visible()


def test_a_recall_stands_above_everything(browser: Browser, served: Served) -> None:
    page = open_page(browser)
    page.goto(served.page_of("recalled"))
    notice = page.get_by_role("region", name="召回通告").bounding_box()
    verdict = page.get_by_role("status").bounding_box()
    assert notice is not None
    assert verdict is not None
    assert notice["y"] < verdict["y"]


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser: Browser, served: Served, scheme: str, locale: str) -> None:
    page = open_page(browser, color_scheme=scheme, locale=locale, width=320)
    for word in served.codes:
        page.goto(served.page_of(word))
        page.evaluate(AXE.read_text("utf-8"))
        violations = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")
        assert violations == [], word
        assert page.evaluate(CONTRAST) == [], word
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, word
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18, word


@pytest.mark.parametrize("path", ["/", "/check", "/check?code=12345", f"/p/{SEA}", f"/b/{SEA}/A", "/nothing"])
def test_the_pages_around_it_too(browser: Browser, served: Served, path: str) -> None:
    page = open_page(browser, color_scheme="dark", width=320)
    page.goto(served.address + path)
    page.evaluate(AXE.read_text("utf-8"))
    assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))") == []
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_links_and_buttons_are_large_enough_to_touch(browser: Browser, served: Served) -> None:
    page = open_page(browser)
    for word in ("caution", "malformed"):
        page.goto(served.page_of(word))
        small = page.evaluate("""[...document.querySelectorAll('a,button,input:not([type=hidden])')]
            .filter(e => !e.matches('.skip,dd a')).map(e => [e.textContent, e.getBoundingClientRect().height])
            .filter(([, h]) => h < 44)""")
        assert small == [], word


def test_typing_a_wrong_code_offers_the_right_one(browser: Browser, served: Served) -> None:
    page = open_page(browser, java_script_enabled=False)
    page.goto(f"{served.address}/check")
    code = served.codes["first"]
    page.get_by_label("码（20 位）").fill(code[:-1])
    page.get_by_role("button", name="查询").click()
    page.get_by_role("link", name=" ".join(code[i:i + 4] for i in range(0, 20, 4))).click()
    assert page.get_by_role("status").is_visible()
    assert "精制海盐" in page.content()
