"""Compaction: the many files of a day that is over become one, row by row what they were.

The loader writes a file for each sealed segment, a busy shop 5,760 a day and table. Listing and opening them is what
a look at the whole lake then costs. A day's files are merged in the order of their names into
``<highest load id>-<lowest segment>~<highest segment>.parquet``. Rows keep load_id and segment_id, by which an
increment knows what it has (dbt macro ``lake_increment``); by the range in the name a loaded segment is looked for.

The merged file gets its name before its parts go, and a journal stands from before until after: cut off at any point,
the next run of the loader or of compaction ends it. In between rows stand twice; whoever holds the two locks, as every
run of the pipeline does, never sees that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from footfall.runtime.paths import Paths
from orchestration.lake import retention
from orchestration.lake.schema import BY_DAY, DAY_FOLDERS, day_of, prepare_lake
from orchestration.lake.segments import SPAN, Mark, load_id_of, marks_of, segment_of
from orchestration.storage.atomic_write import aside_of, fsync_path, remove_asides, write_durably
from orchestration.storage.duckdb_files import exclusive
from orchestration.storage.locks import only_loader

#: Loads that stay as they are: an increment looks at the names of its last 20 (the var lake_lookback_loads).
RECENT_LOADS = 100
#: Rows of a row group: what forgetting a person has in memory at once.
ROW_GROUP = 20_000
_JOURNAL = ".compacting.json"


class _Merge(Struct):
    """The content of the journal: paths relative to the lake."""

    target: str
    parts: list[str]


class Compacted(Struct):
    """The result of one run."""

    days: int = 0
    """Days of a table."""
    files_before: int = 0
    files_after: int = 0
    rows: int = 0


def compact(
    paths: Paths,
    *,
    today: date,
    recent_loads: int = RECENT_LOADS,
    on_day: Callable[[str, int], None] | None = None,
) -> Compacted:
    """Merge the files of every day before ``today`` (UTC), but those of the last loads. Does nothing twice.

    ``on_day`` is called with table and day, and how many files were merged. Waits for the warehouse and the loader;
    raises WarehouseBusy or LoaderBusy where they don't come free.
    """
    prepare_lake(paths)
    report = Compacted()
    with exclusive(paths), only_loader(paths, wait_seconds=60):
        finish(paths)
        retention.finish(paths)
        # Whoever wrote these was cut off: the locks are ours.
        for table in BY_DAY:
            remove_asides(paths.lake / table)
        files = {table: _files_by_day(paths, table, today) for table in BY_DAY}
        every = [file for by_day in files.values() for day in by_day.values() for file in day]
        newest = max(
            (load_id_of(file) for file in (paths.lake / "landing_counts").rglob("*.parquet")), default=0
        )
        marked = marks_of(paths, {segment_of(file) for file in every if SPAN not in file.stem})
        for table, by_day in files.items():
            for day, of_day in by_day.items():
                parts = [
                    file
                    for file in of_day
                    if load_id_of(file) <= newest - recent_loads
                    # A file without a mark is of a load that was cut off: the loader removes it.
                    and (SPAN in file.stem or segment_of(file) in marked)
                ]
                if len(parts) < 2:
                    continue
                report.rows += _merge(paths, table, parts, marked)
                report.days += 1
                report.files_before += len(parts)
                report.files_after += 1
                if on_day:
                    on_day(f"{table}/{day}", len(parts))
    return report


def is_cut_off(paths: Paths) -> bool:
    """Return whether a merge was begun and not ended; whoever holds the warehouse sees none that is under way."""
    return (paths.lake / _JOURNAL).exists()


def finish(paths: Paths) -> None:
    """End what was cut off. The caller holds the loader's lock."""
    journal = paths.lake / _JOURNAL
    try:
        merge = msgspec.json.decode(journal.read_bytes(), type=_Merge)
    except FileNotFoundError:
        return
    target = paths.lake / merge.target
    aside_of(target).unlink(missing_ok=True)
    if target.exists():
        _remove(paths, merge)
    journal.unlink()


def _files_by_day(paths: Paths, table: str, today: date) -> dict[str, list[Path]]:
    days: dict[str, list[Path]] = {}
    for folder in sorted((paths.lake / table).glob(DAY_FOLDERS)):
        day = day_of(folder)
        if day is not None and day < today:
            days[str(day)] = sorted(file for file in folder.glob("*.parquet") if load_id_of(file))
    return days


def _merge(paths: Paths, table: str, parts: list[Path], marks: Mapping[str, Mark]) -> int:
    """Make one file of these, which are of one folder and sorted; returns its rows."""
    segments = [end for part in parts for end in segment_of(part).split(SPAN)]
    name = f"{max(map(load_id_of, parts)):012d}-{min(segments)}{SPAN}{max(segments)}.parquet"
    target = parts[0].with_name(name)
    rows, schema = _survey(table, parts)
    aside = aside_of(target)
    written = 0
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        for group in _groups(parts, schema, marks):
            writer.write_table(group, row_group_size=ROW_GROUP)
            written += group.num_rows
    if written != rows:
        aside.unlink()
        raise ValueError(f"{target}: {written} rows of {rows}; its parts stand as they were")
    fsync_path(aside)
    # A file of the target's own name is one of the parts: it is replaced, not removed.
    merge = _Merge(
        target=str(target.relative_to(paths.lake)),
        parts=[str(part.relative_to(paths.lake)) for part in parts if part != target],
    )
    journal = paths.lake / _JOURNAL
    write_durably(journal, lambda path: path.write_bytes(msgspec.json.encode(merge)))
    aside.replace(target)
    fsync_path(target.parent)
    _remove(paths, merge)
    journal.unlink()
    return written


def _remove(paths: Paths, merge: _Merge) -> None:
    for part in merge.parts:
        (paths.lake / part).unlink(missing_ok=True)
    fsync_path((paths.lake / merge.target).parent)


def _survey(table: str, parts: list[Path]) -> tuple[int, pa.Schema]:
    """Return how many rows there are, and their columns: the table's of today, and whatever else the parts hold."""
    rows, schemas = 0, {}
    for part in parts:
        with pq.ParquetFile(part) as file:
            rows += file.metadata.num_rows
            schema = file.schema_arrow.remove_metadata()
        schemas[str(schema)] = schema
    return rows, pa.unify_schemas([BY_DAY[table], *schemas.values()])


def _groups(parts: list[Path], schema: pa.Schema, marks: Mapping[str, Mark]) -> Iterator[pa.Table]:
    """The rows of the parts in their order, by about ROW_GROUP."""
    waiting: list[pa.Table] = []
    for part in parts:
        with pq.ParquetFile(part) as file:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number)
                for field in schema:
                    if field.name not in table.column_names:
                        table = table.append_column(field, _values(field, table, marks))
                waiting.append(table.select(schema.names).cast(schema))
                if sum(each.num_rows for each in waiting) >= ROW_GROUP:
                    yield pa.concat_tables(waiting).combine_chunks()
                    waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _values(field: pa.Field, table: pa.Table, marks: Mapping[str, Mark]) -> pa.Array:
    """A column that a file of an earlier release lacks: a mark's digest stood in the file's metadata alone."""
    if field.name in ("segment_digest", "segment_bytes"):
        of_rows = [marks[segment] for segment in table["segment_id"].to_pylist()]
        values = [mark.digest if field.name == "segment_digest" else mark.length for mark in of_rows]
        return pa.array(values, field.type)
    return pa.nulls(table.num_rows, field.type)
