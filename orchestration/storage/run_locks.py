"""Tells which runs are alive: each holds a kernel lock while its process works on it.

A process that is killed, or goes with its machine, says nothing any more; the lock says it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from footfall.runtime.paths import Paths


def _lock(paths: Paths, run_id: str) -> Path:
    return paths.dagster / "alive" / run_id


@contextmanager
def held(paths: Paths, run_id: str) -> Iterator[None]:
    """Say for the time being that this process works on the run."""
    lock = _lock(paths, run_id)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # waits for nobody but a look of `is_held`
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def is_held(paths: Paths, run_id: str) -> bool:
    """Return whether some process works on the run at this moment."""
    try:
        with _lock(paths, run_id).open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def forget(paths: Paths, run_id: str) -> None:
    """Remove what a run that died left."""
    _lock(paths, run_id).unlink(missing_ok=True)
