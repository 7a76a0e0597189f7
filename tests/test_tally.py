"""Numbers of several processes, read by one of them; gone processes count on, dead gauges do not."""
import os
import signal
from pathlib import Path

import pytest

from webapp.tally import SLOTS, Tally, forget_ended, read_all


def in_child(work) -> int:
    """Run `work` in a forked process that then stays alive; its pid."""
    ready, told = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            work()
            os.write(told, b"x")
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    os.close(told)
    return pid


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_each_process_has_numbers_of_its_own_and_one_reads_all(tmp_path: Path):
    tally = Tally(tmp_path)
    tally.add("scans|first")
    pid = in_child(lambda: (tally.add("scans|first", 2), tally.set("depth", 7)))
    try:
        tally.add("scans|first")
        told = read_all(tmp_path)
        assert sorted(numbers["scans|first"] for _, numbers in told) == [2, 2]
        assert [alive for alive, _ in told] == [True, True]
        assert tally.own() == {"scans|first": 2}
    finally:
        end(pid)
    assert sorted(alive for alive, _ in read_all(tmp_path)) == [False, True]
    forget_ended(tmp_path)
    assert read_all(tmp_path) == [(True, {"scans|first": 2})]


def test_nothing_counted_leaves_no_file(tmp_path: Path):
    Tally(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/full/x"])
def test_without_a_place_for_the_file_a_process_counts_for_itself(folder: str):
    tally = Tally(Path(folder))
    tally.add("scans|first")
    assert tally.own() == {"scans|first": 1}


def test_there_is_room_for_a_known_number_of_names(tmp_path: Path):
    tally = Tally(tmp_path)
    for number in range(SLOTS):
        tally.add(f"n{number}")
    with pytest.raises(ValueError, match="no room"):
        tally.add("one more")
