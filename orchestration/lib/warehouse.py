"""The warehouse file: who may open it, and how.

DuckDB lets one process write a file. Inside Dagster the pool ``warehouse`` keeps runs apart; the lock here does the
same for runs that Dagster doesn't queue (``footfall run`` beside a running daemon).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from footfall.paths import Paths
from footfall.settings import Settings, load_settings
from footfall.workers import own_folder
from orchestration.lib.locks import lock_within

#: The Dagster pool of every asset that opens the warehouse; its limit is in dagster.yaml.
POOL = "warehouse"
#: Longer than any step takes on 100 million events; a holder that hangs is then named instead of waited for.
WAIT_SECONDS = 3600.0


def sql_path(path: Path) -> str:
    """A path for between the quotes of a SQL text."""
    return str(path).replace("'", "''")


#: Below the data directory: where a second warehouse is built, or a part of the first one copied, for as long as
#: somebody works on it. A killed process leaves it there.
RECONCILE = "reconcile"
EVALUATION = "evaluation"
TUNING = "tuning/past"


def remove_copies(paths: Paths) -> list[Path]:
    """Remove what else holds the warehouse's rows: analysts' own builds, and copies that a process works on, which then
    fails. Returns what there was.
    """
    files = sorted((paths.data / "dev").glob("*.duckdb*"))
    folders = [folder for name in (RECONCILE, EVALUATION, TUNING) if (folder := paths.data / name).exists()]
    for file in files:
        if file.is_dir():  # what DuckDB sorts on disk
            shutil.rmtree(file)
        else:
            file.unlink()
    for folder in folders:
        shutil.rmtree(folder)
    return [*files, *folders]


def remove_warehouse(paths: Paths) -> list[Path]:
    """Remove the warehouse and what goes with it; the next run builds it again. The caller holds it (``exclusive``).
    Returns what there was.
    """
    there = paths.warehouse.exists()
    paths.warehouse.unlink(missing_ok=True)
    _remove_rests(paths)
    return [paths.warehouse] if there else []


def begin(paths: Paths) -> None:
    """Where there is no warehouse, note that the one to be built is not whole before something was published from it.
    The caller holds the warehouse.
    """
    if not paths.warehouse.exists():
        _remove_rests(paths)
        _unfinished(paths).touch()


def is_whole(paths: Paths) -> bool:
    """Whether the warehouse was built to the end once, so that the fast lane can add to it."""
    return paths.warehouse.exists() and not _unfinished(paths).exists()


def note_whole(paths: Paths) -> None:
    """Note that everything stands in the warehouse that a snapshot is made of."""
    _unfinished(paths).unlink(missing_ok=True)


def models_file(paths: Paths) -> Path:
    """What the warehouse's models were built by (``model_versions.py``)."""
    return paths.warehouse.with_suffix(".models.json")


def _unfinished(paths: Paths) -> Path:
    return paths.warehouse.with_suffix(".unfinished")


def _remove_rests(paths: Paths) -> None:
    """What speaks of a warehouse that is gone, or holds rows of it."""
    paths.warehouse.with_name(f"{paths.warehouse.name}.wal").unlink(missing_ok=True)
    models_file(paths).unlink(missing_ok=True)
    shutil.rmtree(paths.warehouse.with_name(f"{paths.warehouse.name}.tmp"), ignore_errors=True)


class WarehouseBusy(Exception):
    """Somebody else held the warehouse for longer than we wait."""


@contextmanager
def exclusive(
    paths: Paths, wait_seconds: float = WAIT_SECONDS, say: Callable[[str], object] | None = None
) -> Iterator[None]:
    """Hold the warehouse alone. Whoever has to wait says so, once, by ``say``. Raises WarehouseBusy after
    ``wait_seconds``.
    """
    paths.data.mkdir(parents=True, exist_ok=True)
    lock = paths.data / ".warehouse.lock"

    def waits() -> None:
        if say:
            say(f"waits for another process to let go of {lock}; `fuser {lock}` names it")

    with lock.open("w") as handle:
        if not lock_within(handle, wait_seconds, waits):
            raise WarehouseBusy(
                f"{paths.warehouse} was in use for {wait_seconds:.0f} s; `fuser {lock}` names the process"
            )
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


@contextmanager
def in_memory(place: Path, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, to ask files with. ``memory``: its limit, of the settings where none is given.

    What is larger is sorted on disk in ``place``, in a folder that goes with it: left to itself DuckDB would do that
    below the working directory, which may be read-only, or on another disk.
    """
    with own_folder(place, ".spill") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory or load_settings().warehouse_memory,
            "temp_directory": str(folder / "duckdb"),
        }
        with duckdb.connect(config=config) as connection:
            yield connection
