"""The warehouse file: who may open it, and how.

DuckDB lets one process write a file. Inside Dagster the pool ``warehouse`` keeps runs apart; the lock here does the
same for runs that Dagster doesn't queue (``footfall run`` beside a running daemon).
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from footfall.settings import Paths, Settings

#: The Dagster pool of every asset that opens the warehouse; its limit is in dagster.yaml.
POOL = "warehouse"
#: Longer than any step takes on 100 million events; a holder that hangs is then named instead of waited for.
WAIT_SECONDS = 3600.0


def sql_path(path: Path) -> str:
    """A path for between the quotes of a SQL text."""
    return str(path).replace("'", "''")


class WarehouseBusy(Exception):
    """Somebody else held the warehouse for longer than we wait."""


@contextmanager
def exclusive(
    paths: Paths, wait_seconds: float = WAIT_SECONDS, say: Callable[[str], object] | None = None
) -> Iterator[None]:
    """Hold the warehouse alone. The lock is the kernel's: it goes with the process, however that ends.

    Who has to wait says so, once, by ``say``. Raises WarehouseBusy after ``wait_seconds``.
    """
    paths.data.mkdir(parents=True, exist_ok=True)
    lock = paths.data / ".warehouse.lock"
    with lock.open("w") as handle:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise WarehouseBusy(
                        f"{paths.warehouse} was in use for {wait_seconds:.0f} s; `fuser {lock}` names the process"
                    ) from None
                if say:
                    say(f"waits for another process to let go of {lock}; `fuser {lock}` names it")
                    say = None
                time.sleep(0.1)
        yield


@contextmanager
def reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the warehouse, alone on it. Raises duckdb.IOException where there is none yet."""
    with exclusive(settings.paths):
        connection = duckdb.connect(
            str(settings.paths.warehouse), read_only=True, config={"memory_limit": settings.warehouse_memory}
        )
        try:
            yield connection
        finally:
            connection.close()
