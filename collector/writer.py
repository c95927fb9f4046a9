"""Writes the open segment: append, make durable, seal, and survive a disk that fails.

No threads and no HTTP here: ``collector.committer`` runs one writer on one thread. The rule behind every
line is that a frame was acknowledged if, and only if, ``commit`` returned.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from collector.files import FileOps
from collector.landing import Landing, segment_ids, writer_name
from footfall.landing.directory import SUFFIX
from footfall.landing.segments import HEADER, Buffer, SegmentError, good_length

log = logging.getLogger("footfall.collector")

#: Free space is looked at this often; what was written since counts as gone. A look took 1.6 of a commit's 4.4
#: microseconds, and in 50 ms a disk writes a small part of the watermark (1 GiB).
SPACE_SECONDS = 0.05
#: A seal that failed (the sealed directory can't be written, say) is tried again after this many seconds.
SEAL_RETRY_SECONDS = 1.0


class CommitError(Exception):
    """These frames are not on disk. ``reason`` is short and stable (metrics), the text is for people."""

    def __init__(self, reason: str, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class OpenSegment:
    """The file being written. ``size`` counts only bytes that were fsynced: all of it is acknowledged."""

    def __init__(self, fd: int, path: Path, segment_id: str) -> None:
        self.fd = fd
        self.path = path
        self.segment_id = segment_id
        self.size = len(HEADER)
        self.seal_at: float | None = None

    @property
    def is_empty(self) -> bool:
        return self.size == len(HEADER)


class SegmentWriter:
    """One process's writer. Not thread-safe; times are seconds, sizes bytes."""

    def __init__(
        self,
        root: Path,
        ops: FileOps,
        *,
        seal_bytes: int,
        seal_seconds: float,
        min_free_bytes: int,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.landing = Landing(root, ops)
        self.ops = ops
        self.seal_bytes = seal_bytes
        self.seal_seconds = seal_seconds
        self.min_free_bytes = min_free_bytes
        self.problem: CommitError | None = None
        """Why the last attempt failed; None once a later one worked. What ``/readyz`` shows."""
        self.sync_errors = 0
        self.sealed_segments = 0
        self._next_id = segment_ids(writer_name(), clock)
        self._monotonic = monotonic
        self._free_bytes = 0
        self._look_at = 0.0
        self._open: OpenSegment | None = None
        self._poisoned: OpenSegment | None = None

    def commit(self, parts: Sequence[Buffer]) -> None:
        """Append these frames, or parts of frames that follow one another, and fsync them.

        Raises CommitError: then none of them counts as written.
        """
        length = sum(map(len, parts))
        try:
            self._check_space(length)
            segment = self._writable()
            self._append(segment, parts, length)
        except CommitError as error:
            self.problem = error
            raise
        except Exception as error:
            # No memory, a bug: some of it may stand in the file, nobody knows how much
            log.exception("a commit ended unexpectedly")
            if self._open is not None:
                self._poison(self._open, error)
            self.problem = CommitError("internal", f"unexpected: {error!r}")
            raise self.problem from error
        self.problem = None
        if segment.seal_at is None:
            segment.seal_at = self._monotonic() + self.seal_seconds
        if segment.size >= self.seal_bytes:
            segment.seal_at = min(segment.seal_at, self._monotonic())

    def check(self) -> None:
        """See whether a commit would work, by doing all of it but the frames. Raises CommitError."""
        try:
            self._check_space(0)
            self._writable()
        except CommitError as error:
            self.problem = error
            raise
        self.problem = None

    def seconds_to_seal(self) -> float | None:
        """Seconds until the open segment is due; None while it holds nothing."""
        if self._open is None or self._open.seal_at is None:
            return None
        return max(0.0, self._open.seal_at - self._monotonic())

    def seal_if_due(self) -> None:
        if self.seconds_to_seal() == 0.0:
            self.seal()

    def seal(self) -> Path | None:
        """Seal the open segment. None where there is nothing, or the disk refused: that is retried."""
        segment = self._open
        if segment is None or segment.is_empty:
            return None
        try:
            self.ops.sync_file(segment.fd)
        except OSError as error:
            self._poison(segment, error)
            return None
        try:
            sealed = self.landing.publish(segment.path, segment.segment_id)
        except OSError as error:
            if segment.path.exists():
                segment.seal_at = self._monotonic() + SEAL_RETRY_SECONDS
                log.error("could not seal %s: %s. Trying again", segment.path, error)
                return None
            # The name changed and only its durability is in doubt. If the rename is lost, recovery repeats
            # it.
            log.error("sealed %s, but its directory did not fsync: %s", segment.segment_id, error)
            sealed = self.landing.sealed_path(segment.segment_id)
        self._open = None
        self.sealed_segments += 1
        self.landing.close(segment.fd)
        return sealed

    def stop(self) -> None:
        """Seal what is there and let go of every file; what can't be sealed is left for the next start to recover."""
        self.seal()
        if self._poisoned is not None:
            with contextlib.suppress(CommitError):
                self._rescue(self._poisoned)
        if self._open is not None and self._open.is_empty:
            self.landing.discard(self._open.path)
        for segment in (self._open, self._poisoned):
            if segment is not None:
                self.landing.close(segment.fd)
        self._open = self._poisoned = None

    def _check_space(self, needed: int) -> None:
        now = self._monotonic()
        if needed and now < self._look_at and self._free_bytes - needed >= self.min_free_bytes:
            self._free_bytes -= needed
            return
        try:
            free = self.ops.free_bytes(self.landing.root)
        except OSError as error:
            raise CommitError("disk", f"the landing directory can't be read: {error}") from error
        self._free_bytes, self._look_at = free - needed, now + SPACE_SECONDS
        if free - needed < self.min_free_bytes:
            raise CommitError(
                "disk_full",
                f"{free:,} bytes free on the landing disk, {self.min_free_bytes:,} are kept free "
                "(FOOTFALL_MIN_FREE_BYTES). Free some space, or let the loader catch up",
                retry_after=30,
            )

    def _writable(self) -> OpenSegment:
        if self._poisoned is not None:
            self._rescue(self._poisoned)
        if self._open is None:
            try:
                self._open = self._create()
            except OSError as error:
                raise CommitError("disk", f"can't open a landing segment: {error}") from error
        return self._open

    def _create(self) -> OpenSegment:
        """A new segment: locked, and its header durable, before anyone else can see it."""
        segment_id = self._next_id()
        unborn, path = self.landing.unborn_path(segment_id), self.landing.open_path(segment_id)
        fd = self.landing.create_locked(unborn)
        try:
            self.landing.write_all(fd, [HEADER])
            self.ops.sync_file(fd)
            self.ops.rename(unborn, path)
            self.ops.sync_directory(self.landing.open)
        except OSError:
            self.landing.close(fd)
            self.landing.discard(unborn)
            self.landing.discard(path)
            raise
        return OpenSegment(fd, path, segment_id)

    def _append(self, segment: OpenSegment, parts: Sequence[Buffer], length: int) -> None:
        try:
            self.landing.write_all(segment.fd, parts)
        except OSError as error:
            try:
                self.ops.truncate(segment.fd, segment.size)
            except OSError as second:
                self._poison(segment, second)
            raise CommitError("write", f"writing the landing segment failed: {error}") from error
        try:
            self.ops.sync_data(segment.fd)
        except OSError as error:
            self._poison(segment, error)
            raise CommitError("fsync", f"the disk did not confirm the write: {error}") from error
        segment.size += length

    def _poison(self, segment: OpenSegment, error: Exception) -> None:
        """Never fsync this file again: after a failed fsync the next one "succeeds", and the data is gone."""
        self.sync_errors += isinstance(error, OSError)
        self._open = None
        self._poisoned = segment
        log.error("%s is set aside: %r", segment.path, error)

    def _rescue(self, segment: OpenSegment) -> None:
        """Copy what a poisoned file had acknowledged into a fresh sealed one of the same id; quarantine it.

        Until that has worked nothing else is accepted, and the file stays where recovery would find it.
        """
        try:
            if segment.is_empty:
                # Nobody was promised anything in it; a disk that fails all night must not fill the quarantine.
                self.landing.discard(segment.path)
            else:
                self._copy_acknowledged(segment)
                self.landing.set_aside(segment.path, f"{segment.segment_id}.poisoned{SUFFIX}")
        except FileNotFoundError:
            log.error("%s is gone: it was moved together with its acknowledged frames", segment.path)
        except OSError as error:
            raise CommitError(
                "disk", f"can't copy acknowledged frames from a failed file: {error}"
            ) from error
        self._poisoned = None
        self.landing.close(segment.fd)

    def _copy_acknowledged(self, segment: OpenSegment) -> None:
        data = self.ops.read(segment.path)
        try:
            good = good_length(segment.path)
        except SegmentError as error:
            # Its header is gone with the rest: no loader would take a copy. The caller keeps what there is.
            log.critical(
                "%s: none of %d acknowledged bytes can be read: %s", segment.path, segment.size, error
            )
            return
        if good < segment.size:
            log.critical("%s: %d of %d acknowledged bytes are readable", segment.path, good, segment.size)
        self.landing.publish_copy(data[: segment.size], segment.segment_id)
        self.sealed_segments += 1
