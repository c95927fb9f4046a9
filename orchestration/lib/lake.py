"""The loader: sealed landing segments become Parquet in the lake, each exactly once.

A segment's files are written aside, fsynced and then renamed, ``landing_counts`` last: that file is the mark that
the segment is loaded, and only then is the segment deleted. A crash before the mark leaves files that the next run
removes and writes again, a crash after it leaves a segment that the next run deletes.

File names begin with the load id, which grows with every run: an increment downstream opens only files newer than
what it has, and never lists its way through history's contents.
"""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from footfall.segments import SegmentError, read_segment
from footfall.settings import Paths
from orchestration.lib.durable import aside_of, fsync_path, write_durably
from orchestration.lib.flatten import Row, rows_of
from orchestration.lib.lake_schema import EVENTS, FAILED_EVENTS, GROWING, LANDING_COUNTS, prepare_lake

#: Rows held in memory at once: about 60 MB of Python objects.
CHUNK_ROWS = 20_000


class LoadReport(Struct):
    """What one run of the loader did."""

    load_id: int = 0
    segments: int = 0
    events: int = 0
    failed: int = 0
    quarantined: int = 0
    files: int = 0


class LoaderBusy(Exception):
    """Another process is loading the same lake."""


def sealed_segments(paths: Paths) -> list[Path]:
    """The segments that wait to be loaded, oldest first."""
    return sorted((paths.landing / "sealed").glob("*.seg"))


def newest_load_id(paths: Paths) -> int:
    """The highest load id of any file in the lake; 0 for an empty one."""
    return max(
        (int(file.name[:12]) for table in GROWING for file in (paths.lake / table).rglob("*.parquet")),
        default=0,
    )


def load_sealed(paths: Paths, on_segment: Callable[[str, int, int], None] | None = None) -> LoadReport:
    """Load every sealed segment. ``on_segment`` is told (segment id, its events, its failed rows).

    Raises LoaderBusy where another process holds the lake.
    """
    prepare_lake(paths)
    report = LoadReport()
    with _only_loader(paths):
        waiting = sealed_segments(paths)
        if not waiting:
            report.load_id = newest_load_id(paths)
            return report
        report.load_id = newest_load_id(paths) + 1
        for segment in waiting:
            segment_id = segment.stem
            if not _is_loaded(paths, segment_id):
                _remove_unmarked(paths, segment_id)
                try:
                    counts = _load_segment(paths, segment, report.load_id)
                except SegmentError:
                    _quarantine(paths, segment)
                    report.quarantined += 1
                    continue
                report.segments += 1
                report.events += counts["events"]
                report.failed += counts["failed_events"]
                report.files += counts["files"]
                if on_segment:
                    on_segment(segment_id, counts["events"], counts["failed_events"])
            segment.unlink()
    return report


@contextmanager
def _only_loader(paths: Paths) -> Iterator[None]:
    lock = paths.lake / ".loader.lock"
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LoaderBusy(f"another process is loading {paths.lake}; it holds {lock}") from None
        yield


def _is_loaded(paths: Paths, segment_id: str) -> bool:
    return any((paths.lake / "landing_counts").glob(f"received_date=*/*-{segment_id}.parquet"))


def _remove_unmarked(paths: Paths, segment_id: str) -> None:
    for table in ("events", "failed_events"):
        for file in (paths.lake / table).glob(f"received_date=*/*-{segment_id}.parquet"):
            file.unlink()


def _quarantine(paths: Paths, segment: Path) -> None:
    folder = paths.landing / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    segment.rename(folder / segment.name)
    fsync_path(folder)


class _Files:
    """The Parquet files of one segment, one for each day it holds, written aside until ``publish``."""

    def __init__(self, folder: Path, schema: pa.Schema, name: str) -> None:
        self.folder, self.schema, self.name = folder, schema, name
        self.rows: list[Row] = []
        self.writers: dict[Path, pq.ParquetWriter] = {}

    def add(self, row: Row) -> None:
        self.rows.append(row)
        if len(self.rows) >= CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        by_day: dict[str, list[Row]] = {}
        for row in self.rows:
            received = row.get("received_at")
            by_day.setdefault(f"{received:%Y-%m-%d}" if received else "1970-01-01", []).append(row)
        self.rows = []
        for day, rows in by_day.items():
            path = self.folder / f"received_date={day}" / self.name
            if path not in self.writers:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.writers[path] = pq.ParquetWriter(aside_of(path), self.schema, compression="zstd")
            self.writers[path].write_table(pa.Table.from_pylist(rows, self.schema))

    def publish(self) -> int:
        self.flush()
        for path, writer in self.writers.items():
            writer.close()
            fsync_path(aside_of(path))
        for path in self.writers:
            aside_of(path).replace(path)
            fsync_path(path.parent)
            fsync_path(path.parent.parent)
        return len(self.writers)


def _load_segment(paths: Paths, segment: Path, load_id: int) -> Counter[str]:
    name = f"{load_id:012d}-{segment.stem}.parquet"
    files = {
        "events": _Files(paths.lake / "events", EVENTS, name),
        "failed_events": _Files(paths.lake / "failed_events", FAILED_EVENTS, name),
    }
    counts: Counter[str] = Counter()
    landed: dict[tuple[str, object], Row] = {}
    for part in read_segment(segment):
        for table, row in rows_of(segment.stem, part, load_id):
            if table == "landing_counts":
                total = landed.setdefault(
                    (row["source"], row["received_hour"]),
                    row | dict.fromkeys(("frames", "accepted", "rejected"), 0),
                )
                for column in ("frames", "accepted", "rejected"):
                    total[column] += row[column]
            else:
                counts[table] += 1
                files[table].add(row)
    counts["files"] = sum(each.publish() for each in files.values())
    first_day = min((f"{row['received_hour']:%Y-%m-%d}" for row in landed.values()), default="1970-01-01")
    _mark(paths.lake / "landing_counts" / f"received_date={first_day}" / name, list(landed.values()))
    return counts


def _mark(path: Path, rows: list[Row]) -> None:
    write_durably(path, lambda aside: pq.write_table(pa.Table.from_pylist(rows, LANDING_COUNTS), aside))
