"""The landing directory as the collector sees it: names, directories, and what moves between them.

A segment keeps one id for life, from its open file to its row in the lake. Should a power cut undo a rename
that had not reached the disk, the file comes back under the same id, and the loader knows that it has it
already.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from collector.files import FileOps
from footfall.landing.directory import OPEN, QUARANTINE, SEALED, SUFFIX
from footfall.landing.segments import Buffer

#: A file that has no header on disk yet; nothing in it was ever acknowledged.
UNBORN = ".new"
#: What Linux and macOS take at once (IOV_MAX).
MAX_PARTS = 1024


class Landing:
    """Paths below ``landing/`` and the moves between them."""

    def __init__(self, root: Path, ops: FileOps) -> None:
        self.root = root
        self.ops = ops
        self.open = root / OPEN
        self.sealed = root / SEALED
        self.quarantine = root / QUARANTINE

    def prepare(self) -> None:
        """Create the directories, durably. Raises OSError where that is not possible."""
        new = [path for path in (self.root, *self.root.parents) if not path.exists()]
        for directory in (self.open, self.sealed, self.quarantine):
            self.ops.make_directory(directory)
        # A durable file in a directory whose own name was lost is lost with it.
        for directory in (self.root, *(path.parent for path in new)):
            self.ops.sync_directory(directory)

    def open_path(self, segment_id: str) -> Path:
        return self.open / f"{segment_id}{SUFFIX}"

    def unborn_path(self, segment_id: str) -> Path:
        return self.open / f".{segment_id}{UNBORN}"

    def sealed_path(self, segment_id: str) -> Path:
        return self.sealed / f"{segment_id}{SUFFIX}"

    def publish(self, source: Path, segment_id: str) -> Path:
        """Give a finished, fsynced file its sealed name; from here on the loader sees it."""
        target = self.sealed_path(segment_id)
        self.ops.rename(source, target)
        self.ops.sync_directory(self.sealed)
        self.ops.sync_directory(self.open)
        return target

    def publish_copy(self, data: bytes, segment_id: str) -> None:
        """Write these bytes to a file of their own, durably, and publish it under this id.

        For what a failure left: the old file may hold bytes that its failed fsync dropped, and that a second fsync
        of it would not bring to the disk. An earlier file of the same id, from an attempt that was cut short, is
        replaced.
        """
        unborn = self.unborn_path(f"{segment_id}_copy")
        self.discard(unborn)
        fd = self.create_locked(unborn)
        try:
            self.write_all(fd, [data])
            self.ops.sync_file(fd)
            self.publish(unborn, segment_id)
        except OSError:
            self.discard(unborn)
            raise
        finally:
            self.close(fd)

    def create_locked(self, path: Path) -> int:
        """A new file that the recovery of another process leaves alone. Raises OSError where that was faster."""
        fd = self.ops.create(path)
        if not self.ops.lock(fd):
            self.close(fd)
            raise BlockingIOError(errno.EWOULDBLOCK, "a starting process took the new file for a leftover")
        return fd

    def write_all(self, fd: int, parts: Sequence[Buffer]) -> None:
        """Write all of them, one behind the other, in as many steps as the disk makes of it."""
        for start in range(0, len(parts), MAX_PARTS):
            some = parts[start : start + MAX_PARTS]
            written = self.ops.write(fd, some)
            if written == sum(map(len, some)):
                continue
            data = memoryview(b"".join(some))
            while written < len(data):
                step = self.ops.write(fd, [data[written:]])
                if step <= 0:
                    raise OSError(errno.ENOSPC, "the disk takes no more bytes")
                written += step

    def close(self, fd: int) -> None:
        with contextlib.suppress(OSError):
            self.ops.close(fd)

    def set_aside(self, source: Path, name: str) -> None:
        """Move a file to quarantine, where a person may look at it."""
        self.ops.rename(source, self.quarantine / name)
        self.ops.sync_directory(self.quarantine)
        self.ops.sync_directory(self.open)

    def discard(self, path: Path) -> None:
        """Remove a file that nobody was promised anything about, as far as the disk allows."""
        with contextlib.suppress(OSError):
            self.ops.unlink(path)


def writer_name() -> str:
    """Host, process and 48 random bits: no two writers share it, not even process 1 of two containers of one name.

    Collectors on many machines may ship to one bucket, and the lake knows a segment by its id alone.
    """
    host = re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:24] or "host"
    return f"{host}_{os.getpid()}_{secrets.token_hex(6)}"


def segment_ids(writer: str, clock: Callable[[], float]) -> Callable[[], str]:
    """A maker of segment ids: UTC time, writer, running number. Unique even if the clock goes back."""
    number = 0

    def next_id() -> str:
        nonlocal number
        number += 1
        moment = datetime.fromtimestamp(clock(), UTC)
        return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z_{writer}_{number:06d}"

    return next_id
