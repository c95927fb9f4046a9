"""The segments that wait for the loader, on this disk and in the bucket that other collectors ship to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq
from msgspec import Struct

from footfall.landing.directory import SUFFIX, sealed, unsealed
from footfall.landing.object_store import Bucket, ObjectName, digest_of, parse_object_name
from footfall.landing.segments import SegmentError
from footfall.runtime.paths import Paths
from footfall.settings import Settings
from orchestration.lake.schema import DAY_FOLDERS
from orchestration.storage.atomic_write import fsync_path, write_durably

#: Between the ends of a range of segments, in the name of a merged file; no segment's id has it.
SPAN = "~"
#: In the metadata of a mark's file.
_DIGEST = b"footfall.segment_digest"
_BYTES = b"footfall.segment_bytes"
#: How long one look into the bucket may take; the sensor is not to hang on it.
LOOK_SECONDS = 20.0

#: A collector seals what is as old as the setting ``seal_seconds`` says; so much later at most, on a busy machine.
SEAL_MARGIN_SECONDS = 30.0


class NotSealed(Exception):
    """Messages that were accepted stand in a segment that no collector seals."""


class Waiting(Protocol):
    """A segment that waits. Where it waits decides how it is read, set aside and removed."""

    @property
    def segment_id(self) -> str: ...

    def read(self) -> bytes | None:
        """All of it; None where it is gone. Raises SegmentError where it is not what its name says."""
        ...

    def set_aside(self, quarantine: Path) -> Path:
        """Move its bytes to the quarantine, durably; returns where they are now."""
        ...

    def remove(self) -> None: ...


class LocalSegment:
    """A sealed segment of a collector on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def segment_id(self) -> str:
        return self.path.stem

    def read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def set_aside(self, quarantine: Path) -> Path:
        target = quarantine / self.path.name
        if target.exists():
            target = quarantine / f"{self.segment_id}.{digest_of(self.path.read_bytes())}{SUFFIX}"
        self.path.rename(target)
        fsync_path(quarantine)
        return target

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


class ShippedSegment:
    """A segment in the bucket."""

    def __init__(self, bucket: Bucket, name: ObjectName) -> None:
        self.bucket = bucket
        self.name = name

    @property
    def segment_id(self) -> str:
        return self.name.segment_id

    def read(self) -> bytes | None:
        data = self.bucket.read(str(self.name))
        if data is not None and not self.name.fits(data):
            raise SegmentError(
                f"{self.name} in {self.bucket.url} is damaged: {len(data)} bytes, another digest"
            )
        return data

    def set_aside(self, quarantine: Path) -> Path:
        target = quarantine / str(self.name)
        if (data := self.bucket.read(str(self.name))) is not None:
            write_durably(target, lambda aside: aside.write_bytes(data))
            self.remove()
        return target

    def remove(self) -> None:
        self.bucket.delete(str(self.name))


def wait_sealed(settings: Settings) -> None:
    """Wait until all that a collector of this machine has accepted by now stands in sealed segments.

    Takes ``seal_seconds`` where a collector runs, no time where it accepted nothing. Raises NotSealed where none seals.
    """
    landing = settings.paths.landing
    accepted = set(unsealed(landing)) if takes_local(settings) else set()
    deadline = time.monotonic() + settings.seal_seconds + SEAL_MARGIN_SECONDS
    while accepted := {path for path in accepted if path.exists()}:
        if time.monotonic() > deadline:
            raise NotSealed(
                f"{min(accepted)} holds messages that were accepted, and no collector seals it: start the collector on"
                " this machine (footfall collect), which does, and try again"
            )
        time.sleep(0.05)


def local_segments(paths: Paths) -> list[LocalSegment]:
    """The sealed segments on this disk, oldest first."""
    return [LocalSegment(path) for path in sealed(paths.landing)]


def shipped_segments(bucket: Bucket) -> tuple[list[ShippedSegment], list[str]]:
    """The segments in the bucket, oldest first, and the names of what is no segment. Raises BucketError."""
    names = {name: parse_object_name(name) for name in bucket.names()}
    return (
        [ShippedSegment(bucket, parsed) for parsed in names.values() if parsed is not None],
        [name for name, parsed in names.items() if parsed is None],
    )


def takes_local(settings: Settings) -> bool:
    """Return whether the loader takes what is sealed on this disk; where it is shipped, only what arrives counts."""
    return not settings.ship_to


class Mark(Struct, frozen=True):
    """The lake's record of a loaded segment: digest and length of its bytes, where they were recorded."""

    digest: str | None
    length: int | None

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """For the file that is the mark: of a segment without a count it has no row."""
        return {_DIGEST: str(self.digest).encode(), _BYTES: str(self.length).encode()}


def load_id_of(file: Path) -> int:
    """The load that wrote a file of the lake, by its name; the newest one where several were merged."""
    return int(file.name[:12])


def segment_of(file: Path) -> str:
    """The segment of a file in the lake, by its name; two with SPAN between them where several were merged."""
    return file.stem[13:]


def marks_of(paths: Paths, segment_ids: Iterable[str]) -> dict[str, Mark]:
    """The lake's marks of those among the segments that are loaded; see ``orchestration.lake.loader``."""
    wanted = set(segment_ids)
    found: dict[str, Mark] = {}
    for file in (paths.lake / "landing_counts").glob(f"{DAY_FOLDERS}/*.parquet") if wanted else ():
        if (segment_id := segment_of(file)) in wanted:
            about = pq.read_schema(file).metadata or {}
            length = about.get(_BYTES)
            found[segment_id] = Mark(
                about[_DIGEST].decode() if _DIGEST in about else None, int(length) if length else None
            )
        elif SPAN in segment_id:
            lowest, highest = segment_id.split(SPAN)
            inside = sorted(each for each in wanted if lowest <= each <= highest)
            if inside:
                rows = pq.read_table(
                    file,
                    columns=["segment_id", "segment_digest", "segment_bytes"],
                    filters=[("segment_id", "in", inside)],
                    partitioning=None,
                )
                found |= {
                    row["segment_id"]: Mark(row["segment_digest"], row["segment_bytes"])
                    for row in rows.to_pylist()
                }
    return found
