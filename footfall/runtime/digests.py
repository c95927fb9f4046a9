"""Digests of the lake's files: a SHA-256 of each, recorded after it was written.

A flipped bit changes neither a file's size nor its time, and neither DuckDB nor pyarrow checks the pages of a Parquet
file by itself: 13 of 40 single flips in a small file read as other data. ``footfall doctor --deep`` and the weekly
reconcile read every file again and hold it against its note.

A file with another size or time than its note was written since, by compaction, retention or forgetting, and gets a new
one with the next load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from footfall.runtime.atomic_write import replace_file
from footfall.runtime.paths import Paths


class Digest(Struct, frozen=True, array_like=True):
    """A file as recorded. ``size`` in bytes, ``mtime`` in nanoseconds since 1970."""

    size: int
    mtime: int
    sha256: str


class LakeCheck(Struct):
    """A reading of the lake: files that are as noted, those without a note, and damaged ones with what was seen."""

    good: int = 0
    unnoted: int = 0
    damaged: dict[str, str] = {}


def note_digests(paths: Paths) -> int:
    """Note the files of the lake that have no note yet; returns how many. Forgets notes of files that are gone.

    The caller keeps other loaders out. Raises OSError.
    """
    noted = _read(paths)
    current: dict[str, Digest] = {}
    new = 0
    for name, path in _files(paths):
        stat = path.stat()
        before = noted.get(name)
        if before is None or (before.size, before.mtime) != (stat.st_size, stat.st_mtime_ns):
            new += 1
            before = Digest(stat.st_size, stat.st_mtime_ns, _sha256(path))
        current[name] = before
    if current != noted:
        content = msgspec.json.encode(current)
        replace_file(paths.digests, lambda aside: aside.write_bytes(content))
    return new


def check_lake(paths: Paths, on_file: Callable[[], None] = lambda: None) -> LakeCheck:
    """Read every file of the lake and hold it against its note; nothing is changed."""
    noted = _read(paths)
    found = LakeCheck()
    for name, path in _files(paths):
        on_file()
        try:
            stat = path.stat()
            digest = noted.get(name)
            if digest is None or (digest.size, digest.mtime) != (stat.st_size, stat.st_mtime_ns):
                found.unnoted += 1
            elif _sha256(path) == digest.sha256:
                found.good += 1
            else:
                found.damaged[name] = "its bytes differ from those written"
        except FileNotFoundError:  # compacted, or removed by retention, meanwhile
            continue
        except OSError as error:
            found.damaged[name] = f"can't be read: {error.strerror or error}"
    return found


def _files(paths: Paths) -> Iterator[tuple[str, Path]]:
    for path in sorted(paths.lake.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield str(path.relative_to(paths.lake)), path


def _read(paths: Paths) -> dict[str, Digest]:
    # Notes that can't be read are made again: they are a second copy of what the files say.
    try:
        return msgspec.json.decode(paths.digests.read_bytes(), type=dict[str, Digest])
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
