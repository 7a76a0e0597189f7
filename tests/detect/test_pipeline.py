"""The rule behind each word a page says, at its edges: where it begins, where it ends, what it gives way to."""
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from webapp.detect.ledger import Ledger
from webapp.detect.opinion import Open
from webapp.detect.pipeline import OF_ITS_SCANS, OF_THE_BAG, Judgement, Known, judge, standing
from webapp.detect.rules import load_rules
from webapp.detect.short_ledger import shorten
from webapp.scanlog.scan import Scan
from webapp.verify.china_day import day_of
from webapp.verify.facts import Bag, LotFacts, ProductFacts, RecallFacts, ShipmentFacts, SiteFacts
from webapp.verify.history import NOTHING, History
from webapp.verify.verdict import SEVERITY, Verdict, worst

RULES = load_rules()
NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # 12:00 in China
SITE = SiteFacts("6901234000009", "厂", None, "producer", 370700)
PRODUCT = ProductFacts("06901234500010", "盐", None, "青禾", 400, "sea", True, 25, None, "GB/T 5461", SITE.gln, None)
LEFT = ShipmentFacts("S1", "u", SITE.gln, None, None, None, 510000, NOON - timedelta(days=60), None)
LOT = LotFacts(1, PRODUCT.gtin, "A", SITE, None, date(2026, 3, 1), None, 1, False, PRODUCT, SITE, (), (), None, 1)
GOOD = Bag(5, True, gtin=PRODUCT.gtin, lot_no="A", lot=LOT, product=PRODUCT, shipments=(LEFT,),
           shipped_at=LEFT.shipped_at)
RECALL = RecallFacts("R1", 1, "r", NOON, None)
HERE = 510100
SEEN = History(visits=1, first_at=1, last_at=1, scans=1, devices=1, network_bits=1)


def scan(at: datetime = NOON, shared: bool = False, role: str = "shopper", device: int = 9, adcode: int = 0) -> Scan:
    return Scan("0" * 32, int(at.timestamp()) * 1_000_000, 5, device, "n", adcode, "none", 0, "browser", False, False,
                shared, role, "")


def told(bag: Bag = GOOD, history: History | None = NOTHING, ledger: bytes = b"", opened: Open | None = None,
         **visit) -> Judgement:
    one = scan(**visit)
    return judge(one, standing(bag, day_of(one.at), RULES), Known(history, ledger, (), opened or Open()), RULES)


def verdict(bag: Bag = GOOD, history: History | None = NOTHING, **more) -> str:
    return told(bag, history, **more).verdict.value


def copied(household: float = 60.0, people: int = 9, fixed: int = 6) -> bytes:
    """The ledger of a code that strangers looked at; its last phones are 1 to 5."""
    ledger = Ledger()
    ledger.first, ledger.last = int(NOON.timestamp()) - 30 * 86_400, int(NOON.timestamp()) - 60
    ledger.scans = ledger.people = people
    ledger.fixed, ledger.phones, ledger.flags = fixed, [1, 2, 3, 4, 5], 1
    ledger.household = ledger.display = ledger.forwarded = ledger.viral = household
    return shorten(ledger.pack())


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
    assert verdict(but(issued=False, recall=RECALL, void="x"), SEEN, ledger=copied()) == "unknown"


def test_without_a_lot_it_is_pending_unless_something_grave_is_known() -> None:
    bare = but(lot=None, shipments=(), shipped_at=None)
    assert verdict(bare) == verdict(bare, SEEN) == verdict(bare, shared=True) == "pending"
    assert verdict(but(bare, recall=RECALL)) == "recalled"
    assert verdict(but(bare, void="x")) == "void"


def test_a_recall_comes_before_a_void_and_a_void_before_a_crowd() -> None:
    assert verdict(but(recall=RECALL, void="x"), SEEN, ledger=copied()) == "recalled"
    assert verdict(but(void="x"), SEEN, ledger=copied()) == "void"
    assert verdict(but(void=""), NOTHING) == "void"  # a void without words is still one


@pytest.mark.parametrize(("at", "word"), [
    (datetime(2026, 6, 15, 15, 59, 59, tzinfo=UTC), "first"),  # 23:59:59 on the last day in China
    (datetime(2026, 6, 15, 16, 0, tzinfo=UTC), "expired"),
])
def test_the_best_before_day_is_still_good_in_china(at: datetime, word: str) -> None:
    assert verdict(lot(best_before=date(2026, 6, 15)), at=at) == word


def test_salt_without_a_best_before_day_never_expires() -> None:
    assert verdict(at=datetime(2099, 1, 1, tzinfo=UTC)) == "first"


def test_before_production() -> None:
    assert verdict(lot(produced_on=date(2026, 6, 16))) == "unreleased"
    assert verdict(lot(produced_on=date(2026, 6, 15))) == "first"


def test_never_shipped_is_unreleased_while_fresh_or_while_its_box_is_on_record() -> None:
    def unshipped(made: date, box: str | None = None) -> Bag:
        return but(lot(produced_on=made), shipments=(), shipped_at=None, box=box)

    today = date(2026, 6, 15)
    assert verdict(unshipped(today)) == "unreleased"
    assert verdict(unshipped(today - timedelta(days=RULES.first.unshipped_days))) == "unreleased"
    assert verdict(unshipped(today - timedelta(days=RULES.first.unshipped_days + 1))) == "first"
    assert verdict(unshipped(today - timedelta(days=90), box="BOX1")) == "unreleased"


def test_before_a_shipment_on_record_only_a_known_leak_or_another_province_counts() -> None:
    bag, early = but(destination_adcode=510000), LEFT.shipped_at - timedelta(days=1)
    assert verdict(bag, at=early) == verdict(bag, at=early, adcode=HERE) == "first"
    assert verdict(bag, at=early, adcode=440100) == "unreleased"
    assert verdict(bag, at=early, adcode=440100, opened=Open(gaps={1})) == "first"
    assert verdict(bag, at=early, opened=Open(leaks={1})) == "unreleased"
    assert verdict(bag, at=LEFT.shipped_at, opened=Open(leaks={1})) == "first"


def test_the_producers_own_people_may_scan_early_and_hear_no_alarm() -> None:
    assert verdict(lot(produced_on=date(2026, 6, 16)), role="staff") == "first"
    assert verdict(history=SEEN, ledger=copied(), role="staff") == "again"


def test_a_stranger_sees_suspect_and_a_phone_that_knew_the_code_at_most_caution() -> None:
    stranger, knew = told(GOOD, SEEN, copied(), device=9), told(GOOD, SEEN, copied(), device=3)
    assert (stranger.verdict, stranger.reasons[0]) == ("suspect", "copied")
    assert (knew.verdict, knew.reasons[0]) == ("caution", "several_witnesses")


@pytest.mark.parametrize(("ledger", "word"), [
    (copied(household=3.0), "again"), (copied(household=8.0), "caution"), (copied(household=60.0), "suspect"),
    (copied(people=3), "caution"), (copied(fixed=2), "caution"),
])
def test_evidence_and_independent_witnesses_raise_the_word(ledger: bytes, word: str) -> None:
    assert verdict(history=SEEN, ledger=ledger) == word


def test_codes_of_a_lot_that_is_being_looked_into_say_so_where_it_was_not_sent() -> None:
    bag = but(destination_adcode=510000)
    for opened in (Open(copies={(1, 44)}), Open(copies={(1, 0)}), Open(old={(1, 44)})):
        assert told(bag, adcode=440100, opened=opened).reasons == ("lot_watched", "first_check")
        assert verdict(bag, adcode=HERE, opened=opened) == "first"
        assert verdict(bag, opened=opened) == "first"  # nobody knows where: not elsewhere


def test_diversion_never_reaches_a_shopper() -> None:
    bag, opened = but(destination_adcode=510000), Open(diversions={(1, 44)}, copies={(2, 44)})
    assert verdict(bag, adcode=440100, opened=opened) == "first"
    assert {found.verdict for found in OF_ITS_SCANS.values()} == {"suspect", "caution", "unreleased"}


def test_bytes_that_are_no_ledger_count_as_none() -> None:
    for damaged in (b"x", b"\xff" * 20, b"\x01\0\0\0"):
        assert verdict(history=SEEN, ledger=damaged) == "again"


def test_whoever_opens_a_forwarded_page_is_never_shown_an_alarm_about_copies() -> None:
    assert verdict(history=SEEN, ledger=copied(), shared=True) == "shared_link"


def test_a_lot_that_failed_its_tests_is_never_shown_as_fine() -> None:
    assert verdict(lot(flagged=True)) == "caution"
    assert verdict(lot(flagged=True), SEEN) == "caution"


def test_reasons_are_listed_gravest_first_and_once() -> None:
    bag = but(lot(flagged=True, best_before=date(2026, 1, 1)), recall=RECALL)
    found = told(bag, SEEN, copied())
    assert list(found.reasons) == ["recall_open", "copied", "past_best_before", "quality_failed", "seen_before"]
    assert len(found.findings) == 5


def test_some_detector_always_has_a_word() -> None:
    """Whatever is away or missing, judging ends in a verdict."""
    for history in (None, NOTHING, SEEN):
        for bag in (GOOD, but(lot=None), but(lot=None, product=None)):
            for shared in (True, False):
                assert Verdict(verdict(bag, history, shared=shared))
    assert len({detector.__name__ for detector in OF_THE_BAG}) == len(OF_THE_BAG)
