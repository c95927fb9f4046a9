"""Files that are replaced while others read them: a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then give it that name. Makes the folder. Raises OSError.

    Nothing is synced: what a power cut takes has to be written again (``orchestration/storage/atomic_write.py`` syncs).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each writer: two imports of one file may run at a time.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        write(aside)
        aside.replace(path)
    except BaseException:
        # On a full disk, which every try would fill a little more
        aside.unlink(missing_ok=True)
        raise
