"""The queue and the case page: what they show, what their buttons do, and to whom."""
import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.factories import AT, BRAND_A, CHENGDU, add_case, add_scans
from tests.people import ADMIN, ALICE, AUTHORITY, AUTHORITY_A, COLLEAGUE, ENTERPRISE_A, INVESTIGATOR, INVESTIGATOR_A
from tests.staff_forms import press
from tests.staff_world import SERIAL_A
from webapp.models import Alert, Case, CaseEvent, CodeVoid, Scan, WrongCode
from webapp.views.cases.case_page import device_names


def links(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('<th scope="row"><a href="/cases/')[1:]]


def test_queue_shows_the_worst_first_and_the_newest_of_them(world):
    later, info = (add_case(world.db, BRAND_A, serial=1 << 45 | n, opened_at=AT + timedelta(hours=n),
                            severity=severity) for n, severity in ((1, "case"), (9, "info")))
    assert links(world.browser(INVESTIGATOR_A).get("/cases").text) == [later, world.case_a, info]


def test_queue_pages_by_cursor_and_no_case_is_lost_or_seen_twice(world):
    made = {add_case(world.db, BRAND_A, serial=1 << 45 | 2000 + n, opened_at=AT + timedelta(minutes=n // 3),
                     severity="case" if n % 2 else "info") for n in range(120)}
    client, address, seen = world.browser(INVESTIGATOR_A), "/cases", []
    while address:
        page = client.get(address).text
        seen += links(page)
        following = re.search(r'class="button" href="([^"]+after=[^"]+)"', page)
        address = following.group(1).replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 121
    assert set(seen) == made | {world.case_a}


@pytest.mark.parametrize("parts", [
    "state=lost", "kind=x", "after=1", "after=case.x.1", "after=case.1.99999999999999999999",
    "after=case.99999999999999999999999.1",
])
def test_queue_refuses_an_address_it_cannot_read(world, parts):
    assert world.browser(INVESTIGATOR).get(f"/cases?{parts}").status_code == 400


def test_queue_filters_by_state_kind_and_assignee(world):
    client = world.browser(INVESTIGATOR_A)
    assert links(client.get("/cases?kind=clone&state=new").text) == [world.case_a]
    assert links(client.get("/cases?kind=forged").text) == []
    assert links(client.get("/cases?mine=1").text) == []
    press(client, f"/cases/{world.case_a}", f"/cases/{world.case_a}/take", holder="")
    assert links(client.get("/cases?mine=1").text) == [world.case_a]


def test_case_page_shows_evidence_scans_places_and_the_bag(world):
    page = world.browser(INVESTIGATOR).get(f"/cases/{world.case_a}?lang=en").text
    for shown in ("+5.0", "-1.5", "203.0.113.0/24", "Chengdu, Sichuan", "Lhasa", "±50 km", "A20261001", "Works A",
                  '<svg class="timeline"', '<svg class="case-map"'):
        assert shown in page, shown
    assert page.count('<circle class="accuracy"') == 2
    assert "1 more could not be located" in page


def test_phones_are_letters_and_their_pseudonyms_stay_hidden(world):
    page = world.browser(INVESTIGATOR).get(f"/cases/{world.case_a}").text
    assert "1000" not in page.split("<main")[1]
    assert "<td>A</td>" in page


def test_letters_go_on_after_z(world):
    add_scans(world.db, 4242, [CHENGDU] * 30)
    with world.db.read.connect() as connection:
        scans = connection.execute(select(Scan.device).where(Scan.serial == 4242).order_by(Scan.at.desc())).all()
    assert list(device_names(scans).values())[24:28] == ["Y", "Z", "AA", "AB"]


def test_case_about_nothing_known_still_has_a_page(world):
    public_id = add_case(world.db, None, area=410100, kind="forged")
    with world.db.transaction() as connection:
        connection.execute(update(Alert).values(evidence=[]))
    assert world.browser(INVESTIGATOR).get(f"/cases/{public_id}").status_code == 200


def test_case_of_forged_codes_shows_what_was_tried_in_its_province(world):
    public_id = add_case(world.db, None, area=410000, kind="forged")
    with world.db.transaction() as connection:
        connection.execute(insert(WrongCode), [
            {"summary_id": f"s{n}", "at": AT - timedelta(hours=hours), "adcode": adcode, "network": f"198.51.{n}.0/24",
             "hits": 7, "devices": 3, "near_misses": 0, "example": f"<b>{n}"}
            for n, (hours, adcode) in enumerate([(1, 410100), (30, 410100), (1, 320100)])])
    page = world.browser(INVESTIGATOR).get(f"/cases/{public_id}").text
    assert "&lt;b&gt;0" in page
    assert "&lt;b&gt;1" not in page  # before its time
    assert "&lt;b&gt;2" not in page  # elsewhere


def test_more_than_two_hundred_scans_are_cut_and_the_page_says_so(world):
    add_scans(world.db, SERIAL_A, [CHENGDU] * 205)
    assert "Only the newest 200" in world.browser(INVESTIGATOR).get(f"/cases/{world.case_a}?lang=en").text


def test_take_note_close_are_done_and_written_down(world):
    client, page = world.browser(INVESTIGATOR), f"/cases/{world.case_a}"
    assert press(client, page, f"{page}/take", holder="").location == f"{page}?said=done"
    press(client, page, f"{page}/note", note="打电话给厂家 <b>")
    press(client, page, f"{page}/move", move="investigate")
    press(client, page, f"{page}/move", move="close", reason="confirmed_fake")
    with world.db.read.connect() as connection:
        state = connection.execute(select(Case.state, Case.closing_reason, Case.assignee_id)
                                   .where(Case.public_id == world.case_a)).one()
        log = connection.execute(select(CaseEvent.action, CaseEvent.actor).order_by(CaseEvent.id)).all()
    assert state == ("closed", "confirmed_fake", world.people["ines"])
    assert log == [(action, INVESTIGATOR.email) for action in ("take", "note", "investigate", "close")]
    assert "打电话给厂家 &lt;b&gt;" in client.get(page).text
    assert links(client.get("/cases?state=closed").text) == [world.case_a]


def test_close_without_reason_is_refused_in_words(world):
    client, page = world.browser(INVESTIGATOR), f"/cases/{world.case_a}"
    answer = press(client, page, f"{page}/move", move="close")
    assert answer.location == f"{page}?said=reason_missing"
    assert "choose a closing reason" in client.get(f"{answer.location}&lang=en").text


def test_second_to_take_is_told_that_somebody_was_first(world):
    page = f"/cases/{world.case_a}"
    press(world.browser(INVESTIGATOR), page, f"{page}/take", holder="")
    assert press(world.browser(COLLEAGUE), page, f"{page}/take", holder="").location == f"{page}?said=too_late"


def test_voiding_needs_words_and_shows_on_the_page(world):
    client, page = world.browser(INVESTIGATOR), f"/cases/{world.case_a}"
    assert press(client, page, f"{page}/void", note=" ").location == f"{page}?said=note_missing"
    assert press(client, page, f"{page}/void", note="copied").location == f"{page}?said=done"
    with world.db.read.connect() as connection:
        assert connection.scalars(select(CodeVoid.first_serial)).all() == [SERIAL_A]
    assert "void</span>" in client.get(f"{page}?lang=en").text


@pytest.mark.parametrize("who", [AUTHORITY, AUTHORITY_A], ids=lambda who: who.name)
def test_authority_reads_but_does_not_work(world, who):
    client, page = world.browser(who), f"/cases/{world.case_a}"
    assert client.get(page).status_code == 200
    assert "investigators do the work" in client.get(f"{page}?lang=en").text
    assert press(client, page, f"{page}/take", holder="").status_code == 404


@pytest.mark.parametrize("who", [ALICE, ENTERPRISE_A], ids=lambda who: who.name)
def test_brand_and_enterprise_have_no_case_pages(world, who):
    assert world.browser(who).get("/cases").status_code == 404
    assert world.browser(who).get(f"/cases/{world.case_a}").status_code == 404


def test_admin_may_do_everything(world):
    page = f"/cases/{world.case_b}"
    assert press(world.browser(ADMIN), page, f"{page}/take", holder="").location == f"{page}?said=done"
