"""The active snapshot: the published one, followed from version to version without losing a request."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from api.snapshots import Snapshot
from footfall.snapshot.format import POINTER_FILE, SnapshotError, read_pointer

log = logging.getLogger("footfall.api")

#: How often the pointer is looked at. One stat call; the promise is "followed within a second".
POLL_SECONDS = 0.3
#: A version that could not be opened is tried again after this long: its disk may have been the trouble.
RETRY_SECONDS = 5.0
NOTHING_PUBLISHED = "nothing has been published yet"


class NoSnapshotError(Exception):
    """Nothing has been published yet, or nothing that can be opened."""


class SnapshotStore:
    """Holds the active snapshot and moves to the next one when ``current.json`` changes."""

    def __init__(self, serving_dir: Path) -> None:
        self._dir = serving_dir
        self._current: Snapshot | None = None
        self._seen: tuple[int, int, int] | None = None
        self._tried_at = 0.0
        self.problem: str | None = None
        """Why the pointer could not be followed; None without a problem."""

    @property
    def snapshot(self) -> Snapshot | None:
        return self._current

    def current(self) -> Snapshot:
        """The active snapshot. Raises NoSnapshotError while there is none."""
        if self._current is None:
            raise NoSnapshotError(self.problem or NOTHING_PUBLISHED)
        return self._current

    def close(self) -> None:
        """Let go of the snapshot, which ``look`` would open again: a worker ends without an interpreter's clean-up."""
        self._current = self._seen = None

    async def follow(self) -> None:
        """Watch the pointer until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> None:
        """Move to the published version if it is another one. A version that can't be opened leaves the old
        one in force, and the reason in ``problem`` and the log.
        """
        mark = _mark(self._dir / POINTER_FILE)
        now = asyncio.get_running_loop().time()
        retry = self.problem is not None and now - self._tried_at >= RETRY_SECONDS
        if mark == self._seen and not retry:
            return
        self._seen, self._tried_at = mark, now
        try:
            opened = await asyncio.to_thread(self._open_published)
        except Exception as error:  # whatever is wrong with a new version must not stop the old one
            self._complain(
                str(error) if isinstance(error, SnapshotError) else f"{type(error).__name__}: {error}"
            )
            return
        if opened is not None:
            log.info("serving snapshot %s", opened.version)
            self._current = opened
        self.problem = None

    def _open_published(self) -> Snapshot | None:
        """The published version, opened; None where it is in force already, or nothing is published."""
        pointer = read_pointer(self._dir)
        if pointer is None:
            if self._current is not None:
                raise SnapshotError(f"{POINTER_FILE} has vanished")
            return None
        if self._current is not None and pointer.version == self._current.version:
            return None
        return Snapshot(self._dir / pointer.version, self._current)

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            kept = self._current.version if self._current else "nothing"
            log.error("can't load the published snapshot, still serving %s: %s", kept, problem)
        self.problem = problem


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Return a key that tells one pointer file from the next: each publish renames a new file into place."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
