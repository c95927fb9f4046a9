"""The writer, the sealer and the recovery against a filesystem that forgets what was not fsynced.

A state machine commits, seals, fails, is killed and loses power at random; beside it runs a model of ten lines: the
set of acknowledged frames, and the set of frames that were ever handed in. After every restart each acknowledged
frame is in a sealed segment exactly once, and nothing is there that was not handed in.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collector.files import OsFiles
from collector.recovery import recover
from collector.writer import CommitError, SegmentWriter
from footfall.landing.segments import FRAME_HEAD, Buffer, Frame, read_segment

pytestmark = pytest.mark.slow


@dataclass
class NameChange:
    """A name that appeared (source None), moved, or vanished (target None)."""

    file: int
    source: Path | None
    target: Path | None
    durable: bool = False


class Died(BaseException):
    """The process or the machine ends here, in the middle of whatever it did; no handler of errors sees it."""


class ForgetfulFiles(OsFiles):
    """Real files, and beside them what a power cut would leave.

    Bytes are durable once the file was synced, names once their directory was. After a *failed* sync the bytes since
    the last good one are dropped, and the next sync "succeeds" without them, as on Linux.
    """

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.steps_to_live: int | None = None
        self._durable: dict[int, bytes] = {}
        self._dropped: dict[int, tuple[int, int]] = {}
        self._names: dict[Path, int] = {}
        self._surviving: dict[Path, int] = {}
        self._changes: list[NameChange] = []
        self._open: dict[int, int] = {}
        self._files = 0

    def _maybe_fail(self, step: str, code: int = errno.EIO) -> None:
        self._live()
        if self.failing.get(step, 0) > 0:
            self.failing[step] -= 1
            raise OSError(code, os.strerror(code))

    def _live(self) -> None:
        if self.steps_to_live is not None:
            self.steps_to_live -= 1
            if self.steps_to_live <= 0:
                raise Died

    def create(self, path: Path) -> int:
        self._maybe_fail("create", errno.ENOSPC)
        fd = super().create(path)
        self._files += 1
        self._open[fd] = self._names[path] = self._files
        self._changes.append(NameChange(self._files, None, path))
        return fd

    def open_existing(self, path: Path) -> int:
        fd = super().open_existing(path)
        self._open[fd] = self._names[path]
        return fd

    def write(self, fd: int, parts: Sequence[Buffer]) -> int:
        data = b"".join(parts)
        try:
            self._maybe_fail("write", errno.ENOSPC)
        except (OSError, Died):
            super().write(fd, [data[: len(data) // 2]])
            raise
        if len(data) > 1 and len(data) % 3 == 0:
            return super().write(fd, [data[: len(data) // 3]])
        return super().write(fd, parts)

    def truncate(self, fd: int, length: int) -> None:
        self._maybe_fail("truncate")
        super().truncate(fd, length)
        start, end = self._dropped.get(self._open[fd], (0, 0))
        self._dropped[self._open[fd]] = (start, min(end, length))

    def sync_data(self, fd: int) -> None:
        file, content = self._open[fd], _content(fd)
        try:
            self._maybe_fail("sync")
        except OSError:
            self._dropped[file] = (len(self._durable.get(file, b"")), len(content))
            raise
        start, end = self._dropped.get(file, (0, 0))
        self._durable[file] = content[:start] + bytes(max(0, end - start)) + content[max(start, end) :]

    sync_file = sync_data

    def sync_directory(self, path: Path) -> None:
        self._maybe_fail("sync_directory")
        for change in reversed(self._changes):
            if any(name is not None and name.parent == path for name in (change.source, change.target)):
                for earlier in self._changes:
                    earlier.durable |= earlier.file == change.file
                    if earlier is change:
                        break

    def close(self, fd: int) -> None:
        self._open.pop(fd, None)
        super().close(fd)

    def rename(self, source: Path, target: Path) -> None:
        self._maybe_fail("rename")
        super().rename(source, target)
        file = self._names[target] = self._names.pop(source)
        self._changes.append(NameChange(file, source, target))

    def unlink(self, path: Path) -> None:
        self._live()
        super().unlink(path)
        self._changes.append(NameChange(self._names.pop(path), path, None))

    def kill(self) -> None:
        """The process dies; the kernel and its cache live on."""
        for fd in list(self._open):
            self.close(fd)

    def lose_power(self, chance: random.Random) -> None:
        """The machine dies: names and bytes that were not synced are kept or not, in any mixture."""
        self.kill()
        live = {file: path.read_bytes() for path, file in self._names.items()}
        for change in self._changes:
            if change.durable or chance.random() < 0.5:
                self._replay(change)
        for path in self._names:
            path.unlink()
        for path, file in self._surviving.items():
            durable = self._durable.get(file, b"")
            content = _torn(durable, live.get(file, durable), self._dropped.get(file), chance)
            path.write_bytes(content)
            self._durable[file] = content
        self._names = dict(self._surviving)
        self._changes.clear()
        self._dropped.clear()

    def _replay(self, change: NameChange) -> None:
        if change.source is not None:
            if self._surviving.get(change.source) != change.file:
                if not change.durable:
                    return
            else:
                del self._surviving[change.source]
        if change.target is not None:
            self._surviving[change.target] = change.file


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


def _torn(durable: bytes, live: bytes, dropped: tuple[int, int] | None, chance: random.Random) -> bytes:
    """What a disk may hold of a file whose last bytes were on their way."""
    if dropped is not None and dropped[1] > dropped[0]:
        return durable
    if not live.startswith(durable) or chance.random() < 0.3:
        return durable
    end = chance.randint(len(durable), len(live))
    arrived = live[:end]
    hole = chance.randint(len(durable), end)
    return arrived if chance.random() < 0.5 else arrived[:hole] + bytes(end - hole)


class Collector(RuleBasedStateMachine):
    """One collector on one disk, over many lives."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="footfall-crash-"))
        self.disk = ForgetfulFiles()
        self.now = 1000.0
        self.clock = 1_800_000_000.0
        self.handed_in: set[int] = set()
        self.acknowledged: set[int] = set()
        self.death = random.Random(0)
        self.writer: SegmentWriter

    @initialize()
    def begin(self) -> None:
        self.writer = self._new_writer()

    def _new_writer(self) -> SegmentWriter:
        writer = SegmentWriter(
            self.root / "landing",
            self.disk,
            seal_bytes=600,
            seal_seconds=15,
            min_free_bytes=0,
            clock=lambda: self.clock,
            monotonic=lambda: self.now,
        )
        writer.landing.prepare()
        recover(writer.landing)
        return writer

    @rule(count=st.integers(1, 6))
    def commit(self, count: int) -> None:
        new = range(len(self.handed_in), len(self.handed_in) + count)
        self.handed_in.update(new)
        with self._mortal(), contextlib.suppress(CommitError):
            self.writer.commit([_frame(number) for number in new])
            self.acknowledged.update(new)
            self.writer.seal_if_due()

    @rule()
    def idle(self) -> None:
        with self._mortal(), contextlib.suppress(CommitError):
            self.writer.check()
        self._seal_if_due()

    @rule(seconds=st.sampled_from([1, 15, 100]))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.clock += seconds
        self._seal_if_due()

    def _seal_if_due(self) -> None:
        with self._mortal():
            self.writer.seal_if_due()

    @rule()
    def clock_goes_back(self) -> None:
        self.clock -= 7200

    @rule(
        step=st.sampled_from(["write", "sync", "sync", "sync_directory", "rename", "truncate", "create"]),
        times=st.integers(1, 3),
    )
    def disk_will_fail(self, step: str, times: int) -> None:
        self.disk.failing[step] = times

    @rule()
    def disk_works_again(self) -> None:
        self.disk.failing.clear()

    @rule(steps=st.integers(1, 12), seed=st.integers(0, 2**32))
    def will_die(self, steps: int, seed: int) -> None:
        self.disk.steps_to_live = steps
        self.death = random.Random(seed)

    @rule(seed=st.integers(0, 2**32))
    def power_cut(self, seed: int) -> None:
        self.disk.lose_power(random.Random(seed))
        with self._mortal():
            self._restart()

    @rule()
    def stopped(self) -> None:
        with self._mortal():
            self.writer.stop()
            self._restart()

    @contextlib.contextmanager
    def _mortal(self) -> Iterator[None]:
        """Where the process may die: killed, or with the power gone. Afterwards it is started again."""
        try:
            yield
        except Died:
            self.disk.steps_to_live = None
            if self.death.random() < 0.3:
                self.disk.kill()
            else:
                self.disk.lose_power(self.death)
            if self.death.random() < 0.3:
                self.disk.steps_to_live = self.death.randint(1, 12)  # and dies again while it recovers
            with self._mortal():
                self._restart()

    def _restart(self) -> None:
        try:
            self.writer = self._new_writer()  # with whatever failures are still queued for this disk
        except OSError:
            self.disk.failing.clear()
            self.writer = self._new_writer()
        self.disk.failing.clear()
        recover(self.writer.landing)
        found = self._sealed()
        assert self.acknowledged <= set(found), f"lost: {sorted(self.acknowledged - set(found))}"
        assert set(found) <= self.handed_in
        assert max(found.values(), default=1) == 1, f"twice: {[n for n, times in found.items() if times > 1]}"

    @invariant()
    def sealed_segments_have_no_damage(self) -> None:
        for path in (self.root / "landing" / "sealed").glob("*.seg"):
            assert all(isinstance(part, Frame) for part in read_segment(path)), path

    def _sealed(self) -> Counter[int]:
        return Counter(
            int(part.payload.rsplit(b":", 1)[1].strip(b"} "))
            for path in (self.root / "landing" / "sealed").glob("*.seg")
            for part in read_segment(path)
            if isinstance(part, Frame)
        )

    def teardown(self) -> None:
        if hasattr(self, "writer"):
            self.disk.failing.clear()
            self.disk.steps_to_live = None
            self.disk.lose_power(random.Random(0))
            self._restart()
            self.disk.kill()
        shutil.rmtree(self.root)


def _frame(number: int) -> bytes:
    payload = b'{"v":1,"n":%d}' % number
    payload = payload.ljust(20 + number % 90)
    return FRAME_HEAD.pack(len(payload), crc32(payload)) + payload


TestCollector = Collector.TestCase
TestCollector.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
