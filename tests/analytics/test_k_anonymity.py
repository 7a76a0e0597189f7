"""k-anonymity: nothing shown, and nothing that can be worked out by subtracting, stands for fewer than five people."""
from hypothesis import given
from hypothesis import strategies as st

from webapp.analytics.k_anonymity import Cell, K, cloak
from webapp.places import PLACES, province_of

ADCODES = sorted(PLACES)
cells = st.lists(st.tuples(st.sampled_from(ADCODES), st.integers(0, 30), st.integers(0, 60)), max_size=60,
                 unique_by=lambda cell: cell[0]).map(lambda rows: [Cell(*row) for row in rows if row[1] or row[2]])


@given(cells)
def test_every_scan_is_in_exactly_one_number(given_cells):
    shown = cloak(given_cells)
    assert shown.scans == sum(cell.scans for cell in given_cells)
    for province in shown.provinces:
        assert province.scans == sum(cell.scans for cell in province.places) + province.rest_scans


@given(cells)
def test_no_shown_place_has_fewer_than_five_people(given_cells):
    people = {cell.adcode: cell.people for cell in given_cells}
    for province in cloak(given_cells).provinces:
        assert all(people[cell.adcode] >= K for cell in province.places)


@given(cells)
def test_what_subtracting_leaves_is_never_one_place_nor_few_people(given_cells):
    shown = cloak(given_cells)
    alone = {cell.adcode for province in shown.provinces for cell in province.places}
    for province in shown.provinces:
        hidden = [cell for cell in given_cells
                  if province_of(cell.adcode) == province.adcode and cell.adcode not in alone and cell.people]
        if any(cell.people < K for cell in hidden):
            assert sum(cell.people for cell in hidden) >= K
            assert province.rest_places >= 2 or not province.places
    elsewhere = [cell for cell in given_cells if province_of(cell.adcode) in shown.elsewhere]
    if elsewhere and shown.readable:
        assert sum(cell.people for cell in elsewhere) >= K
        assert len(shown.elsewhere) >= 2 or not shown.provinces


@given(cells)
def test_fewer_than_five_people_in_all_are_not_readable(given_cells):
    people = sum(cell.people for cell in given_cells)
    assert cloak(given_cells).readable == (not given_cells or people >= K)


def test_one_small_place_takes_the_next_smallest_along():
    shown = cloak([Cell(510100, 40, 40), Cell(510300, 9, 9), Cell(510700, 2, 2)])
    assert [cell.adcode for cell in shown.provinces[0].places] == [510100]
    assert (shown.provinces[0].rest_places, shown.provinces[0].rest_scans) == (2, 11)


def test_machines_are_nobody_and_need_no_cover():
    shown = cloak([Cell(510100, 0, 1)], k=0)
    assert shown.provinces[0].places == (Cell(510100, 0, 1),)
