"""Write, audit, publish, prune: how the marts become the snapshot that the API serves.

A version is built in ``.building-<version>`` and gets its name by one rename after every file in it is on the
disk; publishing is one rename of ``current.json``. So at any moment, a kill or a power cut leaves either the
version before or the new one in force, both whole. Rubbish of a run that died is removed by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import duckdb
import msgspec

from footfall.session_index import SessionIndex, SessionIndexError, empty_index
from footfall.snapshot import (
    ANALYTICS_FILE,
    FORMAT_VERSION,
    MANIFEST_FILE,
    POINTER_FILE,
    SESSIONS_FILE,
    SQLITE_FILE,
    VERSION_PATTERN,
    FileSeal,
    Manifest,
    Pointer,
    SnapshotError,
    Table,
    check_sizes,
    read_manifest,
    read_pointer,
)
from orchestration.lib.durable import fsync_path, write_durably
from orchestration.lib.snapshot_audit import AuditFailedError, audit_change, audit_marts, audit_written
from orchestration.lib.snapshot_marts import (
    MissingMartError,
    analytics_tables,
    cleanup,
    count_dropped,
    documents,
    mart,
    prepare,
)

__all__ = [
    "AuditFailedError",
    "MissingMartError",
    "SnapshotBusyError",
    "SnapshotReport",
    "build_snapshot",
    "prune",
    "publish",
]

#: Files that DuckDB 1.5 opens too: analysts' tools are not always on the newest engine.
STORAGE_VERSION = "v1.5.0"

#: A table or coverage that falls under this share of the version in force stops the publish.
MIN_RATIO = 0.5

#: SQLite's page. Lists take 1 to 4 KB, and what doesn't fit a quarter of a page spills into pages of its own. At 4 KB
#: pages: 549 MiB and 17 us a lookup for 100,000 visitors with 50 recommendations each; at 16 KB: 230 MiB and 6 us.
#: 4,372 customers of a real shop: 133 MiB at 4 KB, 110 at 8, 88 at 16, 93 at 32.
PAGE_BYTES = 16_384

#: Visitors whose documents are made at once. Lists of a million at a time would have to be sorted on disk.
PART_VISITORS = 50_000

_BATCH = 5_000
_BUILDING = ".building-"
_TRASH = ".trash-"
_OUT = "snapshot_out"
_EVERYTHING: tuple[None, None] = (None, None)


class SnapshotBusyError(Exception):
    """Another process is writing, publishing or pruning snapshots in the same directory."""


class SnapshotReport(msgspec.Struct, frozen=True):
    """What ``build_snapshot`` made: for a materialization's metadata."""

    version: str
    path: Path
    rows: dict[str, int]
    coverage: dict[str, float]
    dropped_unavailable: int
    bytes: int
    seconds: float
    reused: bool
    """The version stood there already, whole: nothing was written."""


def build_snapshot(
    warehouse_con: duckdb.DuckDBPyConnection,
    serving_dir: Path,
    *,
    version: str,
    min_ratio: float = MIN_RATIO,
    session_index: Path | None = None,
) -> SnapshotReport:
    """Write ``serving_dir/<version>/`` from the marts and audit it, without publishing it.

    A version that stands there already is left as it is (versions never change), so a retry costs nothing.
    min_ratio: how far a table may shrink against the version in force, 0 to let everything through.
    session_index: the file of the session neighbours; where there is none yet, an empty one is published.

    Raises MissingMartError and AuditFailedError (nothing is left behind), SnapshotBusyError, ValueError for
    an unusable version name.
    """
    if not VERSION_PATTERN.fullmatch(version):
        raise ValueError(
            f"{version!r} can't be a snapshot version: letters, digits, dot, dash and underscore only"
        )
    started = time.monotonic()
    with _alone(serving_dir):
        target = serving_dir / version
        if target.exists():
            return _report(target, _whole(target), started, reused=True)
        aside = serving_dir / f"{_BUILDING}{version}"
        aside.mkdir()
        try:
            manifest = _write(warehouse_con, aside, version, session_index)
            audit_change(manifest, _in_force(serving_dir), min_ratio)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        fsync_path(aside)
        aside.rename(target)
        fsync_path(serving_dir)
        return _report(target, manifest, started, reused=False)


def publish(serving_dir: Path, version: str) -> None:
    """Point ``current.json`` at a version: the flip that every API process follows. Also how one rolls back.

    Raises SnapshotError where the version isn't whole, SnapshotBusyError.
    """
    with _alone(serving_dir):
        _whole(serving_dir / version)
        pointer = msgspec.json.encode(Pointer(version=version, published_at=datetime.now(UTC)))
        write_durably(serving_dir / POINTER_FILE, lambda aside: aside.write_bytes(pointer))


def prune(serving_dir: Path, keep: int = 3) -> list[str]:
    """Remove all but the newest ``keep`` versions, never the one in force; returns what was removed.

    An API process that still reads a removed version has its files open and goes on until it has moved.
    """
    if keep < 1:
        raise ValueError("keep at least one version")
    with _alone(serving_dir):
        current = read_pointer(serving_dir)
        versions = sorted(
            _versions(serving_dir), key=lambda found: (found.created_at, found.version), reverse=True
        )
        removed = []
        for manifest in versions[keep:]:
            if current is not None and manifest.version == current.version:
                continue
            # Renamed first: a version is whole or gone, never half deleted under its name.
            trash = serving_dir / f"{_TRASH}{manifest.version}"
            (serving_dir / manifest.version).rename(trash)
            shutil.rmtree(trash)
            removed.append(manifest.version)
        fsync_path(serving_dir)
        return removed


def _write(con: duckdb.DuckDBPyConnection, aside: Path, version: str, session_index: Path | None) -> Manifest:
    try:
        prepare(con)
        audit_marts(con)
        rows: dict[str, int] = {
            str(table): count for table, count in _write_sqlite(con, aside / SQLITE_FILE).items()
        }
        rows |= {
            f"analytics.{name}": count
            for name, count in _write_analytics(con, aside / ANALYTICS_FILE).items()
        }
        audit_written(aside / SQLITE_FILE, rows, _scalar(con, f"select count(*) from {mart('products')}"))
        rows |= _write_sessions(session_index, aside / SESSIONS_FILE)
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            version=version,
            created_at=datetime.now(UTC),
            files={name: _seal(aside / name) for name in (SQLITE_FILE, ANALYTICS_FILE, SESSIONS_FILE)},
            rows=rows,
            coverage=_coverage(con, rows),
            dropped_unavailable=count_dropped(con),
        )
    finally:
        cleanup(con)
    content = msgspec.json.format(msgspec.json.encode(manifest))
    write_durably(aside / MANIFEST_FILE, lambda path: path.write_bytes(content))
    return manifest


def _write_sqlite(con: duckdb.DuckDBPyConnection, path: Path) -> dict[Table, int]:
    """Fill serving.sqlite. Rows come in key order, so the b-trees are written front to back and their pages
    stay full: there is nothing for VACUUM to do. A crash throws the whole file away, so neither a journal nor
    a sync is needed before the one at the end.
    """
    sink = sqlite3.connect(path, isolation_level=None)
    try:
        sink.execute(f"pragma page_size = {PAGE_BYTES}")
        sink.execute("pragma journal_mode = off")
        sink.execute("pragma synchronous = off")
        sink.execute("pragma locking_mode = exclusive")
        sink.execute(f"pragma user_version = {FORMAT_VERSION}")
        sink.execute("begin")
        counts = {}
        parts = _parts(con)
        for table, query in documents().items():
            # WITHOUT ROWID: the value stands in the leaf that the key leads to, one descent instead of two.
            sink.execute(f"create table {table} (key text primary key, value blob not null) without rowid")
            ranges = parts if table.value.startswith("visitor") else [_EVERYTHING]
            counts[table] = sum(_copy(con, query, sink, table, *keys) for keys in ranges)
        sink.execute("commit")
    finally:
        sink.close()
    fsync_path(path)
    return counts


def _parts(con: duckdb.DuckDBPyConnection) -> list[tuple[str | None, str | None]]:
    """Ranges of visitor ids (from, up to but without) that cover every id, each with PART_VISITORS visitors."""
    rows = con.execute(
        f"""
        select visitor_id
        from (select visitor_id, row_number() over (order by visitor_id) as n from {mart("visitors")})
        where n % {PART_VISITORS} = 0
        order by visitor_id
        """
    ).fetchall()
    bounds = [None, *(row[0] for row in rows), None]
    return list(pairwise(bounds))


def _copy(
    con: duckdb.DuckDBPyConnection,
    query: str,
    sink: sqlite3.Connection,
    table: Table,
    first: str | None,
    end: str | None,
) -> int:
    """Rows of a query whose keys are in a range, in key order, into a table. Returns how many."""
    # A null key belongs to the first range, so that SQLite refuses it instead of a filter hiding it.
    keys = "($1 is null or key >= $1) and ($2 is null or key < $2 or (key is null and $1 is null))"
    count = 0
    source = con.execute(f"select key, value from ({query}) where {keys} order by key", [first, end])
    while batch := source.fetchmany(_BATCH):
        try:
            sink.executemany(f"insert into {table} values (?, ?)", batch)
        except sqlite3.IntegrityError as error:
            raise AuditFailedError([f"{table}: a key is missing or stands twice ({error})"]) from error
        count += len(batch)
    return count


def _write_analytics(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, int]:
    quoted = str(path).replace("'", "''")
    con.execute(f"attach '{quoted}' as {_OUT} (read_write, storage_version '{STORAGE_VERSION}')")
    try:
        counts = {}
        for name, query in analytics_tables().items():
            con.execute(f"create table {_OUT}.{name} as {query}")
            counts[name] = _scalar(con, f"select count(*) from {_OUT}.{name}")
        con.execute(f"checkpoint {_OUT}")
    finally:
        con.execute(f"detach {_OUT}")
    fsync_path(path)
    return counts


def _write_sessions(source: Path | None, path: Path) -> dict[str, int]:
    """The session index as another name of the asset's file, which is replaced by renaming and never written to: a
    publish every few seconds need not copy it. Raises AuditFailedError where it is no index.
    """
    if source is None or not source.exists():
        empty_index().write(path)
    else:
        try:
            path.hardlink_to(source)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(source, path)
    try:
        index = SessionIndex.open(path)
    except SessionIndexError as error:
        raise AuditFailedError([f"session neighbours: {error}"]) from error
    fsync_path(path)
    return {"sessions.products": len(index.products), "sessions.sessions": index.sessions}


def _coverage(con: duckdb.DuckDBPyConnection, rows: dict[str, int]) -> dict[str, float]:
    """Share of products that lead somewhere, and of visitors who have a list of their own."""
    leading = _scalar(con, f"select count(distinct product_id) from {mart('product_recommendations')}")
    products, visitors = rows[Table.PRODUCTS], rows[Table.VISITORS]
    return {
        "products_with_lists": leading / products if products else 1.0,
        "visitors_with_lists": rows[Table.VISITOR_RECOMMENDATIONS] / visitors if visitors else 1.0,
    }


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _seal(path: Path) -> FileSeal:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileSeal(bytes=path.stat().st_size, sha256=digest)


def _whole(version_dir: Path) -> Manifest:
    manifest = read_manifest(version_dir)
    check_sizes(version_dir, manifest)
    return manifest


def _in_force(serving_dir: Path) -> Manifest | None:
    """Manifest of the published version; None where there is none, or none that this code can read."""
    try:
        pointer = read_pointer(serving_dir)
        return read_manifest(serving_dir / pointer.version) if pointer else None
    except SnapshotError:
        return None


def _versions(serving_dir: Path) -> Iterator[Manifest]:
    """Manifests of the versions that can be read; what can't be understood isn't touched either."""
    for path in serving_dir.iterdir():
        if path.is_dir() and VERSION_PATTERN.fullmatch(path.name):
            try:
                yield read_manifest(path)
            except SnapshotError:
                continue


def _report(path: Path, manifest: Manifest, started: float, *, reused: bool) -> SnapshotReport:
    return SnapshotReport(
        version=manifest.version,
        path=path,
        rows=manifest.rows,
        coverage=manifest.coverage,
        dropped_unavailable=manifest.dropped_unavailable,
        bytes=sum(seal.bytes for seal in manifest.files.values()),
        seconds=round(time.monotonic() - started, 3),
        reused=reused,
    )


@contextmanager
def _alone(serving_dir: Path) -> Iterator[None]:
    """Hold the writer's lock, and remove what a run that died left: with the lock in hand, it is nobody's."""
    serving_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(serving_dir / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SnapshotBusyError(f"another process is writing snapshots in {serving_dir}") from None
        for path in serving_dir.iterdir():
            if path.name.startswith((_BUILDING, _TRASH)):
                shutil.rmtree(path)
        yield
    finally:
        os.close(handle)
