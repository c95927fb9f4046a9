"""What became of the catalogues of ``catalog_sources``: noted for `footfall doctor` and for the overview."""

from __future__ import annotations

from datetime import datetime

import msgspec

from footfall.runtime.atomic_write import replace_file
from footfall.runtime.paths import Paths


class Fetch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of one source. Times are UTC."""

    name: str
    url: str
    checked_at: datetime
    file: str | None = None
    """In the inbox; None where it was never fetched."""
    sha256: str = ""
    fetched_at: datetime | None = None
    """When its content last changed."""
    etag: str = ""
    last_modified: str = ""
    error: str = ""
    since: datetime | None = None
    """Of the first failure in a row."""

    def __str__(self) -> str:
        since = f", failing since {self.since:%F %H:%M} UTC" if self.since else ""
        if self.fetched_at is None:
            return f"source {self.name}{since}: {self.error}; it was never fetched"
        return f"source {self.name}{since}: {self.error}; {self.file} of {self.fetched_at:%F %H:%M} UTC stays in use"


def fetches(paths: Paths) -> dict[str, Fetch]:
    """The sources by name, as the last fetch left them."""
    try:
        found = msgspec.json.decode((paths.data / _NOTE).read_bytes(), type=list[Fetch])
    except FileNotFoundError:
        return {}
    return {each.name: each for each in found}


def note_fetches(paths: Paths, known: dict[str, Fetch]) -> None:
    """Replace the note."""
    content = msgspec.json.encode([known[name] for name in sorted(known)])
    replace_file(paths.data / _NOTE, lambda aside: aside.write_bytes(content))


def failed_fetches(paths: Paths) -> list[Fetch]:
    """The sources whose last fetch failed."""
    return [each for each in fetches(paths).values() if each.error]


_NOTE = "catalog_fetches.json"
