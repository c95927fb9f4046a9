"""The writer on a disk that fails in every way a disk can, one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import EIO, ENOSPC
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from collector.cli import _check_directory
from collector.files import OsFiles
from collector.landing import Landing
from collector.recovery import recover
from collector.writer import SPACE_SECONDS, CommitError, SegmentWriter
from footfall.landing.segments import FRAME_HEAD, HEADER, Damage, Frame, read_segment
from footfall.settings import Settings

Payloads = Callable[[], list[bytes]]
NewWriter = Callable[..., SegmentWriter]


def frame(number: int, size: int = 40) -> bytes:
    payload = b'{"v":1,"n":%d}' % number
    payload = payload.ljust(size)
    return FRAME_HEAD.pack(len(payload), crc32(payload)) + payload


def numbers(payloads: list[bytes]) -> list[int]:
    return [int(payload.split(b":")[2].split(b"}")[0]) for payload in payloads]


def test_what_was_committed_is_in_the_sealed_segment(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1), frame(2)])
    writer.commit([frame(3)])
    writer.stop()
    assert numbers(sealed_payloads()) == [1, 2, 3]
    assert not list(writer.landing.open.iterdir())


def test_nothing_is_acknowledged_before_file_and_directory_are_fsynced(
    new_writer: NewWriter, disk: Any
) -> None:
    writer = new_writer()
    disk.calls.clear()
    writer.commit([frame(1)])
    steps = ["create", "write", "sync_file", "rename", "sync_directory", "write", "sync_data"]
    assert disk.calls == steps


def test_the_first_start_makes_its_directories_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their names too, up to the directory that stood there before."""
    synced: list[Path] = []
    monkeypatch.setattr(OsFiles, "sync_directory", lambda _, path: synced.append(path))
    settings = Settings(data=tmp_path / "shops" / "one")
    _check_directory(settings)
    Landing(settings.paths.landing, OsFiles()).prepare()
    landing = settings.paths.landing
    assert {landing, *landing.parents[:3]} <= set(synced)
    assert landing.parents[2] == tmp_path


def test_two_containers_whose_collectors_have_one_number_start_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, touch, others = Settings(data=tmp_path), Path.touch, [1]

    def touch_while_another_starts(path: Path) -> None:
        touch(path)
        if others:
            others.pop()
            _check_directory(settings)

    monkeypatch.setattr(Path, "touch", touch_while_another_starts)
    _check_directory(settings)
    assert not others
    assert not list(settings.paths.landing.glob(".probe*"))


def test_sealing_fsyncs_the_file_then_renames_then_fsyncs_both_directories(
    new_writer: NewWriter, disk: Any
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.calls.clear()
    writer.seal()
    assert disk.calls == ["sync_file", "rename", "sync_directory", "sync_directory"]


def test_one_fsync_for_a_whole_group(new_writer: NewWriter, disk: Any) -> None:
    writer = new_writer()
    writer.commit([frame(number) for number in range(500)])
    assert disk.calls.count("sync_data") == 1


def test_more_parts_than_are_written_at_once(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.check()
    disk.calls.clear()
    disk.short_writes = [100]
    frames = [frame(number) for number in range(1500)]
    writer.commit([part for whole in frames for part in (whole[:9], memoryview(whole)[9:])])
    assert disk.calls == ["write"] * 4 + ["sync_data"], "three steps, one of them in two"
    writer.stop()
    assert numbers(sealed_payloads()) == list(range(1500))


def test_a_full_segment_is_sealed_and_the_next_one_opened(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    writer = new_writer(seal_bytes=1024)
    for number in range(100):
        writer.commit([frame(number)])
        writer.seal_if_due()
    writer.stop()
    assert numbers(sealed_payloads()) == list(range(100))
    assert writer.sealed_segments >= 4


def test_a_quiet_shops_events_are_sealed_by_age(new_writer: NewWriter, sealed_payloads: Payloads) -> None:
    now = [100.0]
    writer = new_writer(seal_seconds=15.0, monotonic=lambda: now[0])
    assert writer.seconds_to_seal() is None
    writer.commit([frame(1)])
    now[0] += 14.9
    writer.commit([frame(2)])
    writer.seal_if_due()
    assert sealed_payloads() == []
    now[0] += 0.1
    writer.seal_if_due()
    assert numbers(sealed_payloads()) == [1, 2]


def test_the_clock_may_go_back(new_writer: NewWriter, sealed_payloads: Payloads) -> None:
    now = [1_800_000_000.0]
    writer = new_writer(clock=lambda: now[0])
    for number in range(5):
        writer.commit([frame(number)])
        writer.seal()
        now[0] -= 3600
    assert sorted(numbers(sealed_payloads())) == [0, 1, 2, 3, 4]


def test_short_writes_are_continued(new_writer: NewWriter, disk: Any, sealed_payloads: Payloads) -> None:
    writer = new_writer()
    writer.check()
    disk.short_writes = [3, 7, 1]
    writer.commit([frame(1), frame(2)])
    writer.stop()
    assert numbers(sealed_payloads()) == [1, 2]


def test_a_disk_that_fills_up_in_the_middle_of_a_write(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.short_writes = [10]
    disk.fail["write"] = [None, ENOSPC]
    with pytest.raises(CommitError) as caught:
        writer.commit([frame(2)])
    assert caught.value.reason == "write"
    assert writer.problem is not None
    writer.commit([frame(3)])
    assert writer.problem is None
    writer.stop()
    assert numbers(sealed_payloads()) == [1, 3]


def test_a_write_that_can_not_be_taken_back_poisons_the_file(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.short_writes = [10]
    disk.fail = {"write": [None, ENOSPC], "truncate": [EIO]}
    with pytest.raises(CommitError):
        writer.commit([frame(2)])
    writer.commit([frame(3)])
    writer.stop()
    assert sorted(numbers(sealed_payloads())) == [1, 3]
    assert len(list(writer.landing.quarantine.iterdir())) == 1


@pytest.mark.parametrize("error", [MemoryError(), ValueError("a bug")])
def test_a_write_that_ends_by_no_error_of_the_disk_costs_nothing_acknowledged(
    new_writer: NewWriter,
    disk: Any,
    sealed_payloads: Payloads,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """Half a frame more in the file than its size says: a rescue would cut that much off the last good one."""
    writer = new_writer()
    writer.commit([frame(1)])
    write = writer.landing.write_all

    def half(fd: int, parts: list[bytes]) -> None:
        write(fd, [parts[0][:30]])
        monkeypatch.setattr(writer.landing, "write_all", write)
        raise error

    monkeypatch.setattr(writer.landing, "write_all", half)
    with pytest.raises(CommitError) as caught:
        writer.commit([frame(2)])
    assert (caught.value.reason, writer.problem) == ("internal", caught.value)
    writer.commit([frame(3)])
    assert writer.problem is None
    disk.fail["sync_data"] = [EIO]
    with pytest.raises(CommitError):
        writer.commit([frame(4)])
    writer.commit([frame(5)])
    writer.stop()
    assert sorted(numbers(sealed_payloads())) == [1, 3, 5]
    assert writer.sync_errors == 1, "of the disk alone: the operator is told to replace it"


def test_below_the_watermark_nothing_is_even_tried(new_writer: NewWriter, disk: Any) -> None:
    writer = new_writer(min_free_bytes=1000)
    disk.free = 999 + len(frame(1))
    with pytest.raises(CommitError) as caught:
        writer.commit([frame(1)])
    assert caught.value.reason == "disk_full"
    assert caught.value.retry_after == 30
    assert "FOOTFALL_MIN_FREE_BYTES" in caught.value.detail
    assert "write" not in disk.calls
    disk.free = 1000 + len(frame(1))
    writer.commit([frame(1)])


def test_free_space_is_looked_at_every_50_ms_and_own_frames_count_between(
    new_writer: NewWriter, disk: Any
) -> None:
    now = [100.0]
    writer = new_writer(min_free_bytes=1000, monotonic=lambda: now[0])
    disk.free = 1000 + 2 * len(frame(1))
    writer.commit([frame(1)])
    disk.free = 0
    writer.commit([frame(2)])  # known to fit
    with pytest.raises(CommitError):
        writer.commit([frame(3)])  # not known to: looked at
    disk.free = 10**6
    writer.commit([frame(4)])
    disk.free = 0
    writer.commit([frame(5)])
    with pytest.raises(CommitError):
        writer.check()
    now[0] += SPACE_SECONDS
    with pytest.raises(CommitError):
        writer.commit([frame(6)])


def test_after_a_failed_fsync_the_file_is_never_touched_again(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.fail["sync_data"] = [EIO]
    with pytest.raises(CommitError) as caught:
        writer.commit([frame(2)])
    assert caught.value.reason == "fsync"
    assert writer.sync_errors == 1
    poisoned = next(writer.landing.open.iterdir())
    before = poisoned.read_bytes()
    writer.commit([frame(3)])
    writer.stop()
    # Frame 1 was acknowledged and must go on to the lake; frame 2 was refused and must not.
    assert sorted(numbers(sealed_payloads())) == [1, 3]
    aside = list(writer.landing.quarantine.iterdir())
    assert [path.read_bytes() for path in aside] == [before]


def test_a_file_that_the_failed_disk_emptied_does_not_stop_the_next(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.fail["sync_data"] = [EIO]
    with pytest.raises(CommitError):
        writer.commit([frame(2)])
    poisoned = next(writer.landing.open.iterdir())
    poisoned.write_bytes(bytes(len(poisoned.read_bytes())))
    writer.commit([frame(3)])
    writer.stop()
    assert numbers(sealed_payloads()) == [3]
    assert len(list(writer.landing.quarantine.iterdir())) == 1


def test_a_disk_that_fails_all_night_does_not_fill_the_quarantine(new_writer: NewWriter, disk: Any) -> None:
    writer = new_writer()
    writer.commit([frame(0)])
    disk.fail["sync_data"] = [EIO] * 50
    for number in range(1, 51):
        with pytest.raises(CommitError):
            writer.commit([frame(number)])
    writer.commit([frame(51)])
    assert len(list(writer.landing.quarantine.iterdir())) == 1
    assert len(list(writer.landing.open.iterdir())) == 1


def test_ready_again_without_traffic_once_the_disk_works(new_writer: NewWriter, disk: Any) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.fail = {"sync_data": [EIO], "sync_file": [EIO, EIO]}
    with pytest.raises(CommitError):
        writer.commit([frame(2)])
    for _ in range(2):
        with pytest.raises(CommitError):
            writer.check()
        assert writer.problem is not None
    writer.check()
    assert writer.problem is None


def test_acknowledged_frames_of_a_poisoned_file_survive_a_crash_before_their_rescue(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.fail = {"sync_data": [EIO], "create": [EIO]}
    with pytest.raises(CommitError):
        writer.commit([frame(2)])
    with pytest.raises(CommitError):
        writer.check()
    die(writer)
    recover(writer.landing)
    assert 1 in numbers(sealed_payloads())


def test_a_failed_fsync_at_sealing_keeps_what_was_acknowledged(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    disk.fail["sync_file"] = [EIO]
    assert writer.seal() is None
    writer.commit([frame(2)])
    writer.stop()
    assert sorted(numbers(sealed_payloads())) == [1, 2]


def test_a_seal_that_fails_is_tried_again(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    now = [0.0]
    writer = new_writer(monotonic=lambda: now[0])
    writer.commit([frame(1)])
    disk.fail["rename"] = [EIO]
    now[0] = 15.0
    writer.seal_if_due()
    assert sealed_payloads() == []
    writer.commit([frame(2)])
    now[0] = 16.0
    writer.seal_if_due()
    assert numbers(sealed_payloads()) == [1, 2]


def test_a_segment_that_can_not_be_created_leaves_nothing_behind(new_writer: NewWriter, disk: Any) -> None:
    for step in ("create", "write", "sync_file", "rename", "sync_directory"):
        writer = new_writer()
        disk.fail = {step: [EIO]}
        with pytest.raises(CommitError) as caught:
            writer.commit([frame(1)])
        assert caught.value.reason == "disk"
        assert list(writer.landing.open.iterdir()) == []
        writer.commit([frame(2)])
        writer.stop()


def die(writer: SegmentWriter) -> None:
    """What is left of a writer when its process is killed: its files, without their locks."""
    for segment in (writer._open, writer._poisoned):
        if segment is not None:
            os.close(segment.fd)


def left_open(writer: SegmentWriter) -> Path:
    assert writer._open is not None
    path = writer._open.path
    die(writer)
    return path


def test_recovery_seals_what_a_killed_writer_left(new_writer: NewWriter, sealed_payloads: Payloads) -> None:
    writer = new_writer()
    writer.commit([frame(1), frame(2)])
    path = left_open(writer)
    assert recover(writer.landing) == [path.stem]
    assert numbers(sealed_payloads()) == [1, 2]
    assert recover(writer.landing) == []


def test_recovery_leaves_a_living_writers_segment_alone(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(1)])
    assert recover(new_writer().landing) == []
    writer.commit([frame(2)])
    writer.stop()
    assert numbers(sealed_payloads()) == [1, 2]


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        pytest.param(frame(9)[:-1], True, id="a frame without its last byte"),
        pytest.param(frame(9)[:5], True, id="half a frame head"),
        pytest.param(frame(9)[:-3] + b"\0\0\0", True, id="a frame whose last page never reached the disk"),
        pytest.param(bytes(4096), False, id="zeros, where a length was written and data was not"),
        pytest.param(b"\xff" * 64, True, id="garbage with an absurd length"),
        pytest.param(bytes(40) + b"x" * 60, True, id="zeros before garbage"),
    ],
)
def test_recovery_cuts_a_torn_tail(
    new_writer: NewWriter, sealed_payloads: Payloads, tail: bytes, kept: bool
) -> None:
    writer = new_writer()
    writer.commit([frame(1), frame(2)])
    path = left_open(writer)
    with path.open("ab") as file:
        file.write(tail)
    recover(writer.landing)
    assert numbers(sealed_payloads()) == [1, 2]
    sealed = next(writer.landing.sealed.iterdir())
    assert sealed.stat().st_size == len(HEADER) + 2 * len(frame(1))
    tails = list(writer.landing.quarantine.glob("*.tail"))
    assert [path.read_bytes() for path in tails] == ([tail] if kept else [])


def test_a_flipped_bit_in_the_middle_costs_one_frame(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    writer = new_writer()
    writer.commit([frame(number) for number in range(5)])
    path = left_open(writer)
    data = bytearray(path.read_bytes())
    data[len(HEADER) + 2 * len(frame(1)) + 20] ^= 0x10
    path.write_bytes(data)
    recover(writer.landing)
    assert numbers(sealed_payloads()) == [0, 1, 3, 4]
    parts = list(read_segment(next(writer.landing.sealed.iterdir())))
    assert [type(part) for part in parts] == [Frame, Frame, Damage, Frame, Frame]


@pytest.mark.parametrize("content", [b"", HEADER[:7], HEADER, bytes(64)])
def test_an_open_file_without_a_frame_is_removed(new_writer: NewWriter, content: bytes) -> None:
    landing = new_writer().landing
    landing.open_path("x").write_bytes(content)
    landing.unborn_path("y").write_bytes(content)
    assert recover(landing) == []
    assert [list(directory.iterdir()) for directory in (landing.open, landing.sealed)] == [[], []]


def test_a_foreign_file_goes_to_quarantine(new_writer: NewWriter) -> None:
    landing = new_writer().landing
    landing.open_path("foreign").write_bytes(b"something else entirely")
    assert recover(landing) == []
    assert (landing.quarantine / "foreign.seg").read_bytes() == b"something else entirely"


def test_a_file_that_can_not_be_recovered_does_not_stop_the_others(
    new_writer: NewWriter, disk: Any, sealed_payloads: Payloads
) -> None:
    for number in range(3):
        writer = new_writer()
        writer.commit([frame(number)])
        left_open(writer)
    disk.fail["sync_file"] = [None, EIO, None, EIO, EIO]
    assert len(recover(writer.landing)) == 2
    assert len(recover(writer.landing)) == 1
    assert sorted(numbers(sealed_payloads())) == [0, 1, 2]
