"""The loader: sealed landing segments become Parquet in the lake, each exactly once.

A segment's files are written aside, fsynced and then renamed, ``landing_counts`` last: that file is the mark that
the segment is loaded, and only then is the segment deleted. A crash before the mark leaves files that the next run
removes and writes again, a crash after it leaves a segment that the next run deletes. Segments that other collectors
shipped to a bucket take the same way and are deleted there in the end. The mark holds a digest, by which a second
segment of the same id is told from the same one that came twice.

File names begin with the load id, which grows with every run: an increment downstream opens only files newer than
what it has, and never lists its way through history's contents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from footfall.landing.directory import QUARANTINE
from footfall.landing.object_store import Bucket, BucketError, digest_of, open_bucket
from footfall.landing.segments import SegmentError, segment_parts
from footfall.runtime.digests import note_digests
from footfall.runtime.paths import Paths
from footfall.settings import Settings
from orchestration.lake import compaction, retention
from orchestration.lake.flatten import Row, rows_of
from orchestration.lake.schema import (
    DAY_FOLDERS,
    EVENTS,
    FAILED_EVENTS,
    GROWING,
    LANDING_COUNTS,
    day_folder,
    prepare_lake,
)
from orchestration.lake.segments import (
    Mark,
    Waiting,
    load_id_of,
    local_segments,
    marks_of,
    shipped_segments,
    takes_local,
)
from orchestration.storage.atomic_write import aside_of, fsync_path, write_durably
from orchestration.storage.locks import only_loader

#: Rows held in memory at once: about 60 MB of Python objects.
CHUNK_ROWS = 20_000
#: A backup holds the lake while it takes its files' names (docs/operator/production.md): a second, or a few.
BACKUP_SECONDS = 60.0


class LoadReport(Struct):
    """The result of one run of the loader."""

    load_id: int = 0
    segments: int = 0
    events: int = 0
    failed: int = 0
    quarantined: list[str] = []
    """Where the files are that were no segments, damaged on their way, or another segment of a loaded id."""
    files: int = 0
    strangers: list[str] = []
    """Objects in the bucket that no collector named; they stay there."""
    undeleted: list[str] = []
    """Why loaded segments still stand in the bucket; they are not loaded again."""
    bucket_error: str | None = None
    """Why the bucket's segments were not all taken; those on this disk were."""


def newest_load_id(paths: Paths) -> int:
    """The highest load id of any file in the lake; 0 for an empty one."""
    return max(
        (load_id_of(file) for table in GROWING for file in (paths.lake / table).rglob("*.parquet")),
        default=0,
    )


def load_sealed(
    paths: Paths,
    on_segment: Callable[[str, int, int], None] | None = None,
    *,
    bucket: Bucket | None = None,
    local: bool = True,
    wait_seconds: float = 0.0,
) -> LoadReport:
    """Load every sealed segment: those on this disk (``local``), then those in the ``bucket``.

    ``on_segment`` is called with a segment's id, its events and its failed rows. Where the bucket fails, what was
    loaded stays loaded and the report says why it ended. Raises LoaderBusy where another process holds the lake for
    longer than ``wait_seconds``.
    """
    prepare_lake(paths)
    report = LoadReport()
    with only_loader(paths, wait_seconds):
        _finish(paths)
        loader = _Loader(paths, report, on_segment)
        if local:
            loader.load(local_segments(paths))
        if bucket is not None:
            try:
                shipped, report.strangers = shipped_segments(bucket)
                loader.load(shipped)
            except BucketError as error:
                report.bucket_error = str(error)
        note_digests(paths)
    if not report.load_id:
        report.load_id = newest_load_id(paths)
    return report


def load_waiting(settings: Settings, on_segment: Callable[[str, int, int], None] | None = None) -> LoadReport:
    """Load what waits where the settings say: on this disk, in the bucket, or both. Raises as ``load_sealed``."""
    return load_sealed(
        settings.paths,
        on_segment,
        bucket=open_bucket(settings.load_from) if settings.load_from else None,
        local=takes_local(settings),
        wait_seconds=BACKUP_SECONDS,
    )


def finish_what_was_cut_off(paths: Paths) -> None:
    """Finish a cut-off compaction or retention, before the lake is read without a load. The caller holds the warehouse.

    Raises LoaderBusy.
    """
    if compaction.is_cut_off(paths) or retention.is_cut_off(paths):
        with only_loader(paths, BACKUP_SECONDS):
            _finish(paths)


def _finish(paths: Paths) -> None:
    compaction.finish(paths)
    retention.finish(paths)


class _Loader:
    """One run of the loader, under its lock."""

    def __init__(
        self, paths: Paths, report: LoadReport, on_segment: Callable[[str, int, int], None] | None
    ) -> None:
        self.paths, self.report, self.on_segment = paths, report, on_segment

    def load(self, waiting: Sequence[Waiting]) -> None:
        marks = marks_of(self.paths, (segment.segment_id for segment in waiting))
        for segment in waiting:
            segment_id = segment.segment_id
            try:
                if (mark := marks.get(segment_id)) is None:
                    mark = self._load_new(segment)
                elif not _is_same(mark, segment):
                    self._set_aside(segment)
                    continue
            except SegmentError:
                self._set_aside(segment)
                continue
            if mark is not None:
                # Twice in one bucket, under two digests: the second is judged by the first.
                marks[segment_id] = mark
                try:
                    segment.remove()
                except BucketError as error:
                    self.report.undeleted.append(str(error))

    def _load_new(self, segment: Waiting) -> Mark | None:
        """Write the segment's Parquet and its mark; None where the segment is gone."""
        data = segment.read()
        if data is None:
            return None
        segment_id = segment.segment_id
        _remove_unmarked(self.paths, segment_id)
        if not self.report.load_id:
            self.report.load_id = newest_load_id(self.paths) + 1
        counts, mark = _load_segment(self.paths, segment_id, data, self.report.load_id)
        self.report.segments += 1
        self.report.events += counts["events"]
        self.report.failed += counts["failed_events"]
        self.report.files += counts["files"]
        if self.on_segment:
            self.on_segment(segment_id, counts["events"], counts["failed_events"])
        return mark

    def _set_aside(self, segment: Waiting) -> None:
        quarantine = self.paths.landing / QUARANTINE
        quarantine.mkdir(parents=True, exist_ok=True)
        self.report.quarantined.append(str(segment.set_aside(quarantine)))


def _is_same(mark: Mark, segment: Waiting) -> bool:
    """Return whether a waiting segment is the one that was loaded under its id, come again.

    It may have grown: recovery of a file whose disk failed seals what was acknowledged, and again with what happened
    to follow, which nobody was promised. A mark of an earlier version has no digest and is believed.
    """
    if mark.digest is None or mark.length is None or (data := segment.read()) is None:
        return True
    return mark.length <= len(data) and digest_of(data[: mark.length]) == mark.digest


def _remove_unmarked(paths: Paths, segment_id: str) -> None:
    for table in ("events", "failed_events"):
        for file in (paths.lake / table).glob(f"{DAY_FOLDERS}/*-{segment_id}.parquet"):
            file.unlink()


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
            by_day.setdefault(day_folder(row.get("received_at")), []).append(row)
        self.rows = []
        for folder, rows in by_day.items():
            path = self.folder / folder / self.name
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


def _load_segment(paths: Paths, segment_id: str, data: bytes, load_id: int) -> tuple[Counter[str], Mark]:
    name = f"{load_id:012d}-{segment_id}.parquet"
    files = {
        "events": _Files(paths.lake / "events", EVENTS, name),
        "failed_events": _Files(paths.lake / "failed_events", FAILED_EVENTS, name),
    }
    counts: Counter[str] = Counter()
    landed: dict[tuple[str, object], Row] = {}
    for part in segment_parts(data, segment_id):
        for table, row in rows_of(segment_id, part, load_id):
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
    first_hour = min((row["received_hour"] for row in landed.values()), default=None)
    path = paths.lake / "landing_counts" / day_folder(first_hour) / name
    mark = Mark(digest_of(data), len(data))
    table = pa.Table.from_pylist(
        [row | {"segment_digest": mark.digest, "segment_bytes": mark.length} for row in landed.values()],
        LANDING_COUNTS.with_metadata(mark.metadata),
    )
    write_durably(path, lambda aside: pq.write_table(table, aside))
    return counts, mark
