"""Filters: what an address means, in days of Asia/Shanghai."""
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.analytics.filters import BadFilter, ScanFilter, Visitor, read_filter, today_in_china

TODAY = date(2026, 11, 24)


def test_no_words_mean_people_of_the_last_thirty_days():
    wanted = read_filter({}, TODAY)
    assert (wanted.first_day, wanted.last_day, wanted.days) == (date(2026, 10, 26), TODAY, 30)
    assert (wanted.gtin, wanted.lot, wanted.visitor) == (None, None, Visitor.PEOPLE)


def test_days_begin_and_end_at_midnight_in_china():
    wanted = read_filter({"from": "2026-11-24", "to": "2026-11-24"}, TODAY)
    assert wanted.begin == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert wanted.end == datetime(2026, 11, 24, 16, tzinfo=UTC)


def test_the_day_changes_at_four_in_the_afternoon_utc():
    assert today_in_china(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert today_in_china(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == TODAY


def test_the_period_before_touches_this_one_and_is_as_long():
    wanted = read_filter({}, TODAY)
    assert wanted.before().end == wanted.begin
    assert wanted.before().days == wanted.days


def test_lot_without_product_is_no_lot():
    assert read_filter({"lot": "L1"}, TODAY).lot is None


@given(st.builds(ScanFilter, st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.dates(date(2026, 6, 1), TODAY),
                 st.just("06901234500016"), st.one_of(st.none(), st.text("ABC123-/&=", min_size=1)),
                 st.sampled_from(Visitor)))
def test_a_filter_survives_its_own_address(wanted):
    assert read_filter(wanted.address(), TODAY) == wanted


@pytest.mark.parametrize("parts", [
    {"from": "yesterday"}, {"to": "2026-13-01"}, {"from": "0001-01-01"}, {"to": "9999-12-31"},
    {"from": "2026-11-25"}, {"from": "2023-01-01"}, {"visitor": "everybody"}, {"days": "-1"}, {"days": "١٢"},
    {"days": "100000"}, {"days": "1e3"},
])
def test_what_cannot_be_read_is_refused_by_name(parts):
    with pytest.raises(BadFilter):
        read_filter(parts, TODAY)
