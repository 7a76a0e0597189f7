"""The demo's month of scans: enough, everywhere, like people; and every story looks like what it tells."""
from collections import Counter
from datetime import UTC, datetime

import pytest

from webapp.demo.geoip import build_geoip
from webapp.demo.lots import FAILED, UNRELEASED, plan_lots
from webapp.demo.people import DAY_US, HOUR_US
from webapp.demo.scans import RESERVED, Issued, ordinary_scans
from webapp.demo.spooled import scan_of
from webapp.demo.stories import tell_stories
from webapp.geolocate import Geolocator
from webapp.places import is_province, province_of
from webapp.scanlog.scan import sighting_of
from webapp.verify.china_day import microseconds
from webapp.verify.history import NOTHING, observe

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NOW_US = microseconds(NOW)


@pytest.fixture(scope="module")
def geolocator(tmp_path_factory):
    path = tmp_path_factory.mktemp("scans") / "geoip.mmdb"
    build_geoip(path)
    return Geolocator(path)


@pytest.fixture(scope="module")
def issued():
    serial, found = 1 << 45, []
    for lot in plan_lots(1, NOW):
        found.append(Issued(lot, serial, serial + lot.quantity - 1))
        serial += lot.quantity
    return found


@pytest.fixture(scope="module")
def visits(issued):
    return list(ordinary_scans(1, issued, NOW_US))


@pytest.fixture(scope="module")
def stories(issued):
    return {story.name: story for story in tell_stories(1, issued, NOW_US)}


def test_a_month_of_twenty_to_thirty_thousand(visits):
    assert 20_000 < len(visits) < 30_000
    assert len({(visit.device, visit.serial, visit.at) for visit in visits}) == len(visits)
    assert min(visit.at for visit in visits) > NOW_US - 31 * DAY_US
    assert max(visit.at for visit in visits) < NOW_US - HOUR_US // 2
    days = Counter((NOW_US - visit.at) // DAY_US for visit in visits)
    assert min(days[day] for day in range(29)) > 400


def test_people_sleep_and_cook(visits):
    hours = Counter((visit.at // HOUR_US + 8) % 24 for visit in visits)
    assert hours[18] > 3 * hours[3]


def test_they_are_everywhere(visits, geolocator):
    places = Counter(geolocator.place(visit.ip).adcode for visit in visits)
    assert sum(not is_province(adcode) for adcode in places if adcode) >= 300
    assert 0 < places[0] < len(visits) / 50


def test_bags_are_seen_after_they_left_and_mostly_where_they_went(visits, issued, geolocator):
    lot = next(one for one in issued if one.lot.order == 52)
    inside = [visit for visit in visits if lot.first <= visit.serial <= lot.last and visit.role == "shopper"]
    assert min(visit.at for visit in inside) > microseconds(lot.lot.shipped_at)
    provinces = Counter(province_of(geolocator.place(visit.ip).adcode) for visit in inside)
    assert provinces[lot.lot.destinations[0]] > 0.8 * len(inside)


def test_the_last_codes_of_a_lot_are_left_alone(visits, issued):
    kept = {one.last - number for one in issued for number in range(RESERVED)}
    assert not kept & {visit.serial for visit in visits}
    assert all(one.last - one.first > 5 * RESERVED for one in issued)


def test_no_two_stories_or_samples_share_a_code(stories):
    serials = [{visit.serial for visit in story.visits} for story in stories.values()]
    assert sum(map(len, serials)) == len(set().union(*serials))
    assert not set().union(*serials) & {one for story in stories.values() for one in [story.serial + 1]
                                        if story.name not in ("diversion", "prerelease")}


def history_of(story, geolocator):
    history = NOTHING
    for visit in sorted(story.visits):
        history = observe(history, sighting_of(scan_of(visit, geolocator)))
    return history


@pytest.mark.parametrize("name", ["clone", "suspect"])
def test_copies_are_many_strangers_in_many_places(stories, geolocator, name):
    history = history_of(stories[name], geolocator)
    assert min(history.devices, history.networks) >= 15
    assert history.provinces >= 3


def test_the_copied_code_is_seen_in_guangzhou_and_chengdu(stories, geolocator):
    cities = Counter(geolocator.place(visit.ip).adcode for visit in stories["clone"].visits)
    assert [city for city, _ in cities.most_common(2)] == [440100, 510100]


def test_caution_stays_below_suspect(stories, geolocator):
    history = history_of(stories["caution"], geolocator)
    assert history.devices == history.networks == 3
    assert history.provinces == 2


def test_again_is_one_household(stories, geolocator):
    history = history_of(stories["again"], geolocator)
    assert (history.scans, history.devices, history.networks, history.provinces) == (3, 2, 1, 1)


def test_the_display_bag_stays_in_one_city(stories, geolocator):
    assert {geolocator.place(visit.ip).adcode for visit in stories["display"].visits} == {420100}


def test_the_forwarded_page_is_marked(stories, geolocator):
    visits = stories["forwarded"].visits
    assert sum(not visit.shared for visit in visits) == 1
    assert len(visits) > 300
    assert history_of(stories["forwarded"], geolocator).scans == 1


def test_goods_astray_are_seen_outside_their_destination(stories, geolocator, issued):
    seen = Counter(province_of(geolocator.place(visit.ip).adcode) for visit in stories["diversion"].visits)
    assert seen.most_common(1)[0][0] == 530000
    assert 530000 not in issued[50].lot.destinations


def test_early_bags_belong_to_the_lot_in_the_store(stories, issued):
    lot = issued[UNRELEASED]
    assert lot.lot.shipped_at is None
    for visit in stories["prerelease"].visits:
        assert lot.first <= visit.serial <= lot.last
        assert NOW_US - 2 * DAY_US < visit.at < NOW_US


def test_the_flagged_lot_is_no_story(stories, issued):
    lot = issued[FAILED]
    assert not any(lot.first <= visit.serial <= lot.last for story in stories.values() for visit in story.visits)


def test_same_seed_same_scans(visits, issued):
    assert list(ordinary_scans(1, issued, NOW_US)) == visits
