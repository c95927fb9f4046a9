"""Catalogues that a shop's server pushes, as the collector writes them and the pipeline reads them.

``catalog/<source>.pushed/`` holds the last whole one and the changes after it, ``00000007.whole.json``,
``00000008.changes.json``: one sequence, so that a crash between a new whole and the removal of what it replaces leaves
changes that are older than it, and these count no more.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

#: What the folder of a source is called in the inbox, behind its name.
PUSHED = ".pushed"
#: A body that still arrives; its writer holds a lock on it.
PART = ".part"
_NAME = re.compile(r"([0-9]{8,})\.(whole|changes)\.([a-z]+)")


class Pushed(NamedTuple):
    """A push that was accepted. They sort by their order."""

    sequence: int
    mode: str
    path: Path


def pushes(folder: Path) -> list[Pushed]:
    """All accepted pushes of a source, in their order. Raises OSError where the folder can't be read."""
    found = (
        Pushed(int(match[1]), match[2], path)
        for path in folder.iterdir()
        if (match := _NAME.fullmatch(path.name))
    )
    return sorted(found)


def in_force(all_of: list[Pushed]) -> list[Pushed]:
    """The last whole and the changes after it; all changes where there was no whole yet."""
    whole = max((at for at, each in enumerate(all_of) if each.mode == "whole"), default=0)
    return all_of[whole:]
