"""A history is a fold over visits, and it makes no difference where or in how many steps it is folded."""
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from webapp.places import PROVINCES
from webapp.verify import history as histories
from webapp.verify import sighting as sightings
from webapp.verify.history import NOTHING, History, observe
from webapp.verify.sighting import HOSTING, MACHINE, SHARED, STAFF, TAIL_RECORDS, WIFI, Sighting, folded_tail, waiting

START = 1_790_000_000_000_000
HOUR = 3_600_000_000
VISITS = st.lists(st.builds(
    Sighting, at=st.integers(START, START + 400 * 24 * HOUR), device=st.integers(0, (1 << 63) - 1),
    network=st.integers(0, (1 << 32) - 1), adcode=st.sampled_from([0, 510300, 440100, 110000, 659900, 999999]),
    flags=st.integers(0, 127), radius_km=st.integers(0, 65_535)), max_size=12)


def fold(visits: list[Sighting], history: History | None = None) -> History:
    for seen in visits:
        history = observe(history, seen)
    return history or NOTHING


@given(VISITS, st.integers(0, 12))
def test_page_and_worker_fold_the_same(visits: list[Sighting], folded: int):
    """The worker has folded some visits, packed them and keeps their tail; the page unpacks and folds the others."""
    visits = sorted(set(visits))
    base = histories.pack(fold(visits[:folded]))
    tail = b"".join(sightings.pack(seen, folded=n < folded) for n, seen in enumerate(visits))
    on_the_page = fold(waiting(tail), histories.unpack(base))
    assert on_the_page == fold(visits)
    assert histories.pack(on_the_page) == histories.pack(fold(visits))


@given(VISITS)
def test_a_history_survives_packing(visits: list[Sighting]):
    history = fold(visits)
    packed = histories.pack(history)
    assert len(packed) <= 64  # beyond that Valkey stores it at twice the price
    assert histories.unpack(packed) == history
    assert int.from_bytes(packed[:4], "little") == len(visits)  # what cache/history.py tells newer from older by


@given(VISITS)
def test_a_sighting_survives_packing(visits: list[Sighting]):
    for seen in visits:
        assert sightings.unpack(sightings.pack(seen)) == seen


@given(st.binary(max_size=100))
def test_a_damaged_history_is_none(packed: bytes):
    history = histories.unpack(packed)
    assert history == NOTHING or len(packed) == histories.SIZE


def seen(device: int = 1, hours: float = 0, network: int = 1, adcode: int = 510300, flags: int = WIFI) -> Sighting:
    return Sighting(START + int(hours * HOUR), device, network, adcode, flags)


def test_first_last_and_places_are_those_of_people():
    history = fold([seen(9, 0, flags=STAFF, adcode=110000), seen(1, 5), seen(2, 7, adcode=440100),
                    seen(3, 2, adcode=0)])
    assert history.visits == 4
    assert history.scans == 3
    assert history.first_at == START // 1_000_000 + 2 * 3600  # came late, happened first
    assert history.first_adcode == 0
    assert history.last_at == START // 1_000_000 + 7 * 3600
    assert history.provinces == 2
    assert history.province_mask >> PROVINCES.index(440000) & 1


def test_one_phone_is_one_device_however_often_it_looks():
    history = fold([seen(1, hour) for hour in range(50)])
    assert (history.scans, history.devices, history.networks) == (50, 1, 1)


def test_forwards_staff_data_centres_and_programs_are_no_witnesses():
    for flag in (SHARED, STAFF, HOSTING, MACHINE):
        history = fold([seen(n, n, network=n, flags=flag) for n in range(1, 100)])
        assert (history.visits, history.scans, history.devices, history.networks, history.provinces) == (99, 0, 0, 0, 0)


def test_networks_are_estimated_within_a_third():
    for count in (1, 2, 5, 20, 50):
        history = fold([seen(n, n, network=crc32(b"10.0.%d.0/24" % n)) for n in range(1, count + 1)])
        assert abs(history.networks - count) <= (count + 1) // 3


def test_a_device_is_known_while_it_is_among_the_last_five():
    history = fold([seen(device) for device in range(1, 7)])
    assert not history.knows(1)
    assert all(history.knows(device) for device in range(2, 7))


def test_the_tail_beside_a_history_is_bounded_in_number_and_age():
    old, crowd = [seen(1, 0)], [seen(n, 10 + n / 1000) for n in range(2, 100)]
    tail = folded_tail(folded_tail(b"", old), crowd)
    kept = [sightings.unpack(record) for record in sightings.records(tail)]
    assert kept == crowd[-TAIL_RECORDS:]
    assert waiting(tail) == []
    assert len(folded_tail(b"", old)) == sightings.SIZE
    assert len(folded_tail(folded_tail(b"", old), [seen(2, 5)])) == sightings.SIZE
