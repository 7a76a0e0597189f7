"""T16: stored XSS on staff pages. Every text field that a stranger can fill, on every page that shows it."""
import html
import re

import pytest
from sqlalchemy import update

from tests.factories import AT
from tests.people import ADMIN, INVESTIGATOR
from tests.staff_forms import press
from webapp.models import Alert, Batch, Case, CaseEvent, Product, Scan, Site, Upload, User
from webapp.views.staff_headers import CSP

PAYLOADS = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'onmouseover='alert(1)",
            '</script><svg/onload=alert(1)>', 'javascript:alert(1)',
            '{{7*7}}', '</title><script>alert(1)</script>', '\u202e<b>', '<!--<script>',
            ']]><script>alert(1)</script>', '</textarea><script>alert(1)</script>', '" autofocus onfocus=alert(1) x="']
PAGES = ("/brand", "/brand/map", "/brand/map?from=2026-11-01&to=2026-11-30", "/cases", "/enterprise", "/oversight")


def fill(world, payload: str) -> None:
    """The payload into every free text column that a staff page shows."""
    with world.db.transaction() as connection:
        for table, columns in ((Product, ("name_zh", "name_en", "brand")), (Site, ("name_zh", "name_en")),
                               (Batch, ("line",)), (User, ()), (Case, ("brand",)), (Upload, ())):
            for column in columns:
                connection.execute(update(table).values({column: payload}))
        connection.execute(update(Scan).values(agent=payload[:16], network=payload[:50]))
        connection.execute(update(Alert).values(evidence=[{"zh": payload, "en": payload, "weight": 1.0}]))
        connection.execute(CaseEvent.__table__.insert().values(
            case_id=1, at=AT, actor=payload, action="note", note=payload))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_stays_text_on_every_staff_page(world, payload):
    fill(world, payload)
    client = world.browser(ADMIN)
    shown = 0
    for page in (*PAGES, f"/cases/{world.case_a}"):
        for lang in ("zh", "en"):
            answer = client.get(f"{page}{'&' if '?' in page else '?'}lang={lang}")
            assert answer.status_code == 200
            assert answer.headers["Content-Security-Policy"] == CSP
            if re.search("[<\"']", payload):
                assert payload not in answer.text, page
            shown += html.escape(payload).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in answer.text
    assert shown >= 8  # the text is there, as text


@pytest.mark.parametrize("parts", ["_scheme=javascript&_external=1", "_anchor=x", "lang=en&a=%22%3E%3Cscript%3E",
                                   "public_id=other"])
def test_address_cannot_bend_the_links_of_a_page(world, parts):
    page = world.browser(INVESTIGATOR).get(f"/cases/{world.case_a}?{parts}").text
    assert not re.search(r'href="(?!/|#)', page)
    assert "<script>" not in page


def test_e_mail_typed_at_the_door_comes_back_as_text(world):
    client = world.browser(None)
    answer = press(client, "/login", "/login", email='"><script>alert(1)</script>', password="x", next='"><script>')
    assert "<script>" not in answer.text


def test_templates_never_switch_escaping_off(root):
    for template in (root / "templates").rglob("*.html"):
        text = template.read_text("utf-8")
        assert "|safe" not in text.replace(" ", ""), template
        assert "autoescape false" not in text, template
