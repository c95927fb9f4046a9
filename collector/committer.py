"""Group commit: many requests wait, one thread writes all of their frames, fsyncs once, answers them all.

While one fsync runs the next requests queue up, so the batch grows with the load and a busy disk costs
latency instead of throughput. The queue is bounded in bytes: past that the answer is 503, and memory stays
flat.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from collector.metrics import Metrics
from collector.recovery import recover
from collector.writer import CommitError, SegmentWriter
from footfall.landing.segments import Buffer

log = logging.getLogger("footfall.collector")

#: Frames that wait for the disk, bytes. At 400 MB/s this is a fifth of a second of writing.
MAX_QUEUED_BYTES = 64 * 2**20
#: Frames of one commit, bytes: bounds the time that the first waiter of a batch waits for the last one's
#: bytes.
MAX_COMMIT_BYTES = 8 * 2**20
#: The thread wakes this often without work: age of the open segment, free space, retry after a failure.
TICK_SECONDS = 1.0
#: A commit or a seal that takes longer than this makes the collector unready: a disk that hangs, not one that is busy.
STALLED_SECONDS = 10.0

#: Recovery is repeated this often, for a disk that refused at start, or a neighbour that died and never came back.
RECOVER_SECONDS = 60.0

#: A frame's parts, their length, and whom to tell.
_Waiter = tuple[tuple[Buffer, ...], int, "asyncio.Future[CommitError | None]"]


class Committer:
    """Owns the writer and its thread. ``submit`` belongs to the event loop that called ``start``."""

    def __init__(self, writer: SegmentWriter, metrics: Metrics) -> None:
        self.writer = writer
        self.metrics = metrics
        self._queue: deque[_Waiter] = deque()
        # Bytes since the start: the event loop counts what came, the thread what it took. Neither needs a lock.
        self._came = self._took = 0
        self._wake = threading.Condition(threading.Lock())
        self._is_asleep = False
        self._stopping = False
        self._busy_since: float | None = None
        self._recover_at = time.monotonic() + RECOVER_SECONDS
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; call it inside the event loop. The first tick opens a segment."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="footfall-committer", daemon=True)
        self._thread.start()

    async def submit(self, *parts: Buffer) -> None:
        """Returns when the frame in these parts is on disk. Raises CommitError where it is not and will not be."""
        assert self._loop is not None, "start() first"
        size = sum(map(len, parts))
        if self._stopping:
            raise CommitError("stopping", "the collector is stopping", retry_after=2)
        if self.queued_bytes + size > MAX_QUEUED_BYTES:
            raise CommitError("overloaded", "too many requests are waiting for the disk", 2)
        future: asyncio.Future[CommitError | None] = self._loop.create_future()
        self._came += size
        self._queue.append((parts, size, future))
        # The lock only where the thread sleeps: it is busy with a commit when most requests of a busy collector come
        if self._is_asleep:
            with self._wake:
                self._is_asleep = False
                self._wake.notify()
        if (error := await future) is not None:
            raise error

    @property
    def queued_bytes(self) -> int:
        return self._came - self._took

    def problems(self) -> list[str]:
        """Return why this process can't promise anything right now, in words; empty where it can."""
        found = []
        if self._stopping:
            found.append("stopping")
        if self._thread is None or not self._thread.is_alive():
            found.append("the committer thread is not running: restart the collector")
        if self.writer.problem is not None:
            found.append(self.writer.problem.detail)
        busy = self._busy_since
        if busy is not None and time.monotonic() - busy > STALLED_SECONDS:
            found.append(f"the disk has not confirmed a write for {time.monotonic() - busy:.0f} s")
        return found

    async def stop(self, seconds: float) -> bool:
        """Commit what is queued, seal, end the thread. False where the disk did not let that happen."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        thread = self._thread
        if thread is None:
            return True
        deadline = time.monotonic() + seconds
        while thread.is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)  # the loop has to run: the last waiters are answered on it
        await asyncio.sleep(0)
        return not thread.is_alive()

    def _run(self) -> None:
        self._tick()
        while True:
            if not self._queue:
                self._sleep()
            # In this order: nothing comes any more once it is stopping
            stopping = self._stopping
            batch = self._take()
            stopping = stopping and not batch
            if batch:
                self._commit(batch)
            elif not stopping:
                self._tick()
            self._guarded(self.writer.seal_if_due)
            if stopping:
                self._guarded(self.writer.stop)
                return
            # Under traffic too: a busy shop's collector never ticks.
            self._recover_if_due()

    def _sleep(self) -> None:
        """Until something comes, or there is something to do without."""
        with self._wake:
            # In this order: whoever queues something after the look at the queue sees that this thread sleeps
            self._is_asleep = True
            if not self._queue and not self._stopping:
                due = self.writer.seconds_to_seal()
                self._wake.wait(TICK_SECONDS if due is None else min(TICK_SECONDS, due))
            self._is_asleep = False

    def _take(self) -> list[_Waiter]:
        batch: list[_Waiter] = []
        size = 0
        while self._queue and (not batch or size + self._queue[0][1] <= MAX_COMMIT_BYTES):
            waiter = self._queue.popleft()
            size += waiter[1]
            batch.append(waiter)
        self._took += size
        return batch

    def _commit(self, batch: list[_Waiter]) -> None:
        started = self._busy_since = time.monotonic()
        error: CommitError | None = None
        before = self.writer.problem
        try:
            self.writer.commit([part for parts, _, _ in batch for part in parts])
        except CommitError as failure:
            error = failure
        except Exception as failure:  # the thread must outlive any bug: a dead one would hang every request
            log.exception("commit failed")
            error = self.writer.problem = CommitError("internal", f"unexpected: {failure}")
        self._busy_since = None
        _note(before, error)
        self.metrics.commit(time.monotonic() - started, len(batch), error.reason if error else None)
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_settle, batch, error)
        except RuntimeError:
            log.warning("the event loop is closed, %d requests stay unanswered", len(batch))

    def _tick(self) -> None:
        """Without traffic: notice a full disk, and find out whether a failed one works again."""

        def probe() -> None:
            before = self.writer.problem
            try:
                self.writer.check()
            except CommitError as failure:
                _note(before, failure)
            else:
                _note(before, None)

        self._guarded(probe)

    def _recover_if_due(self) -> None:
        if time.monotonic() >= self._recover_at:
            self._recover_at = time.monotonic() + RECOVER_SECONDS
            self._guarded(lambda: recover(self.writer.landing))

    def _guarded(self, step: Callable[[], object]) -> None:
        """Anything but a commit. Requests wait for it as they do for a commit, so it must not hang unnoticed either."""
        self._busy_since = time.monotonic()
        try:
            step()
        except Exception:
            log.exception("the committer hit an unexpected error and continues")
        self._busy_since = None


def _settle(batch: list[_Waiter], error: CommitError | None) -> None:
    for _, _, future in batch:
        if not future.done():  # a client that went away cancels its request
            future.set_result(error)


def _note(before: CommitError | None, after: CommitError | None) -> None:
    """Log the change only: a full disk under traffic must not fill what is left of it with log lines."""
    if after is not None and (before is None or before.reason != after.reason):
        log.error("answering 503, not ready: %s", after.detail)
    elif after is None and before is not None:
        log.warning("ready again")
