"""The state of the catalog inbox, and the one that the last run has read: equal, there is nothing new in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from footfall.landing.pushed_catalogs import PUSHED, pushes
from footfall.runtime.atomic_write import replace_file
from footfall.runtime.paths import Paths
from orchestration.catalog.model import inbox_files


def inbox_sources(inbox: Path) -> list[Path]:
    """The catalogue files of the inbox and the folders of pushed ones, by name. A folder is there as soon as somebody
    begins to push: it counts once something was accepted.
    """
    pushed = (folder for folder in inbox.glob(f"*{PUSHED}") if _has_pushes(folder))
    return sorted([*inbox_files(inbox), *pushed])


def inbox_state(inbox: Path) -> str:
    """A digest of the names, sizes and times of the inbox's files; empty where there are none."""
    files = inbox_sources(inbox)
    if not files:
        return ""
    state = "\n".join(f"{file.name} {_look_of(file)}" for file in files)
    return hashlib.sha256(state.encode(errors="surrogateescape")).hexdigest()[:16]


def read_state(paths: Paths) -> str | None:
    """The inbox as the last run has read it; None where none has."""
    try:
        return _note(paths).read_text()
    except FileNotFoundError:
        return None


def note_read(paths: Paths, state: str) -> None:
    """Remember the inbox's state. Take it before reading: a file that is replaced meanwhile then counts as new."""
    replace_file(_note(paths), lambda aside: aside.write_text(state))


def _has_pushes(folder: Path) -> bool:
    try:
        return bool(pushes(folder))
    except OSError:
        return True  # the run says why it can't be read


def _look_of(file: Path) -> str:
    try:
        found = file.stat()
        if file.suffix == PUSHED:
            return " ".join(str(each.sequence) for each in pushes(file))
    except OSError as error:  # a link to nowhere: the run says so
        return str(error.errno)
    return f"{found.st_size} {found.st_mtime_ns}"


def _note(paths: Paths) -> Path:
    return paths.lake / ".catalog_inbox"
