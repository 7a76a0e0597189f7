"""What is read back from a spool that was cut, damaged or is still being written."""
import os
import random
from bisect import bisect_right
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.scanlog.segment import MAX_PAYLOAD, create_segment, frame, is_finished, next_record, read_records

PAYLOADS = [b"first", b"x" * 300, b"\0" * 40, b"last record " * 5]


def whole(payloads: list[bytes]) -> bytes:
    return b"".join(map(frame, payloads))


def read(path: Path, offset: int = 0) -> list[bytes]:
    return [payload for payload, _ in read_records(path, offset)]


def test_reading_goes_on_from_any_record(tmp_path: Path):
    path = tmp_path / "one.spool"
    path.write_bytes(whole(PAYLOADS))
    offsets = [0, *(offset for _, offset in read_records(path))]
    for skipped, offset in enumerate(offsets):
        assert read(path, offset) == PAYLOADS[skipped:]


def test_a_spool_cut_at_every_byte_of_its_last_record_loses_only_that(tmp_path: Path):
    path = tmp_path / "one.spool"
    start, end = len(whole(PAYLOADS[:-1])), len(whole(PAYLOADS))
    for size in range(start, end):
        path.write_bytes(whole(PAYLOADS)[:size])
        assert read(path) == PAYLOADS[:-1]
        assert next_record(path, start) is None


def test_a_spool_cut_at_every_byte_of_its_last_64_kb_is_read_up_to_the_cut(tmp_path: Path):
    rng = random.Random(7)
    payloads = [rng.randbytes(rng.randint(80, 160)) for _ in range(600)]
    body, path = whole(payloads), tmp_path / "one.spool"
    ends, position = [], 0
    for payload in payloads:
        position += len(frame(payload))
        ends.append(position)
    path.write_bytes(body)
    for size in range(len(body) - 1, len(body) - 65_536, -1):
        os.truncate(path, size)
        whole_ones = bisect_right(ends, size)
        # From two records before the cut: reading all 65,536 from the start would take minutes.
        assert read(path, ends[whole_ones - 3]) == payloads[whole_ones - 2:whole_ones]


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8), st.data())
@settings(max_examples=300, deadline=None)
def test_damage_anywhere_never_raises_and_never_invents_a_record(tmp_path_factory, payloads, data):
    path = tmp_path_factory.mktemp("spool") / "one.spool"
    body = bytearray(whole(payloads))
    if body:
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(body))
    found = read(path)
    assert found == payloads[:len(found)]


@given(st.binary(max_size=3000))
@settings(max_examples=300, deadline=None)
def test_garbage_never_raises(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("spool") / "one.spool"
    path.write_bytes(garbage)
    assert list(read_records(path)) == [] or garbage
    next_record(path, 0)


def test_after_damage_in_the_middle_the_records_behind_it_are_found(tmp_path: Path):
    path = tmp_path / "one.spool"
    body = bytearray(whole(PAYLOADS))
    body[len(frame(PAYLOADS[0])) + 20] ^= 1
    path.write_bytes(bytes(body))
    assert read(path) == PAYLOADS[:1]
    resume = next_record(path, len(frame(PAYLOADS[0])))
    assert resume is not None
    assert read(path, resume) == PAYLOADS[2:]


def test_a_hole_of_zeros_is_no_record(tmp_path: Path):
    path = tmp_path / "one.spool"
    path.write_bytes(frame(b"kept") + b"\0" * 4096)
    assert read(path) == [b"kept"]


def test_records_larger_than_one_read_are_put_together(tmp_path: Path):
    path = tmp_path / "one.spool"
    payloads = [bytes([n]) * MAX_PAYLOAD for n in range(1, 40)]
    path.write_bytes(whole(payloads))
    assert read(path) == payloads


def test_a_segment_is_finished_when_its_process_let_go_of_it(tmp_path: Path):
    file, path = create_segment(tmp_path, 1)
    assert not is_finished(path)
    os.close(file)
    assert is_finished(path)


def test_a_segment_is_never_seen_before_its_lock_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Else the worker would delete it as a dead process's empty segment while it is written to."""
    seen = []
    lock = __import__("fcntl").flock
    monkeypatch.setattr("webapp.scanlog.segment.fcntl.flock",
                        lambda *args: (seen.extend(tmp_path.glob("*.spool")), lock(*args)))
    file, path = create_segment(tmp_path, 1)
    os.close(file)
    assert seen == []
    assert path.exists()
