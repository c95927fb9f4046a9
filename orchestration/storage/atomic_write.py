"""Writing files that are either whole or not there: aside, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def fsync_path(path: Path) -> None:
    """Flush a file's or a folder's own data to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def aside_of(path: Path) -> Path:
    """Return where a file is written before it gets its name. The dot keeps it out of every reader's ``*.parquet``."""
    return path.with_name(f".{path.name}.aside")


def remove_asides(folder: Path) -> None:
    """Remove what writers that died left anywhere below ``folder``. The caller keeps all writers out."""
    for aside in folder.rglob(".*.aside"):
        aside.unlink()


def write_durably(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then give it its name. A crash leaves the old file or the new."""
    new = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    write(aside)
    fsync_path(aside)
    aside.replace(path)
    # A durable file in a folder whose own name was lost is lost with it. The folder may be new and not of this call,
    # but of one that was cut off.
    for folder in dict.fromkeys((path.parent, path.parent.parent, *(each.parent for each in new))):
        fsync_path(folder)
