"""The staff pages in a real browser: signed in over loopback, under the strict policy, light, dark, small, by keyboard,
without script."""
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from tests.cases.test_trial import alert, detectors
from tests.factories import LOT_A, add_scans
from tests.people import ADMIN, ALICE, AUTHORITY, ENTERPRISE_A, INVESTIGATOR, PASSWORD, Somebody
from tests.staff_world import SERIAL_A, StaffWorld

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
ECHARTS = Path(__file__).parents[2] / "static/vendor/echarts.min.js"
TELL_VIOLATIONS = """addEventListener('securitypolicyviolation',
  e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"""
PERIOD = "from=2026-11-01&to=2026-11-30"


class Site(NamedTuple):
    address: str
    world: StaffWorld

    def pages(self) -> dict[str, Somebody]:
        return {"/brand": ALICE, f"/brand/map?{PERIOD}": ALICE, "/cases": INVESTIGATOR,
                f"/cases/{self.world.case_a}": INVESTIGATOR, "/cases/trial": INVESTIGATOR, "/enterprise": ENTERPRISE_A,
                "/oversight": AUTHORITY}


@pytest.fixture
def site(world: StaffWorld) -> Iterator[Site]:
    detectors(world.db)
    for shadow, kind in ((False, "clone"), (True, "clone"), (True, "diversion"), (False, "multiuse")):
        alert(world.db, shadow, 3, kind, serial=SERIAL_A if kind == "clone" else None, lot=world.lots[LOT_A])
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.port}", world)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def signed_in(chromium: Browser, site: Site, who: Somebody, **options) -> tuple[Page, list[str]]:
    """A page of a browser in which this person signed in by hand; the list collects what its console says."""
    context = chromium.new_context(**({"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN"} | options))
    context.add_init_script(TELL_VIOLATIONS)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.goto(f"{site.address}/login")
    page.locator("[name=email]").fill(who.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    return page, said


def cookies(context: BrowserContext) -> dict[str, dict]:
    return {cookie["name"]: cookie for cookie in context.cookies()}


def test_session_cookie_is_kept_on_loopback_and_hidden_from_scripts(chromium, site):
    page, _ = signed_in(chromium, site, ALICE)
    cookie = cookies(page.context)["__Host-session"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert "session" not in page.evaluate("document.cookie")
    page.get_by_role("button", name="退出").click()
    assert page.url.endswith("/login")
    assert "__Host-session" not in cookies(page.context)


@pytest.mark.parametrize(("scheme", "locale"), [("light", "zh-CN"), ("dark", "en-GB")])
def test_no_page_breaks_its_policy_or_the_rules_for_everybody(chromium, site, scheme, locale):
    found = {}
    by_person: dict[Somebody, tuple[Page, list[str]]] = {}
    for path, who in site.pages().items():
        if who not in by_person:
            by_person[who] = signed_in(chromium, site, who, color_scheme=scheme, locale=locale)
        page, said = by_person[who]
        page.goto(site.address + path)
        page.evaluate(AXE.read_text("utf-8"))
        problems = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
                                 ".then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html.slice(0, 120)))")
        found[path] = problems + said
        said.clear()
    assert found == dict.fromkeys(site.pages(), [])


def test_map_is_drawn_from_the_same_numbers_and_tells_them_on_touch(chromium, site):
    assert ECHARTS.exists(), "static/vendor/echarts.min.js is missing: ./saltcheck test installs it"
    page, said = signed_in(chromium, site, ALICE, locale="en-GB")
    page.goto(f"{site.address}/brand/map?{PERIOD}")
    page.wait_for_function("window.echarts && echarts.getInstanceByDom(document.querySelector('#bubbles div'))")
    drawn = page.evaluate("""() => echarts.getInstanceByDom(document.querySelector('#bubbles div')).getOption()
      .series[1].data.map(one => [one.name, one.scans])""")
    table = page.evaluate("""() => [...document.querySelectorAll('tr.place')]
      .map(row => [row.cells[0].innerText, Number(row.cells[1].innerText.replace(/,/g, ''))])""")
    assert sorted(drawn) == sorted(table)
    assert page.locator("#no-chart").is_hidden()
    box = page.locator("#tiles").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 2.5 / 9, box["y"] + box["height"] * 4.5 / 9)
    page.wait_for_function("document.querySelector('#tiles').textContent.includes('Sichuan')")
    assert said == []


def test_without_script_drawings_and_table_are_there(chromium, site):
    page, _ = signed_in(chromium, site, ALICE, java_script_enabled=False)
    page.goto(f"{site.address}/brand/map?{PERIOD}")
    assert page.locator("#tiles svg g.tile").count() == 34
    assert page.locator("tr.total").inner_text().split()[1] == "74"
    page.locator("[name=gtin]").select_option(index=1)
    page.get_by_role("button", name="应用").click()
    assert "gtin=" in page.url
    assert page.locator("tr.total").inner_text().split()[1] == "74"


def test_narrow_phone_scrolls_no_page_sideways(chromium, site):
    for path, who in site.pages().items():
        page, _ = signed_in(chromium, site, who, viewport={"width": 360, "height": 740})
        page.goto(site.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.context.close()


def test_case_is_worked_by_keyboard_alone(chromium, site):
    page, said = signed_in(chromium, site, INVESTIGATOR, locale="en-GB")
    page.goto(f"{site.address}/cases/{site.world.case_a}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"

    def reach(text: str) -> None:
        for _ in range(60):
            if page.evaluate("document.activeElement.innerText || ''").strip() == text:
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{text!r} cannot be reached by keyboard")

    reach("Take it")
    page.keyboard.press("Enter")
    page.wait_for_url("**said=done")
    reach("Close the case")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Conf")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    reach("Close the case")
    page.keyboard.press("Enter")
    page.wait_for_url("**said=done")
    assert "Confirmed fake" in page.locator(".facts-line").inner_text()
    assert said == []


def test_stored_script_runs_nowhere(chromium, site):
    add_scans(site.world.db, SERIAL_A, [510100], agent="<svg/onload=1>")
    with site.world.db.transaction() as connection:
        for table in ("product", "site"):
            connection.exec_driver_sql(
                f"UPDATE {table} SET name_zh = '\"><img src=x onerror=alert(1)>', "
                "name_en = '</script><script>alert(1)</script>'")
    page, said = signed_in(chromium, site, ADMIN)
    for path in site.pages():
        for lang in ("zh", "en"):
            page.goto(f"{site.address}{path}{'&' if '?' in path else '?'}lang={lang}")
            page.wait_for_load_state("networkidle")
    assert said == []
    assert page.evaluate("document.querySelectorAll('img, script:not([src]):not([type])').length") == 0
