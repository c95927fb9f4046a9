"""Locks on files, the kernel's: they go with the process that holds them, however that ends.

The lake's own lock is here too: who may add, merge or rewrite its files.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from footfall.runtime.paths import Paths


class LoaderBusy(Exception):
    """Another process is loading the same lake."""


@contextmanager
def only_loader(paths: Paths, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lake's files alone. Raises LoaderBusy where somebody else does, for longer than ``wait_seconds``."""
    lock = paths.lake / ".loader.lock"
    with lock.open("w") as handle:
        if not lock_within(handle, wait_seconds):
            raise LoaderBusy(f"another process is loading {paths.lake}; it holds {lock}")
        yield


def lock_within(handle: IO[str], seconds: float, on_wait: Callable[[], object] | None = None) -> bool:
    """Lock an open file for this process alone; False where another one holds it for longer than ``seconds``.

    ``on_wait`` is called once, where there is anything to wait for. Closing the file gives the lock back.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            if on_wait:
                on_wait()
                on_wait = None
            time.sleep(0.1)
