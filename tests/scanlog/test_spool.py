"""A yes is a promise; a no is told, counted and leaves nothing behind."""
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from webapp.scanlog.segment import HEADER, read_records, segments
from webapp.scanlog.spool import Spool, Sync


def kept(folder: Path) -> list[bytes]:
    return [payload for path in segments(folder) for payload, _ in read_records(path)]


@pytest.mark.parametrize("sync", Sync)
def test_what_was_kept_is_read_back_in_order(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path / "spool", sync)
    payloads = [b"%d" % n for n in range(200)]
    assert all(map(spool.append, payloads))
    assert kept(tmp_path / "spool") == payloads
    spool.close()


def test_threads_share_syncs_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spool, real = Spool(tmp_path), os.fdatasync
    slow = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda file: (slow.wait(0.002), real(file))[1])
    def work(name: int) -> None:
        for n in range(50):
            assert spool.append(b"%d/%d" % (name, n))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = kept(tmp_path)
    assert len(found) == len(set(found)) == 800
    assert spool.syncs < 400


def test_no_answer_before_its_own_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is on disk when `append` returns holds the record: the order of the system calls is write, sync, answer."""
    order: list[str] = []
    write, sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda f, d: (order.append("write"), write(f, d))[1])
    monkeypatch.setattr(os, "fdatasync", lambda f: (order.append("sync"), sync(f))[1])
    spool = Spool(tmp_path)
    for _ in range(3):
        assert spool.append(b"x")
        order.append("answer")
    assert order == ["write", "sync", "answer"] * 3


def test_a_failed_sync_is_a_no_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spool = Spool(tmp_path)
    assert spool.append(b"good")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda file: (_ for _ in ()).throw(OSError(5, "I/O error")))
        assert not spool.append(b"lost")
    assert spool.append(b"good again")
    assert kept(tmp_path) == [b"good", b"good again"]
    assert (spool.kept, spool.refused) == (2, 1)


def test_a_half_written_record_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spool, write = Spool(tmp_path), os.write
    assert spool.append(b"good")
    calls = []
    def full(file: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(file, data[:7])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert not spool.append(b"torn")
    sizes = [path.stat().st_size for path in segments(tmp_path)]
    assert sizes == [HEADER.size + 4]
    assert spool.append(b"room again")
    assert kept(tmp_path) == [b"good", b"room again"]


def test_a_nearly_full_disk_is_a_no(tmp_path: Path):
    spool = Spool(tmp_path, floor_bytes=1 << 62)
    assert not spool.append(b"x")
    assert spool.refused == 1


def test_a_full_disk_is_a_no_and_room_is_a_yes_again(tmp_path: Path):
    """A real one as far as the kernel goes: the file size limit cuts writes in the middle as a full disk does."""
    code = f"""
import resource, signal, sys
from pathlib import Path
from webapp.scanlog.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, {resource.RLIM_INFINITY}))
spool = Spool(Path({str(tmp_path)!r}))
yes = [spool.append(b"%04d" % n + b"x" * 600) for n in range(40)]
resource.setrlimit(resource.RLIMIT_FSIZE, ({resource.RLIM_INFINITY}, {resource.RLIM_INFINITY}))
yes.append(spool.append(b"0040" + b"x" * 600))
print(*(n for n, ok in enumerate(yes) if ok))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    acknowledged = set(map(int, told.stdout.splitlines()[-1].split()))
    assert 40 in acknowledged
    assert "spool_refuses" in told.stdout
    assert {int(payload[:4]) for payload in kept(tmp_path)} == acknowledged


def test_a_folder_that_cannot_be_made_is_a_no(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert not Spool(tmp_path / "file" / "spool").append(b"x")


def test_a_child_after_a_fork_writes_a_segment_of_its_own(tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append(b"parent")
    if (child := os.fork()) == 0:
        os._exit(0 if spool.append(b"child") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert spool.append(b"parent again")
    assert len(segments(tmp_path)) == 2
    assert sorted(kept(tmp_path)) == [b"child", b"parent", b"parent again"]


def test_segments_roll_by_size_and_age(tmp_path: Path):
    by_size = Spool(tmp_path / "size", roll_bytes=1000)
    for _ in range(30):
        by_size.append(b"x" * 100)
    assert len(segments(tmp_path / "size")) > 2
    by_age = Spool(tmp_path / "age", roll_seconds=0)
    for _ in range(3):
        by_age.append(b"x")
    assert len(segments(tmp_path / "age")) == 3


@pytest.mark.parametrize("payload", [b"", b"x" * 65_537])
def test_an_empty_or_huge_record_is_a_no(tmp_path: Path, payload: bytes):
    assert not Spool(tmp_path).append(payload)


@pytest.mark.parametrize("sync", Sync)
def test_records_of_a_group_are_kept_together_or_not_at_all(tmp_path: Path, sync: Sync):
    spool = Spool(tmp_path, sync)
    assert spool.append(b"a", b"b", b"c")
    assert not spool.append(b"d", b"")  # an empty record would end the file for its reader
    assert spool.append(b"e")
    assert kept(tmp_path) == [b"a", b"b", b"c", b"e"]
    assert (spool.kept, spool.refused) == (4, 2)
    spool.close()
