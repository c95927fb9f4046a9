"""Group commit on a slow, failing or stopping disk."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from errno import EIO
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from collector import committer as module
from collector.committer import Committer
from collector.metrics import Metrics
from collector.writer import CommitError, SegmentWriter
from footfall.landing.segments import FRAME_HEAD
from tests.collector.conftest import FailingFiles

NewWriter = Callable[..., SegmentWriter]
Payloads = Callable[[], list[bytes]]


def frame(number: int, size: int = 60) -> bytes:
    payload = (b'{"v":1,"n":%d}' % number).ljust(size)
    return FRAME_HEAD.pack(len(payload), crc32(payload)) + payload


class SlowFiles(FailingFiles):
    """A disk that confirms when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.syncs = 0

    def sync_data(self, fd: int) -> None:
        self.syncs += 1
        assert self.go.wait(30)
        super().sync_data(fd)


async def settle(task: asyncio.Task[Any]) -> str:
    try:
        await task
    except CommitError as error:
        return error.reason
    return "committed"


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_requests_that_wait_share_one_fsync(new_writer: NewWriter, sealed_payloads: Payloads) -> None:
    disk = SlowFiles()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        first = asyncio.create_task(committer.submit(frame(0)))
        await until(lambda: disk.syncs == 1)
        others = [asyncio.create_task(committer.submit(frame(number))) for number in range(1, 200)]
        await asyncio.sleep(0.05)
        assert not first.done()
        disk.go.set()
        await asyncio.gather(first, *others)
        assert disk.syncs == 2
        assert committer.metrics.commit_requests == 200
        assert await committer.stop(30)

    asyncio.run(run())
    assert len(sealed_payloads()) == 200


def test_memory_is_bounded_while_the_disk_hangs(
    new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED_BYTES", 10_000)
    monkeypatch.setattr(module, "STALLED_SECONDS", 0.05)
    disk = SlowFiles()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        tasks = [asyncio.create_task(committer.submit(frame(number, 1000))) for number in range(30)]
        await until(lambda: sum(task.done() for task in tasks) >= 20)
        assert committer.queued_bytes <= 10_000
        await until(lambda: any("has not confirmed a write" in words for words in committer.problems()))
        disk.go.set()
        outcomes = [await settle(task) for task in tasks]
        assert set(outcomes) == {"committed", "overloaded"}
        assert outcomes.count("committed") >= 9
        assert committer.problems() == []
        assert await committer.stop(30)

    asyncio.run(run())


def test_a_failed_fsync_fails_every_waiter_and_no_one_else(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    disk = SlowFiles()
    disk.fail["sync_data"] = [None, EIO]

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        first = asyncio.create_task(committer.submit(frame(0)))
        await until(lambda: disk.syncs == 1)
        lost = [asyncio.create_task(committer.submit(frame(number))) for number in range(1, 50)]
        await asyncio.sleep(0)  # all wait by now, and share the next commit
        disk.go.set()
        await first
        assert [await settle(task) for task in lost] == ["fsync"] * 49
        await committer.submit(frame(50))
        assert committer.problems() == []
        assert committer.metrics.commit_failures == {"fsync": 1}
        assert await committer.stop(30)

    asyncio.run(run())
    assert len(sealed_payloads()) == 2


def test_stopping_commits_what_waits_and_refuses_what_comes(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    disk = SlowFiles()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        waiting = [asyncio.create_task(committer.submit(frame(number))) for number in range(10)]
        await until(lambda: disk.syncs == 1)
        stopping = asyncio.create_task(committer.stop(30))
        await asyncio.sleep(0.02)
        assert await settle(asyncio.create_task(committer.submit(frame(99)))) == "stopping"
        assert "stopping" in committer.problems()
        disk.go.set()
        assert [await settle(task) for task in waiting] == ["committed"] * 10
        assert await stopping

    asyncio.run(run())
    assert len(sealed_payloads()) == 10


def test_a_disk_that_hangs_does_not_hang_the_stop(new_writer: NewWriter) -> None:
    disk = SlowFiles()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        task = asyncio.create_task(committer.submit(frame(0)))
        await until(lambda: disk.syncs == 1)
        assert not await committer.stop(0.1)
        disk.go.set()
        await task

    asyncio.run(run())


def test_a_client_that_went_away_does_not_disturb_the_others(
    new_writer: NewWriter, sealed_payloads: Payloads
) -> None:
    disk = SlowFiles()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk), Metrics())
        committer.start()
        gone = asyncio.create_task(committer.submit(frame(0)))
        stays = asyncio.create_task(committer.submit(frame(1)))
        await until(lambda: disk.syncs == 1)
        gone.cancel()
        disk.go.set()
        await stays
        assert await committer.stop(30)

    asyncio.run(run())
    assert len(sealed_payloads()) == 2


def test_a_bug_in_the_writer_does_not_kill_the_thread(
    new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 60.0)  # a tick would find the disk in order

    async def run() -> None:
        writer = new_writer()
        committer = Committer(writer, Metrics())
        committer.start()
        real = writer.commit

        def broken(frames: Any) -> None:
            monkeypatch.setattr(writer, "commit", real)
            raise ValueError("a bug")

        monkeypatch.setattr(writer, "commit", broken)
        assert await settle(asyncio.create_task(committer.submit(frame(0)))) == "internal"
        assert committer.problems() == ["unexpected: a bug"]
        await committer.submit(frame(1))
        assert committer.problems() == []
        assert await committer.stop(30)

    asyncio.run(run())


def test_a_quiet_segment_is_sealed_without_another_request(
    new_writer: NewWriter, sealed_payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.02)

    async def run() -> None:
        committer = Committer(new_writer(seal_seconds=0.1), Metrics())
        committer.start()
        await committer.submit(frame(0))
        await until(lambda: len(sealed_payloads()) == 1)
        assert await committer.stop(30)

    asyncio.run(run())


def test_a_failed_disk_is_noticed_to_work_again_without_traffic(
    new_writer: NewWriter, disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.02)

    async def run() -> None:
        committer = Committer(new_writer(), Metrics())
        committer.start()
        await committer.submit(frame(0))
        disk.fail = {"sync_data": [EIO], "sync_file": [EIO] * 100_000}
        assert await settle(asyncio.create_task(committer.submit(frame(1)))) == "fsync"
        assert committer.problems()
        disk.fail.clear()
        await until(lambda: committer.problems() == [])
        assert await committer.stop(30)

    asyncio.run(run())


def test_what_a_dead_neighbour_left_is_brought_in_while_running(
    new_writer: NewWriter, landing: Path, sealed_payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(module, "RECOVER_SECONDS", 0.05)
    neighbour = new_writer()
    neighbour.commit([frame(7)])
    assert neighbour._open is not None

    async def run() -> None:
        committer = Committer(new_writer(), Metrics())
        committer.start()
        await asyncio.sleep(0.1)
        assert sealed_payloads() == []
        neighbour.ops.close(neighbour._open.fd)
        await until(lambda: len(sealed_payloads()) == 1)
        assert await committer.stop(30)

    asyncio.run(run())


def test_what_a_dead_neighbour_left_is_brought_in_under_traffic(
    new_writer: NewWriter, landing: Path, sealed_payloads: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests come faster than the thread would look up without them."""
    monkeypatch.setattr(module, "TICK_SECONDS", 10.0)
    monkeypatch.setattr(module, "RECOVER_SECONDS", 0.05)
    neighbour = new_writer()
    neighbour.commit([frame(7)])
    assert neighbour._open is not None
    neighbour.ops.close(neighbour._open.fd)

    async def run() -> None:
        committer = Committer(new_writer(), Metrics())
        committer.start()
        for number in range(1000):
            await committer.submit(frame(number))
            if sealed_payloads():
                break
            await asyncio.sleep(0.002)
        assert len(sealed_payloads()) == 1
        assert await committer.stop(30)

    asyncio.run(run())


def test_a_seal_that_hangs_makes_the_collector_unready(
    new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_SECONDS", 0.05)

    class HangsAtSeal(SlowFiles):
        def sync_data(self, fd: int) -> None:
            self.syncs += 1

        def rename(self, source: Path, target: Path) -> None:
            if target.parent.name == "sealed":
                assert self.go.wait(30)
            super().rename(source, target)

    disk = HangsAtSeal()

    async def run() -> None:
        committer = Committer(new_writer(ops=disk, seal_bytes=10), Metrics())
        committer.start()
        await committer.submit(frame(0))
        await until(lambda: any("has not confirmed a write" in words for words in committer.problems()))
        disk.go.set()
        await until(lambda: committer.problems() == [])
        assert await committer.stop(30)

    asyncio.run(run())


def test_a_failure_while_the_metrics_are_read_does_not_break_them() -> None:
    metrics = Metrics()

    class AnotherMeanwhile(str):
        def __format__(self, spec: str) -> str:
            metrics.commit(0.001, 1, "write")
            return str(self)

    metrics.commit(0.001, 1, AnotherMeanwhile("fsync"))
    assert metrics.series()['commit_failures_total{reason="fsync"}'] == 1
    assert metrics.series()['commit_failures_total{reason="write"}'] >= 1


def test_no_request_is_overslept(new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is woken by a request alone where it looks at nothing else for an hour, however the two meet."""
    monkeypatch.setattr(module, "TICK_SECONDS", 3600.0)

    async def ask() -> None:
        committer = Committer(new_writer(seal_seconds=3600.0), Metrics())
        committer.start()

        async def one_after_the_other(many: int) -> None:
            for number in range(many):
                await committer.submit(frame(number))

        many, at_once = 200, 5
        await asyncio.wait_for(asyncio.gather(*(one_after_the_other(many) for _ in range(at_once))), 60)
        await asyncio.wait_for(one_after_the_other(many), 60)
        assert committer.queued_bytes == 0
        assert committer.metrics.commit_requests == many * (at_once + 1)
        assert await committer.stop(30)

    asyncio.run(ask())
