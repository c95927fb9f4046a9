"""Checks of `footfall doctor` on the files of the data directory: are they what was written?"""

from __future__ import annotations

from datetime import UTC, datetime

from footfall.landing.pushed_catalogs import PUSHED
from footfall.runtime.digests import check_lake
from footfall.settings import Settings
from footfall.snapshot.format import SnapshotError, check_digest, read_manifest, read_pointer
from footfall.status.catalog_fetches import failed_fetches
from footfall.status.unmatched_products import unmatched_products
from footfall.status.unreadable_catalogs import unread_files

#: Whether all is well, and what was seen.
Finding = tuple[bool, str]
#: What to do about a damaged file, by the folder of the lake that it lies in.
_FROM_BACKUP = (
    "Check the disk, restore the file from a backup with its time (cp -p, rsync -a), then run footfall run"
)
_REMEDIES = {
    "derived": "Check the disk, remove the file; footfall run builds it again",
    "products": "Check the disk, remove the file, touch the catalogue's files; footfall run reads them again",
}


def look_at_warehouse(settings: Settings) -> list[Finding]:
    """A warehouse that a run found damaged and set aside; nothing where none was."""
    paths = settings.paths
    asides = [file for file in paths.damaged_warehouses() if file.suffix != ".wal"]
    if not asides:
        return []
    aside = asides[-1]
    moment = datetime.fromtimestamp(aside.stat().st_ctime, UTC)
    text = f"warehouse: a damaged one was set aside at {moment:%F %T} UTC as {aside.name}"
    if not paths.warehouse.exists() or paths.warehouse_unfinished.exists():
        return [
            (
                False,
                f"{text}, and its replacement is not built yet: footfall run builds it from the lake",
            )
        ]
    return [(True, f"{text}, and a new one was built from the lake; check the disk, then remove {aside}")]


def look_at_catalogue(settings: Settings) -> list[Finding]:
    """Catalogue files that the last full run could not read, sources that could not be fetched, and products of pages
    that no catalogue has.
    """
    strange = unmatched_products(settings.paths)
    where = "docs/developer/catalog.md#its-ids-are-those-of-the-pages"
    matched = [(not strange.is_most, f"catalog: {strange} ({where})")] if strange else []
    return [
        *matched,
        *_files_and_sources(settings),
    ]


def _files_and_sources(settings: Settings) -> list[Finding]:
    return [
        (
            False,
            f"catalog: {each} (since {each.since:%F %H:%M} UTC); "
            + (
                "push the whole again"
                if each.name.endswith(PUSHED)
                else f"replace {settings.paths.catalog / each.name}"
            ),
        )
        if each.is_catalog
        else (True, f"catalog: {each}")
        for each in unread_files(settings.paths)
    ] + [
        (False, f"catalog: {each}; try it with `footfall catalog fetch {each.name}`")
        for each in failed_fetches(settings.paths)
    ]


def look_at_files(settings: Settings) -> list[Finding]:
    """Every byte of the lake and of the active snapshot, with progress on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    paths = settings.paths
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading the lake", total=None)
        found = check_lake(paths, lambda: progress.advance(task))
    text = f"lake: {found.good} files are unchanged since they were written"
    if found.unnoted:
        text += f", {found.unnoted} have no digest yet (the next load records them)"
    findings = [(True, text)]
    for name, reason in found.damaged.items():
        kind = name.split("/", 1)[0]
        findings.append((False, f"lake/{name}: {reason}. {_REMEDIES.get(kind, _FROM_BACKUP)}"))
    return [*findings, *_look_at_snapshot_bytes(settings)]


def _look_at_snapshot_bytes(settings: Settings) -> list[Finding]:
    serving = settings.paths.serving
    try:
        pointer = read_pointer(serving)
        if pointer is None:
            return []
        version = serving / pointer.version
        for name, seal in read_manifest(version).files.items():
            check_digest(version / name, seal.sha256)
    except SnapshotError as error:
        return [(False, f"serving: {error}. Check the disk, then `footfall run` publishes a new version")]
    return [(True, f"serving: every file of {pointer.version} is unchanged since it was written")]
