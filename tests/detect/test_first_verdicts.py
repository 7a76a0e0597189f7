"""The rule behind each word, at its edges: where it begins, where it ends, what it gives way to."""
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from webapp.detect.pipeline import DETECTORS, judge
from webapp.detect.rules import load_rules
from webapp.scanlog.scan import Scan
from webapp.verify.facts import Bag, LotFacts, ProductFacts, RecallFacts, ShipmentFacts, SiteFacts
from webapp.verify.history import NOTHING, History
from webapp.verify.verdict import SEVERITY, Verdict, worst

RULES = load_rules().first
NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # 12:00 in China
SITE = SiteFacts("6901234000009", "厂", None, "producer", 370700)
PRODUCT = ProductFacts("06901234500010", "盐", None, "青禾", 400, "sea", True, 25, None, "GB/T 5461", SITE.gln, None)
LEFT = ShipmentFacts("S1", "u", SITE.gln, None, None, None, 510000, NOON - timedelta(days=60), None)
LOT = LotFacts(1, PRODUCT.gtin, "A", SITE, None, date(2026, 3, 1), None, 1, False, PRODUCT, SITE, (), (), None, 1)
GOOD = Bag(5, True, gtin=PRODUCT.gtin, lot_no="A", lot=LOT, product=PRODUCT, shipments=(LEFT,),
           shipped_at=LEFT.shipped_at)
RECALL = RecallFacts("R1", 1, "r", NOON, None)
SEEN = History(visits=1, first_at=1, last_at=1, scans=1, devices=1, network_bits=1)


def scan(at: datetime = NOON, shared: bool = False, role: str = "shopper") -> Scan:
    return Scan("0" * 32, int(at.timestamp()) * 1_000_000, 5, 9, "n", 0, "none", 0, "browser", False, False, shared,
                role, "")


def verdict(bag: Bag = GOOD, history: History | None = NOTHING, **visit) -> str:
    return judge(scan(**visit), bag, history, RULES).verdict.value


def crowd(devices: int, provinces: int, networks: int | None = None) -> History:
    bits = (1 << (devices if networks is None else networks)) - 1
    return History(visits=devices, first_at=1, last_at=2, scans=devices, devices=devices,
                   province_mask=(1 << provinces) - 1, network_bits=bits)


def but(bag: Bag = GOOD, **facts) -> Bag:
    return msgspec.structs.replace(bag, **facts)


def lot(**facts) -> Bag:
    return but(lot=msgspec.structs.replace(LOT, **facts))


def test_the_words_stand_in_order_of_severity() -> None:
    assert [word.value for word in Verdict] == [
        "recalled", "void", "suspect", "unreleased", "expired", "caution", "again", "shared_link", "first", "pending",
        "unknown", "malformed"]
    assert worst([Verdict.FIRST, Verdict.VOID, Verdict.CAUTION]) is Verdict.VOID
    assert sorted(Verdict, key=SEVERITY.__getitem__) == list(Verdict)


def test_nothing_odd() -> None:
    assert verdict() == "first"
    assert verdict(history=SEEN) == "again"
    assert verdict(history=None) == "again"
    assert verdict(shared=True) == "shared_link"
    assert verdict(shared=True, history=None) == "shared_link"


def test_an_unissued_code_is_unknown_whatever_else_is_said_of_it() -> None:
    assert verdict(but(issued=False, recall=RECALL, void="x"), crowd(50, 9)) == "unknown"


def test_without_a_lot_it_is_pending_unless_something_grave_is_known() -> None:
    bare = but(lot=None, shipments=(), shipped_at=None)
    assert verdict(bare) == verdict(bare, SEEN) == verdict(bare, shared=True) == "pending"
    assert verdict(but(bare, recall=RECALL)) == "recalled"
    assert verdict(but(bare, void="x")) == "void"


def test_a_recall_comes_before_a_void_and_a_void_before_a_crowd() -> None:
    assert verdict(but(recall=RECALL, void="x"), crowd(50, 9)) == "recalled"
    assert verdict(but(void="x"), crowd(50, 9)) == "void"
    assert verdict(but(void=""), NOTHING) == "void"  # a void without words is still one


@pytest.mark.parametrize(("at", "word"), [
    (datetime(2026, 6, 15, 15, 59, 59, tzinfo=UTC), "first"),  # 23:59:59 on the last day in China
    (datetime(2026, 6, 15, 16, 0, tzinfo=UTC), "expired"),
])
def test_the_best_before_day_is_still_good_in_china(at: datetime, word: str) -> None:
    assert verdict(lot(best_before=date(2026, 6, 15)), at=at) == word


def test_salt_without_a_best_before_day_never_expires() -> None:
    assert verdict(at=datetime(2099, 1, 1, tzinfo=UTC)) == "first"


@pytest.mark.parametrize(("before", "word"), [
    (RULES.before_shipment_minutes, "first"), (RULES.before_shipment_minutes + 1, "unreleased"),
])
def test_before_shipment_with_some_minutes_of_slack(before: int, word: str) -> None:
    assert verdict(at=LEFT.shipped_at - timedelta(minutes=before)) == word


def test_before_production() -> None:
    assert verdict(lot(produced_on=date(2026, 6, 16))) == "unreleased"
    assert verdict(lot(produced_on=date(2026, 6, 15))) == "first"


def test_never_shipped_is_unreleased_while_fresh_or_while_its_box_is_on_record() -> None:
    def unshipped(made: date, box: str | None = None) -> Bag:
        return but(lot(produced_on=made), shipments=(), shipped_at=None, box=box)

    today = date(2026, 6, 15)
    assert verdict(unshipped(today)) == "unreleased"
    assert verdict(unshipped(today - timedelta(days=RULES.unshipped_days))) == "unreleased"
    assert verdict(unshipped(today - timedelta(days=RULES.unshipped_days + 1))) == "first"
    assert verdict(unshipped(today - timedelta(days=90), box="BOX1")) == "unreleased"


def test_the_producers_own_people_may_scan_early_and_are_no_crowd() -> None:
    early = LEFT.shipped_at - timedelta(days=1)
    assert verdict(at=early, role="staff") == "first"
    assert verdict(history=crowd(50, 9), role="staff") == "again"


@pytest.mark.parametrize(("devices", "provinces", "word"), [
    (RULES.caution_witnesses - 1, 5, "again"),
    (RULES.caution_witnesses, RULES.caution_provinces - 1, "again"),
    (RULES.caution_witnesses, RULES.caution_provinces, "caution"),
    (RULES.crowd_witnesses - 1, 1, "again"),
    (RULES.crowd_witnesses, 1, "caution"),
    (RULES.suspect_witnesses - 1, RULES.suspect_provinces, "caution"),
    (RULES.suspect_witnesses, RULES.suspect_provinces - 1, "caution"),
    (RULES.suspect_witnesses, RULES.suspect_provinces, "suspect"),
])
def test_witnesses_and_provinces_together_raise_the_word(devices: int, provinces: int, word: str) -> None:
    assert verdict(history=crowd(devices, provinces)) == word


def test_many_phones_behind_one_address_are_one_witness() -> None:
    assert verdict(history=crowd(500, 5, networks=1)) == "again"


def test_whoever_opens_a_forwarded_page_is_never_shown_an_alarm_about_copies() -> None:
    assert verdict(history=crowd(50, 9), shared=True) == "shared_link"


def test_a_lot_that_failed_its_tests_is_never_shown_as_fine() -> None:
    assert verdict(lot(flagged=True)) == "caution"
    assert verdict(lot(flagged=True), SEEN) == "caution"


def test_reasons_are_listed_gravest_first_and_once() -> None:
    bag = but(lot(flagged=True, best_before=date(2026, 1, 1)), recall=RECALL)
    told = judge(scan(), bag, SEEN, RULES)
    assert list(told.reasons) == ["recall_open", "past_best_before", "quality_failed", "seen_before"]
    assert len(told.findings) == 4


def test_every_finding_that_is_a_case_says_why_in_both_languages() -> None:
    bags = [but(void="x"), lot(produced_on=date(2027, 1, 1)), GOOD]
    for bag in bags:
        for found in judge(scan(), bag, crowd(50, 9), RULES).findings:
            if found.severity == "case":
                assert found.evidence
                assert all(one.text_zh and one.text_en for one in found.evidence)


def test_some_detector_always_has_a_word() -> None:
    """Whatever is away or missing, judging ends in a verdict."""
    for history in (None, NOTHING, SEEN):
        for bag in (GOOD, but(lot=None), but(lot=None, product=None)):
            for shared in (True, False):
                assert Verdict(verdict(bag, history, shared=shared))
    assert len({detector.__name__ for detector in DETECTORS}) == len(DETECTORS)
