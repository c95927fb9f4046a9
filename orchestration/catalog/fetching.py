"""Fetches the catalogues of the setting ``catalog_sources`` into the inbox, where the reader takes them like any file.

A file is replaced only by one that can be read, and only where its content is another. Where a fetch
fails the last file stays.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from footfall.runtime.paths import Paths
from footfall.settings import CatalogSource, Settings
from footfall.status.catalog_fetches import Fetch, fetches, note_fetches
from orchestration.catalog.formats import read_catalog
from orchestration.catalog.links import Links, Shop
from orchestration.catalog.model import CatalogError
from orchestration.catalog.web_files import Fetched, FetchError, Limits, download
from orchestration.storage.atomic_write import fsync_path

#: After a failure the next try comes this early, where ``every_minutes`` is longer.
RETRY_MINUTES = 15
_ERROR_CHARACTERS = 300


def due_sources(settings: Settings, now: datetime) -> list[CatalogSource]:
    """The sources whose time has come, and those that are new or have another address."""
    known = fetches(settings.paths)
    return [source for source in settings.catalog_sources if _is_due(source, known.get(source.name), now)]


def _is_due(source: CatalogSource, before: Fetch | None, now: datetime) -> bool:
    if before is None or before.url != _tag(source) or before.checked_at > now:
        return True
    wait = min(source.every_minutes, RETRY_MINUTES) if before.error else source.every_minutes
    # The schedule looks every five minutes, and a look takes some seconds
    return now - before.checked_at >= timedelta(minutes=wait, seconds=-60)


def fetch_sources(
    settings: Settings, sources: Sequence[CatalogSource], now: datetime | None = None
) -> list[Fetch]:
    """Fetch these and note what became of each; one that fails costs the others nothing. Notes of sources that are
    not in the settings any more go; their files stay.
    """
    paths = settings.paths
    done = []
    with _alone(paths) as folder:
        names = {source.name for source in settings.catalog_sources}
        for source in sources:
            known = {name: each for name, each in fetches(paths).items() if name in names}
            before = known.get(source.name)
            if before is not None and before.url != _tag(source):
                before = msgspec.structs.replace(before, etag="", last_modified="", url=_tag(source))
            moment = now or datetime.now(UTC)
            blank = before or Fetch(source.name, _tag(source), moment)
            try:
                result = _fetch(settings, source, blank, folder, moment)
            except (FetchError, CatalogError, OSError) as error:
                result = msgspec.structs.replace(
                    blank,
                    checked_at=moment,
                    error=(" ".join(str(error).split()) or type(error).__name__)[:_ERROR_CHARACTERS],
                    since=blank.since or moment,
                )
            note_fetches(paths, known | {source.name: result})
            done.append(result)
    return done


def _fetch(settings: Settings, source: CatalogSource, before: Fetch, folder: Path, moment: datetime) -> Fetch:
    inbox = settings.paths.catalog
    part = folder / f"{source.name}.part"
    headers = dict(source.headers)
    if before.file and (inbox / before.file).exists() and not before.error:
        if before.etag:
            headers["if-none-match"] = before.etag
        if before.last_modified:
            headers["if-modified-since"] = before.last_modified
    limits = Limits(int(source.max_mb * 2**20), source.max_seconds, source.allow_private)
    try:
        answer = download(source.url, part, limits, headers=headers)
        now = msgspec.structs.replace(before, checked_at=moment, error="", since=None)
        if not answer.is_new:
            return now
        return _place(settings, source, now, part, answer)
    finally:
        part.unlink(missing_ok=True)


def _place(settings: Settings, source: CatalogSource, now: Fetch, part: Path, answer: Fetched) -> Fetch:
    """Put the file into the inbox where it says something new. Raises CatalogError where it can't be read."""
    inbox = settings.paths.catalog
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        name = f"{source.name}{_ending(file.read(1 << 10))}"
    now = msgspec.structs.replace(now, etag=answer.etag, last_modified=answer.last_modified)
    if digest == now.sha256 and now.file == name and (inbox / name).exists():
        return now
    whole = part.with_name(name)
    part.rename(whole)
    try:
        read_catalog(whole, Shop(Links.of(settings), settings.currency, now.checked_at))
        fsync_path(whole)
        whole.replace(inbox / name)
        fsync_path(inbox)
    finally:
        whole.unlink(missing_ok=True)
    if now.file and now.file != name:  # it was JSON, and is XML now
        (inbox / now.file).unlink(missing_ok=True)
    return msgspec.structs.replace(now, file=name, sha256=digest, fetched_at=now.checked_at)


def _ending(head: bytes) -> str:
    """Files are read by their content; the ending is for people."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return ".xml" if start == b"<" else ".json" if start in (b"{", b"[") else ".csv"


def _tag(source: CatalogSource) -> str:
    """Tells another address or other credentials apart without writing either down."""
    said = msgspec.json.encode([source.url, dict(source.headers)])
    return hashlib.sha256(said).hexdigest()[:16]


@contextmanager
def _alone(paths: Paths) -> Iterator[Path]:
    """A folder on the inbox's disk for what arrives, held against another fetch meanwhile."""
    folder = paths.catalog / ".fetch"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
