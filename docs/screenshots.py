#!/usr/bin/env python3
"""Draws the README's pictures from a running demo:   .venv/bin/python docs/screenshots.py [HOME, default var]"""
import json
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parent / "pictures"


def main() -> None:
    demo = json.loads((Path(sys.argv[1] if len(sys.argv) > 1 else "var") / "demo.json").read_text())
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for verdict, scheme in (("suspect", "light"), ("first", "dark")):
            phone(browser, demo["pages"][verdict], scheme, PICTURES / f"{verdict}.png")
        staff(browser, demo, "brand", "/brand/map", PICTURES / "map.png")
        browser.close()


def phone(browser: Browser, url: str, scheme: str, file: Path) -> None:
    """The first screen of a phone."""
    context = browser.new_context(viewport={"width": 360, "height": 720}, color_scheme=scheme, locale="zh-CN",
                                  device_scale_factor=1.5)
    page = context.new_page()
    page.goto(url)
    page.screenshot(path=file)
    context.close()


def staff(browser: Browser, demo: dict, role: str, path: str, file: Path) -> None:
    """The first screen of a laptop, signed in."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(demo["base_url"] + "/login")
    page.fill("input[name=email]", demo["logins"][role]["email"])
    page.fill("input[name=password]", demo["logins"][role]["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()
    page.goto(demo["base_url"] + path)
    page.wait_for_timeout(1500)  # the chart draws itself in
    page.screenshot(path=file)
    context.close()


if __name__ == "__main__":
    main()
