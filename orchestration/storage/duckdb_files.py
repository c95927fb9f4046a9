"""The warehouse file: who may open it, and how.

DuckDB lets one process write a file. Inside Dagster the pool ``warehouse`` keeps runs apart; the lock here does the
same for runs that Dagster doesn't queue (``footfall run`` beside a running daemon).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from footfall.http.workers import own_folder
from footfall.runtime.paths import Paths
from footfall.settings import Settings, load_settings
from orchestration.storage.locks import lock_within

#: The Dagster pool of every asset that opens the warehouse; its limit is in dagster.yaml.
POOL = "warehouse"
#: Longer than any step takes on 100 million events; a holder that hangs is then named instead of waited for.
WAIT_SECONDS = 3600.0


def sql_path(path: Path) -> str:
    """A path for between the quotes of a SQL text."""
    return str(path).replace("'", "''")


#: DuckDB's words for a warehouse whose bytes are not those that it wrote. A file that another process has open, that a
#: newer DuckDB wrote or that may not be read is told in other words.
_CORRUPT = ("Corrupt database file", "Corrupt WAL file")
#: The same of any file, a Parquet file of the lake too.
_CUT_OFF = "Could not read enough bytes from file"
_UNREADABLE = (*_CORRUPT, "not a valid DuckDB database file", _CUT_OFF)
#: Bytes before the first block of a DuckDB file: three headers.
_HEADERS = 3 * 4096


class WarehouseDamaged(Exception):
    """The warehouse's bytes are not those that DuckDB wrote; it was set aside, and the next run builds another."""


def begin(paths: Paths) -> str | None:
    """Begin a build. Where there is no warehouse, record that the new one is incomplete until a publish succeeds.

    Sets a damaged warehouse aside first and returns the reason; the caller then builds from the lake. The caller holds
    the warehouse.
    """
    damage = damage_of(paths)
    said = set_aside(paths, damage) if damage else None
    if not paths.warehouse.exists():
        _remove_rests(paths)
        paths.warehouse_unfinished.touch()
    return said


def damage_of(paths: Paths) -> str | None:
    """Return why the warehouse can't be opened, or is shorter than its rows; None where there is none.

    A block that was written over, or cut off from among free ones, is noticed when it is read (``notice_damage``).
    """
    if not paths.warehouse.exists():
        return None
    has_log = _wal(paths).exists()  # blocks that its rows will take are counted, and not yet in the file
    try:
        with duckdb.connect(str(paths.warehouse), read_only=True) as connection:
            (size,) = connection.execute(
                "select block_size * used_blocks from pragma_database_size()"
            ).fetchall()[0]
    except duckdb.Error as error:
        said = str(error)
        return said if any(words in said for words in _UNREADABLE) else None
    length, least = paths.warehouse.stat().st_size, _HEADERS + size
    return f"it is truncated: {length} bytes of {least} or more" if length < least and not has_log else None


def set_aside(paths: Paths, why: str) -> str:
    """Rename a damaged warehouse with what belongs to it, so that the next run builds another from the lake; the one
    set aside before goes, since each may take half the disk. The caller holds the warehouse. Returns what was done.
    """
    for old in paths.damaged_warehouses():
        old.unlink()
    aside = paths.damaged_name(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    paths.warehouse.rename(aside)
    wal = _wal(paths)
    if wal.exists():
        wal.rename(aside.with_name(f"{aside.name}.wal"))
    return f"{paths.warehouse} is damaged ({why.splitlines()[0]}): it was set aside as {aside.name}"


@contextmanager
def notice_damage(paths: Paths) -> Iterator[None]:
    """Set the warehouse aside where a query finds a damaged block. The caller holds the warehouse, and has closed it
    when the error arrives here. Raises WarehouseDamaged.
    """
    try:
        yield
    except Exception as error:
        words = (*_CORRUPT, f'{_CUT_OFF} "{paths.warehouse}"')
        said = next((line for line in str(error).splitlines() if any(each in line for each in words)), None)
        if said is None or not paths.warehouse.exists():
            raise
        done = set_aside(paths, said.strip())
        paths.warehouse_unfinished.touch()
        raise WarehouseDamaged(f"{done}. The next run builds another from the lake: footfall run") from error


def waits_for_rebuild(paths: Paths) -> bool:
    """Return whether a damaged warehouse was set aside and the one in its place isn't finished."""
    return bool(paths.damaged_warehouses()) and not is_whole(paths)


def is_whole(paths: Paths) -> bool:
    """Return whether the warehouse was built to the end once, so that the fast lane can add to it."""
    return paths.warehouse.exists() and not paths.warehouse_unfinished.exists()


def note_whole(paths: Paths) -> None:
    """Note that everything stands in the warehouse that a snapshot is made of."""
    paths.warehouse_unfinished.unlink(missing_ok=True)


def models_file(paths: Paths) -> Path:
    """Return what the warehouse's models were built by (``model_versions.py``)."""
    return paths.warehouse.with_suffix(".models.json")


def _wal(paths: Paths) -> Path:
    return paths.warehouse.with_name(f"{paths.warehouse.name}.wal")


def _remove_rests(paths: Paths) -> None:
    """Files that belong to a warehouse that is gone."""
    _wal(paths).unlink(missing_ok=True)
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
            say(f"waiting for another process to release {lock}; `fuser {lock}` names it")

    with lock.open("w") as handle:
        if not lock_within(handle, wait_seconds, waits):
            raise WarehouseBusy(
                f"{paths.warehouse} was in use for {wait_seconds:.0f} s; `fuser {lock}` names the process"
            )
        yield


@contextmanager
def reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the warehouse, alone on it. Raises duckdb.IOException where there is none yet,
    WarehouseDamaged where a query finds a damaged block.
    """
    with exclusive(settings.paths), notice_damage(settings.paths):
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
