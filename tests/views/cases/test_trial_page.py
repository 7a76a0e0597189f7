"""The comparison of rules on trial: what it shows, to whom, and that nobody sees another's goods in it."""
import re
from datetime import timedelta

import pytest
from sqlalchemy import delete

from tests.cases.test_trial import BEGAN, NOW, SINCE, alert, case, detectors
from tests.factories import CANARY, CHENGDU, LHASA, LOT_A, LOT_B, NANJING
from tests.people import ADMIN, ALICE, AUTHORITY, ENTERPRISE_A, INVESTIGATOR, INVESTIGATOR_A, INVESTIGATOR_B
from webapp.cases.trial import Both, Closed, Comparison, Period, Raised
from webapp.models import Alert
from webapp.verify.china_day import CHINA
from webapp.verify.code import code_of
from webapp.views.cases.trial_days import trial_days

SERIAL_A, SERIAL_B = 1 << 45 | 71, 1 << 45 | 72
PAGE = "/cases/trial?lang=en"


@pytest.fixture
def tried(world):
    """Each brand's lot was raised once by the trial and once by live; a code of each by both."""
    with world.db.transaction() as connection:
        connection.execute(delete(Alert))  # of the world's own cases, which are of a fixed day
    detectors(world.db)
    for lot, serial, area in ((LOT_A, SERIAL_A, CHENGDU), (LOT_B, SERIAL_B, NANJING)):
        for shadow in (False, True):
            alert(world.db, shadow, 6 + shadow, serial=serial, lot=world.lots[lot], area=area)
        alert(world.db, True, 3, "diversion", serial=None, lot=world.lots[lot], area=LHASA)
        alert(world.db, False, 4, "multiuse", serial=None, lot=world.lots[lot], area=LHASA + 10_000)
    alert(world.db, True, 2, "forged", serial=None, area=LHASA)
    return world


def figures(page: str) -> list[str]:
    """The five numbers at the top."""
    return re.findall(r'<p class="figure.*?<b>(\d+)', page)


@pytest.mark.parametrize(("who", "status"), [
    (INVESTIGATOR, 200), (INVESTIGATOR_A, 200), (ADMIN, 200), (AUTHORITY, 404), (ALICE, 404), (ENTERPRISE_A, 404),
    (None, 303)])
def test_investigators_may_look_and_nobody_else(tried, who, status):
    assert tried.browser(who).get(PAGE).status_code == status
    if status == 200:
        assert 'href="/cases/trial"' in tried.browser(who).get("/cases").text
    if who is AUTHORITY:
        assert 'href="/cases/trial"' not in tried.browser(who).get("/cases").text


def test_without_a_trial_it_says_how_to_begin_one(world):
    assert "SALTCHECK_SHADOW_RULES" in world.browser(INVESTIGATOR).get(PAGE).text


def test_it_shows_what_differs_and_what_each_raised(tried):
    case(tried.db, f"code:{SERIAL_A}", "confirmed_fake")
    page = tried.browser(INVESTIGATOR).get(PAGE).text
    assert figures(page) == ["3", "2", "2", "1", "0"]
    for shown in ("away.sources", "<td class=\"code\"><b>5</b></td>", "Copied code", "Diversion", "Lhasa, Tibet",
                  "A20261001", '<svg class="trial-days"', "the trial sooner 2, later 0"):
        assert shown in page, shown


def test_a_code_is_shown_as_it_is_printed(tried):
    alert(tried.db, True, 1, serial=SERIAL_A + 5, lot=tried.lots[LOT_A])
    code = code_of(SERIAL_A + 5, tried.app.extensions["staff"].keys.codes)
    assert " ".join(code[n:n + 5] for n in range(0, 20, 5)) in tried.browser(INVESTIGATOR).get(PAGE).text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_of_another_brand_is_on_it(tried, lang):
    for reason in ("confirmed_fake", "location_error"):
        case(tried.db, f"code:{SERIAL_B}", reason, days_ago=3 + len(reason), brand=f"井盐坊{CANARY}")
    own = tried.browser(INVESTIGATOR_B).get(f"/cases/trial?lang={lang}").text
    assert (CANARY in own, figures(own)) == (True, ["1", "1", "1", "1", "1"])
    other = tried.browser(INVESTIGATOR_A).get(f"/cases/trial?lang={lang}").text
    assert figures(other) == ["1", "1", "1", "0", "0"]
    assert (own.count("<small> / 1</small>"), other.count("<small> / 0</small>")) == (2, 2)
    for word in (CANARY, LOT_B, "7f3a9c", str(SERIAL_B), "320100"):
        assert word not in other, word


def test_a_long_list_is_cut_and_says_so(tried):
    for n in range(55):
        alert(tried.db, True, 1, serial=SERIAL_A + 100 + n, lot=tried.lots[LOT_A])
    page = tried.browser(INVESTIGATOR_A).get(PAGE).text
    assert "6 more: ./saltcheck trial --json" in page
    assert page.split("list_trial")[0].count('<small class="code">') == 50


def raised(days_ago: float) -> Raised:
    return Raised("code:1", "clone", "case", NOW - timedelta(days=days_ago), 11.0, 1, 0, None, None, None, None, None)


def test_the_drawing_has_a_bar_for_each_subject_on_its_side_of_the_line():
    period = Period(SINCE, BEGAN, NOW, NOW, NOW, True)
    drawn = trial_days(Comparison(period, [], [Both(raised(7), raised(5)), Both(raised(5), None)], [raised(5)],
                                  [raised(30), raised(5)], Closed(0, 0), Closed(0, 0)))
    by_day = {one.day: one for one in drawn.days}
    assert len(drawn.days) == 101
    busy = by_day[(NOW - timedelta(days=5)).astimezone(CHINA).date()]
    assert (busy.live, busy.trial) == ((1, 1), (1, 1))
    assert [(one.name, one.y + one.height <= drawn.base) for one in busy.pieces] == [
        ("both", True), ("live", True), ("both", False), ("trial", False)]
    assert sum(len(one.pieces) for one in drawn.days) == 6
    assert drawn.most == 2
    began = by_day[BEGAN.astimezone(CHINA).date()]
    assert drawn.began == began.x
    assert max(one.x + drawn.step for one in drawn.days) <= drawn.width
