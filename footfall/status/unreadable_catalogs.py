"""Catalogue files that the last full run could not read: noted for `footfall doctor` and for the overview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from footfall.runtime.atomic_write import replace_file
from footfall.runtime.paths import Paths


class UnreadFile(msgspec.Struct, frozen=True):
    """A file of the inbox that is of no known form, or can't be opened."""

    name: str
    reason: str
    """Begins with the file's name, and its line where that is known."""
    since: datetime
    """When a run met it first for this reason (UTC)."""
    stands: datetime | None
    """Of when the version is whose products count meanwhile; None where the file was never read."""
    is_catalog: bool = True
    """False: it doesn't look like one, say a note beside them, and nothing is wrong."""

    def __str__(self) -> str:
        if not self.is_catalog:
            return f"{self.reason}; it is left alone"
        if self.stands:
            return f"{self.reason}; its products stay as of {self.stands:%F %H:%M} UTC"
        return f"{self.reason}; it was never read"


def unread_files(paths: Paths) -> list[UnreadFile]:
    """Return what the last full run could not read, by name; nothing where all was well or none has run."""
    try:
        return msgspec.json.decode(_note(paths).read_bytes(), type=list[UnreadFile])
    except FileNotFoundError:
        return []


def note_unread(
    paths: Paths,
    reasons: Mapping[str, str],
    stands: Mapping[str, datetime],
    at: datetime,
    others: Mapping[str, str] | None = None,
) -> Sequence[UnreadFile]:
    """Replace the note: the reason by name, and of when the version is that stands; ``others`` are no catalogues.
    Returns what it says now.
    """
    since = {(each.name, each.reason): each.since for each in unread_files(paths)}
    now = [
        UnreadFile(name, reason, since.get((name, reason), at), stands.get(name), name in reasons)
        for name, reason in sorted({**(others or {}), **reasons}.items())
    ]
    content = msgspec.json.encode(now)
    replace_file(_note(paths), lambda aside: aside.write_bytes(content))
    return now


def _note(paths: Paths) -> Path:
    return paths.lake / ".catalog_unread.json"
