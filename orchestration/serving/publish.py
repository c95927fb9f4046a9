"""Write, audit, publish, prune: how the marts become the snapshot that the API serves.

A version is built in ``.building-<version>`` and gets its name by one rename after every file in it is on the
disk; publishing is one rename of ``current.json``. So at any moment, a kill or a power cut leaves either the
version before or the new active one, both whole. Rubbish of a run that died is removed by the next one.
What has not changed since the active version is not written again (``files.py``).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import msgspec

from footfall.snapshot.format import (
    POINTER_FILE,
    VERSION_PATTERN,
    Manifest,
    Pointer,
    ProductCard,
    ServedMart,
    SnapshotError,
    Table,
    check_sizes,
    is_outgrown,
    read_manifest,
    read_pointer,
)
from orchestration.serving.audit import OF_PEOPLE, AuditFailedError, ChangeError, audit_change
from orchestration.serving.build import LEADING, Inputs, write_version
from orchestration.serving.documents import PRODUCT_LISTS
from orchestration.serving.files import Base
from orchestration.serving.marts import MissingMartError, servable
from orchestration.serving.sqlite import read_table
from orchestration.storage.atomic_write import fsync_path, write_durably
from orchestration.storage.personal_data import HELD

__all__ = [
    "AuditFailedError",
    "MissingMartError",
    "SnapshotBusyError",
    "SnapshotReport",
    "build_snapshot",
    "prune",
    "publish",
    "publish_once",
]

#: A table or coverage that falls under this share of the active version stops the publish.
MIN_RATIO = 0.5

#: Who published what was held back: a line of JSON each.
ONCE_FILE = "published_once.jsonl"

_BUILDING = ".building-"
_TRASH = ".trash-"


class SnapshotBusyError(Exception):
    """Another process is writing, publishing or pruning snapshots in the same directory."""


class SnapshotReport(msgspec.Struct, frozen=True):
    """Result of ``build_snapshot``, for a materialization's metadata."""

    version: str
    path: Path
    rows: dict[str, int]
    coverage: dict[str, float]
    dropped_unavailable: int
    bytes: int
    bytes_written: int
    """Of these; the rest stands in files taken over from the previously active version."""
    files: int
    files_written: int
    seconds: float
    reused: bool
    """The version stood there already, whole: nothing was written."""
    left_out: dict[str, str] = {}
    """Marts that were to be served and can't be now: why."""


def build_snapshot(
    warehouse_con: duckdb.DuckDBPyConnection,
    serving_dir: Path,
    *,
    version: str,
    min_ratio: float = MIN_RATIO,
    session_index: Path | None = None,
    served: Mapping[str, ServedMart] | None = None,
    not_from_before: datetime | None = None,
    time_zone: str = "UTC",
    catalogue_problems: Sequence[str] = (),
    link_origins: Iterable[str] = (),
) -> SnapshotReport:
    """Write ``serving_dir/<version>/`` from the marts and audit it, without publishing it.

    A version that stands there already is left as it is (versions never change), so a retry costs nothing.
    min_ratio: how far a table may shrink against the active version, 0 to let everything through.
    session_index: the file of the session neighbours; where there is none yet, an empty one is published.
    served: marts to serve as they are, beside those that the API has endpoints for; one that isn't built, or not so,
    is left out and named in the report.
    not_from_before: nothing is taken over from a version that was made before this moment, since its files hold what
    must be gone. It is compared with still.
    time_zone: of the shop's calendar, by which the marts count days; one that DuckDB knows.
    catalogue_problems: what the owner is told of files of the catalogue that can't be read.
    link_origins: the shop's own, which a page that only visitors name has to be on.

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
            manifest = _whole(target)
            return _report(target, manifest, started, taken_over=set(manifest.files), reused=True)
        aside = serving_dir / f"{_BUILDING}{version}"
        aside.mkdir()
        try:
            base = _in_force(serving_dir)
            good, left_out = servable(warehouse_con, served or {})
            is_from_before = base and not_from_before and base.manifest.created_at < not_from_before
            inputs = Inputs(good, session_index, time_zone, list(catalogue_problems), tuple(link_origins))
            manifest, written = write_version(
                warehouse_con, aside, version, None if is_from_before else base, inputs
            )
            before = base.manifest if base else None
            audit_change(manifest, before, min_ratio, _missing_rows(aside, base))
        except ChangeError as error:
            raise ChangeError(
                error.problems, held=_hold(serving_dir, aside, version, not_from_before)
            ) from None
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        fsync_path(aside)
        aside.rename(target)
        fsync_path(serving_dir)
        return _report(target, manifest, started, taken_over=written.reused, left_out=left_out)


def publish(serving_dir: Path, version: str) -> None:
    """Point ``current.json`` at a version: the flip that every API process follows. Also how one rolls back.

    Raises SnapshotError where the version isn't whole, SnapshotBusyError.
    """
    with _alone(serving_dir):
        _whole(serving_dir / version)
        pointer = msgspec.json.encode(Pointer(version=version, published_at=datetime.now(UTC)))
        write_durably(serving_dir / POINTER_FILE, lambda aside: aside.write_bytes(pointer))


def publish_once(
    serving_dir: Path, version: str, why: str, *, not_from_before: datetime | None = None
) -> None:
    """Publish a version that its change held back, and note it in ``published_once.jsonl``. The next ones are compared
    with this one, by the rule as it was.

    Raises SnapshotError where no such version is held, it isn't whole, or it was made before a moment;
    SnapshotBusyError.
    """
    with _alone(serving_dir):
        held = serving_dir / f"{HELD}{version}"
        if not VERSION_PATTERN.fullmatch(version) or not held.is_dir():
            found = sorted(path.name.removeprefix(HELD) for path in serving_dir.glob(f"{HELD}*"))
            raise SnapshotError(f"no version {version} is held back; {', '.join(found) or 'none'} is")
        created_at = _whole(held).created_at
        if not_from_before and created_at < not_from_before:
            raise SnapshotError(f"{version} may contain a person erased since: run the pipeline again")
        entry = msgspec.json.encode({"version": version, "at": datetime.now(UTC), "why": why})
        with (serving_dir / ONCE_FILE).open("ab") as journal:
            journal.write(entry + b"\n")
            journal.flush()
            os.fsync(journal.fileno())
        held.rename(serving_dir / version)
        fsync_path(serving_dir)
    publish(serving_dir, version)


def prune(serving_dir: Path, keep: int = 3, *, not_from_before: datetime | None = None) -> list[str]:
    """Remove all but the newest ``keep`` versions, those that were made before a moment, and what an earlier release
    wrote in a format that nobody reads any more; never the active one. Returns what was removed.

    An API process that still reads a removed version has its files open and goes on until it has moved.
    """
    if keep < 1:
        raise ValueError("keep at least one version")
    with _alone(serving_dir):
        current = read_pointer(serving_dir)
        versions = sorted(
            _versions(serving_dir), key=lambda found: (found.created_at, found.version), reverse=True
        )
        old = [
            manifest.version
            for place, manifest in enumerate(versions)
            if place >= keep or (not_from_before and manifest.created_at < not_from_before)
        ]
        old += sorted(path.name for path in _version_dirs(serving_dir) if is_outgrown(path))
        removed = [version for version in old if current is None or version != current.version]
        # What was held back is older than what is published now.
        removed += [path.name for path in serving_dir.glob(f"{HELD}*")]
        for version in removed:
            # Renamed first: a version is whole or gone, never half deleted under its name.
            trash = serving_dir / f"{_TRASH}{version}"
            (serving_dir / version).rename(trash)
            shutil.rmtree(trash)
        fsync_path(serving_dir)
        return removed


def _hold(serving_dir: Path, aside: Path, version: str, not_from_before: datetime | None) -> str:
    """Keep a version that may be meant, and return its name; of several that follow one another the first, so that
    somebody can look at it and name it, unless somebody was forgotten since.
    """
    for path in serving_dir.glob(f"{HELD}*"):
        try:
            is_outdated = not_from_before and read_manifest(path).created_at < not_from_before
        except SnapshotError:
            is_outdated = True
        if not is_outdated:
            shutil.rmtree(aside)
            return path.name.removeprefix(HELD)
        shutil.rmtree(path)
    fsync_path(aside)
    aside.rename(serving_dir / f"{HELD}{version}")
    fsync_path(serving_dir)
    return version


def _missing_rows(aside: Path, base: Base | None) -> dict[str, Callable[[], Iterable[str]]]:
    """Query for missing rows after a fall: keys of product tables, and products without a list."""
    if base is None:
        return {}

    def gone(table: Table) -> list[str]:
        left = read_table(aside, table)
        return sorted(read_table(base.path, table).keys() - left.keys())

    def without_lists() -> list[str]:
        leading = {key for table in PRODUCT_LISTS for key in read_table(aside, table)}
        cards = read_table(aside, Table.PRODUCTS)
        offered = {
            key for key, card in cards.items() if msgspec.json.decode(card, type=ProductCard).is_available
        }
        return sorted(offered - leading)

    of_products = [table for table in Table if table not in OF_PEOPLE and table != Table.LABELS]
    return {table: partial(gone, table) for table in of_products} | {LEADING: without_lists}


def _whole(version_dir: Path) -> Manifest:
    manifest = read_manifest(version_dir)
    check_sizes(version_dir, manifest)
    return manifest


def _in_force(serving_dir: Path) -> Base | None:
    """The published version; None where there is none, or none that this code can read."""
    try:
        pointer = read_pointer(serving_dir)
        if pointer is None:
            return None
        path = serving_dir / pointer.version
        return Base(path, read_manifest(path))
    except SnapshotError:
        return None


def _versions(serving_dir: Path) -> Iterator[Manifest]:
    """Manifests of the versions that can be read; what can't be understood isn't touched either."""
    for path in _version_dirs(serving_dir):
        try:
            yield read_manifest(path)
        except SnapshotError:
            continue


def _version_dirs(serving_dir: Path) -> list[Path]:
    return [path for path in serving_dir.iterdir() if path.is_dir() and VERSION_PATTERN.fullmatch(path.name)]


def _report(
    path: Path,
    manifest: Manifest,
    started: float,
    *,
    taken_over: set[str],
    reused: bool = False,
    left_out: Mapping[str, str] | None = None,
) -> SnapshotReport:
    return SnapshotReport(
        version=manifest.version,
        path=path,
        rows=manifest.rows,
        coverage=manifest.coverage,
        dropped_unavailable=manifest.dropped_unavailable,
        bytes=sum(seal.bytes for seal in manifest.files.values()),
        bytes_written=sum(seal.bytes for name, seal in manifest.files.items() if name not in taken_over),
        files=len(manifest.files),
        files_written=len(manifest.files.keys() - taken_over),
        seconds=round(time.monotonic() - started, 3),
        reused=reused,
        left_out=dict(left_out or {}),
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
