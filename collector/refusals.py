"""Tells a live view which requests were refused, off the event loop, and only so many."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from pathlib import Path

from collector.problems import RefusedError
from footfall.landing.refusals import MAX_TEXT, Refusal, append_refusal

log = logging.getLogger("footfall.collector")

#: Lines a second of one worker, and at once: a page that is refused sends one every few seconds, an attack thousands.
PER_SECOND, AT_ONCE = 5.0, 20.0


class RefusalLog:
    """What one worker writes down. All but the write itself belongs to the event loop."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._left = AT_ONCE
        self._at = time.monotonic()
        self._has_failed = False

    def tell(self, refusal: RefusedError, path: str, origin: bytes | None) -> None:
        """Write it down, unless there were too many, or the disk is the reason (the log has those)."""
        if refusal.status >= 500:
            return
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1:
            return
        self._left -= 1
        line = Refusal(
            at=datetime.now(UTC),
            status=refusal.status,
            reason=refusal.reason,
            detail=refusal.detail[:MAX_TEXT],
            path=path[:MAX_TEXT],
            origin=None if origin is None else origin[:MAX_TEXT].decode("latin-1"),
        )
        asyncio.get_running_loop().run_in_executor(None, self._write, line)

    def _write(self, line: Refusal) -> None:
        try:
            append_refusal(self._landing, line)
        except OSError as error:
            if not self._has_failed:
                log.warning("refused requests can't be written down for the live view: %s", error)
            self._has_failed = True
