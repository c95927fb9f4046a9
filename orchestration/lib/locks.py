"""The lake's lock: who may add, merge or rewrite its files."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from footfall.paths import Paths


class LoaderBusy(Exception):
    """Another process is loading the same lake."""


@contextmanager
def only_loader(paths: Paths, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lake's files alone. Raises LoaderBusy where somebody else does, for longer than ``wait_seconds``."""
    lock = paths.lake / ".loader.lock"
    deadline = time.monotonic() + wait_seconds
    with lock.open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LoaderBusy(f"another process is loading {paths.lake}; it holds {lock}") from None
                time.sleep(0.1)
        yield
