"""Remembers accepted webhook deliveries for 48 hours, shared by the workers.

Shopify repeats a delivery for two days at most. This only saves work and room: what slips through (a crash between
the landing and this) is a duplicate by its message ids.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

log = logging.getLogger("footfall.collector")

KEEP_SECONDS = 48 * 3600.0
#: Old ones are forgotten when this many new ones were added.
PRUNE_EVERY = 500


class SeenDeliveries:
    """A set of short texts with a time, in a file. A file that can't be used is as good as an empty one: logged."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._added = 0

    def any_of(self, keys: Sequence[str]) -> bool:
        """Return whether one of them was added during the last 48 hours."""
        marks = ",".join("?" * len(keys))
        rows = self._run(
            f"select 1 from seen where key in ({marks}) and at > ? limit 1",
            [(*keys, self._clock() - KEEP_SECONDS)],
        )
        return bool(rows)

    def add(self, keys: Sequence[str]) -> None:
        """Remember them from now on."""
        now = self._clock()
        self._run("insert or replace into seen (key, at) values (?, ?)", [(key, now) for key in keys])
        self._added += 1
        if self._added % PRUNE_EVERY == 0:
            self._run("delete from seen where at < ?", [(now - KEEP_SECONDS,)])

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, statement: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        with self._lock:
            try:
                connection = self._open()
                found: list[tuple[object, ...]] = []
                with connection:
                    for row in rows:
                        found += connection.execute(statement, row).fetchall()
            except (sqlite3.Error, OSError) as error:
                log.error("can't use %s, repeated deliveries are not recognised: %s", self._path, error)
                return []
            return found

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Each call comes from some thread of the loop's pool; the lock makes that one at a time.
            self._connection = sqlite3.connect(self._path, timeout=5.0, check_same_thread=False)
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = off")  # losing it in a power cut costs nothing
            self._connection.execute(
                "create table if not exists seen (key text primary key, at real not null)"
            )
        return self._connection
