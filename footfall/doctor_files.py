"""What `footfall doctor` says of the files in the data directory: whether they are what was written."""

from __future__ import annotations

from datetime import UTC, datetime

from footfall.settings import Settings
from footfall.unread import unread_files

#: Whether all is well, and what was seen.
Finding = tuple[bool, str]


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
                f"{text}, and the one in its place is not built yet: footfall run builds it from the lake",
            )
        ]
    return [(True, f"{text}, and built again from the lake; look at the disk, then remove {aside}")]


def look_at_catalogue(settings: Settings) -> list[Finding]:
    """Catalogue files that the last whole run could not read."""
    return [
        (
            False,
            f"catalog: {each} (since {each.since:%F %H:%M} UTC); replace {settings.paths.catalog / each.name}",
        )
        for each in unread_files(settings.paths)
    ]
