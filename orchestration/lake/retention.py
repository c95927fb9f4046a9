"""Retention: days that arrived longer ago than the shop wants to keep leave the lake, whole.

A day is one of receipt, in UTC. The three tables go together, since each hour's rows are held against what the
collector counted. A segment that was written over midnight has its counts under its first day: those of the hours that
stay move to theirs, and with them the mark that it is loaded. Ledgers of imports lose the hours of which a message
went, and the journal of what was set aside its events.

What is to go is written down before anything goes. Cut off at any point, the next load or build ends it (``finish``);
in between the counts don't balance, and whoever holds the two locks, as every run of the pipeline does, never sees it.
The note stays: rows that increments made of a lake with more in it are made again (``model_versions``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from footfall.runtime.paths import Paths
from orchestration.lake import set_aside
from orchestration.lake.schema import (
    BY_DAY,
    DAY_FOLDERS,
    NO_DAY,
    SCHEMA_FILE,
    day_folder,
    day_of,
    prepare_lake,
)
from orchestration.lake.segments import load_id_of, segment_of
from orchestration.storage.atomic_write import fsync_path, write_durably
from orchestration.storage.duckdb_files import exclusive, in_memory, sql_path
from orchestration.storage.locks import only_loader
from orchestration.storage.personal_data import PLACES, Goes, remove

_NOTE = ".retention.json"
#: What a row of landing_counts is of.
_ONE_COUNT = ("segment_id", "source", "received_hour")


class Cut(Struct, frozen=True):
    """The last time that days were removed."""

    before: date
    """The first day that stayed."""
    at: datetime
    is_done: bool = False


class Day(Struct, frozen=True):
    """A day of the lake: what its folders hold."""

    day: date
    events: int
    files: int
    bytes: int


class Due(Struct, frozen=True):
    """The rows and files that go, or went."""

    before: date
    days: list[Day]
    share: float
    """Of the bytes of all events."""


def first_day_kept(today: date, days: int) -> date:
    """Everything is kept for so many whole days at least."""
    return today - timedelta(days=days)


def due(paths: Paths, before: date) -> Due:
    """Return what of the lake arrived before that day."""
    of_day: dict[date, list[Path]] = {}
    for table in BY_DAY:
        for day, folder in _folders(paths, table, before).items():
            of_day.setdefault(day, []).extend(sorted(folder.glob("*.parquet")))
    days = [
        Day(
            day,
            events=sum(pq.read_metadata(file).num_rows for file in files if _table(file) == "events"),
            files=len(files),
            bytes=sum(file.stat().st_size for file in files),
        )
        for day, files in sorted(of_day.items())
    ]
    everything = sum(
        file.stat().st_size for file in (paths.lake / "events").rglob("*.parquet") if load_id_of(file)
    )
    going = sum(
        file.stat().st_size for files in of_day.values() for file in files if _table(file) == "events"
    )
    return Due(before, days, going / everything if everything else 0.0)


def retain(paths: Paths, before: date, *, most: float = 1.0) -> Due:
    """Remove the days before that one. Does nothing where there are none, and nothing where they hold a larger share
    of all events than ``most``: the caller looks at what is due.

    Waits for the warehouse and the loader; raises WarehouseBusy or LoaderBusy where they don't come free.
    """
    prepare_lake(paths)
    with exclusive(paths), only_loader(paths, wait_seconds=60):
        finish(paths)
        found = due(paths, before)
        if found.days and found.share <= most:
            cut = Cut(before, datetime.now(UTC))
            _note(paths, cut)
            _carry_out(paths, cut)
        return found


def last_cut(paths: Paths) -> Cut | None:
    """Return when days were removed last; None where all that ever arrived is there."""
    try:
        return msgspec.json.decode((paths.lake / _NOTE).read_bytes(), type=Cut)
    except FileNotFoundError:
        return None


def is_cut_off(paths: Paths) -> bool:
    """Return whether a removal was begun and not ended; whoever holds the warehouse sees none that is under way."""
    cut = last_cut(paths)
    return cut is not None and not cut.is_done


def finish(paths: Paths) -> None:
    """End what was cut off. The caller holds the loader's lock."""
    cut = last_cut(paths)
    if cut is not None and not cut.is_done:
        _carry_out(paths, cut)


def _note(paths: Paths, cut: Cut) -> None:
    write_durably(paths.lake / _NOTE, lambda aside: aside.write_bytes(msgspec.json.encode(cut)))


def _carry_out(paths: Paths, cut: Cut) -> None:
    """Each step may be done again, and reads only what a later one removes."""
    _trim_ledgers(paths, cut.before)
    set_aside.trim(paths, cut.before)
    _move_counts(paths, cut.before)
    for table in BY_DAY:  # the marks last
        for folder in _folders(paths, table, cut.before).values():
            shutil.rmtree(folder)
        for file in (paths.lake / table / NO_DAY).glob("*.parquet"):
            if load_id_of(file) and _begun_before(segment_of(file), cut.before):
                file.unlink()
        fsync_path(paths.lake / table)
    remove(paths, (place for place in PLACES if place.retained is Goes.REMOVED))
    _note(paths, msgspec.structs.replace(cut, is_done=True))


def _move_counts(paths: Paths, before: date) -> None:
    """Write the counts of the hours that stay into the folder of the first of them, under the same name."""
    moved: set[tuple[object, ...]] = set()
    for folder in _folders(paths, "landing_counts", before).values():
        for file in sorted(folder.glob("*.parquet")):
            table = pq.read_table(file, partitioning=None)
            keys = list(zip(*(table[name].to_pylist() for name in _ONE_COUNT), strict=True))
            # A merge that was cut off leaves its parts beside what it made of them.
            stays = table.filter(
                pa.array([key[-1].date() >= before and key not in moved for key in keys], pa.bool_())
            )
            if not stays.num_rows:
                continue
            moved.update(keys)
            target = folder.with_name(day_folder(pc.min(stays["received_hour"]).as_py())) / file.name
            # With the file's metadata: of a segment that was not merged it holds the digest.
            write_durably(target, partial(pq.write_table, stays, compression="zstd"))
            fsync_path(target.parent.parent)


def _trim_ledgers(paths: Paths, before: date) -> None:
    """Take the hours of which a message goes out of the ledgers. A failed event has no hour: its source's all go."""
    ledgers = {
        file: table
        for file in sorted(paths.ledgers.glob("*.parquet"))
        if (table := pq.read_table(file)).num_rows
    }
    if not ledgers:
        return
    with in_memory(paths.data) as connection:
        hours = set(
            connection.execute(
                f"select distinct source, date_trunc('hour', occurred_at) from {_going(paths, 'events', before)}"
            ).fetchall()
        )
        sources = {
            source
            for (source,) in connection.execute(
                f"select distinct source from {_going(paths, 'failed_events', before)}"
            ).fetchall()
        }
    for file, table in ledgers.items():
        stays = [
            source not in sources and (source, hour) not in hours
            for source, hour in zip(
                table["source"].to_pylist(), table["occurred_hour"].to_pylist(), strict=True
            )
        ]
        if not any(stays):
            file.unlink()
        elif not all(stays):
            rest = table.filter(pa.array(stays))
            write_durably(file, partial(pq.write_table, rest, compression="zstd"))
    fsync_path(paths.ledgers)


def _going(paths: Paths, table: str, before: date) -> str:
    """The rows of a table that go, as a relation; the file of the schema stands for none."""
    files: Iterable[Path] = (
        file for folder in _folders(paths, table, before).values() for file in folder.glob("*.parquet")
    )
    schema = paths.lake / table / NO_DAY / SCHEMA_FILE
    names = ", ".join(f"'{sql_path(file)}'" for file in (*files, schema))
    return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"


def _folders(paths: Paths, table: str, before: date) -> dict[date, Path]:
    """The folders of the days before that one, in order, but that of rows without a day."""
    return {
        day: folder
        for folder in sorted((paths.lake / table).glob(DAY_FOLDERS))
        if (day := day_of(folder)) is not None and day < before
    }


def _table(file: Path) -> str:
    return file.parent.parent.name


def _begun_before(segment_id: str, before: date) -> bool:
    """By its id, which begins with the moment at which its file was made: damaged bytes have no time of their own."""
    try:
        return datetime.strptime(segment_id[:8], "%Y%m%d").date() < before
    except ValueError:
        return False
