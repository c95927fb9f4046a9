"""Where personal data lies below the data directory, and how it goes. Forgetting and retention take their places from
here, docs/operator/people.md shows the table, and ``tests/attacks/test_personal_data.py`` searches every file of a shop
for a person: one that no place covers fails it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from footfall.runtime.paths import Paths
from footfall.status.diagnosis import FOLDER as DIAGNOSIS

#: Below the data directory: where a second warehouse is built, or a part of the first one copied, for as long as
#: somebody works on it. A killed process leaves it there.
RECONCILE, EVALUATION, TUNING = "reconcile", "evaluation", "tuning/past"
#: The ids of those whom a command is forgetting.
PLANS = "forgetting"
#: Dagster's log of a failed run, whose error may quote a row, stays as long as a request to be forgotten may wait.
FAILED_RUN_DAYS = 30
#: Begins the folder of a version that is held back.
HELD = ".held-"


class Identifier(StrEnum):
    """What tells who a row is about."""

    GUEST = "guest token"
    USER = "user id"
    SESSION = "session id"
    DEVICE = "network and browser"
    TEXT = "typed text"


class Goes(StrEnum):
    """How data leaves a place once a person is forgotten, or days are past their time."""

    ERASED = "erased at once"
    """The place's own code writes its files again without it."""
    REMOVED = "removed at once"
    """The files go whole (``remove``)."""
    LOADED = "loaded first"
    REBUILT = "rebuilt by the next full pipeline"
    BY_HAND = "inspect it yourself"
    STAYS = "kept"


class Place(Struct, frozen=True):
    """Files that may hold personal data.

    patterns: of paths below the data directory; a folder stands for all in it. forgotten, retained: how a person's
    data, or that of days past their time, goes. otherwise: how long it is kept if nobody asks.
    """

    patterns: tuple[str, ...]
    identifiers: frozenset[Identifier]
    forgotten: Goes
    retained: Goes
    otherwise: str

    def paths(self, data: Path) -> Iterator[Path]:
        """The files and folders that are there."""
        return (path for pattern in self.patterns for path in sorted(data.glob(pattern)))


_ALL = frozenset(Identifier)
_IDS = frozenset({Identifier.GUEST, Identifier.USER})
_TEXT = frozenset({Identifier.TEXT})
_QUOTED = _IDS | _TEXT
_DAYS, _RUN = "`retention_days`", "until the command ends"

#: The first that covers a file speaks for it.
PLACES = (
    Place(
        ("landing/open", "landing/sealed"),
        _ALL,
        Goes.LOADED,
        Goes.LOADED,
        "loaded or shipped within seconds",
    ),
    Place(("landing/quarantine",), _ALL, Goes.BY_HAND, Goes.BY_HAND, "until you remove it"),
    Place(("lake/events", "lake/failed_events"), _ALL, Goes.ERASED, Goes.ERASED, _DAYS),
    Place(("lake/set_aside",), _TEXT, Goes.ERASED, Goes.ERASED, _DAYS),
    Place(("lake/derived",), _IDS, Goes.REBUILT, Goes.REBUILT, _DAYS),
    Place(("warehouse.duckdb.damaged-*",), _ALL, Goes.REMOVED, Goes.REMOVED, "until the next damage"),
    Place(("warehouse.duckdb*", "warehouse.models.json"), _ALL, Goes.REMOVED, Goes.REBUILT, _DAYS),
    Place(("dev/*.duckdb*",), _ALL, Goes.REMOVED, Goes.REMOVED, "until an analyst removes it"),
    Place((RECONCILE, EVALUATION, TUNING, DIAGNOSIS), _ALL, Goes.REMOVED, Goes.REMOVED, "until the next one"),
    Place((f"serving/{HELD}*",), _QUOTED, Goes.REMOVED, Goes.REBUILT, "until the next version"),
    Place(("serving",), _QUOTED, Goes.REBUILT, Goes.STAYS, "`keep_snapshots` versions"),
    Place((PLANS,), _IDS, Goes.ERASED, Goes.STAYS, _RUN),
    Place((".spill-*",), _ALL, Goes.ERASED, Goes.ERASED, _RUN),
    Place(
        ("dbt_target",), _QUOTED, Goes.REBUILT, Goes.REBUILT, "what a failed model quoted, until the next run"
    ),
    Place(("dagster",), _QUOTED, Goes.STAYS, Goes.STAYS, f"what a failed run quoted, {FAILED_RUN_DAYS} days"),
    Place(("logs",), _QUOTED, Goes.STAYS, Goes.STAYS, "what a failed run quoted, until you remove it"),
)


def remove(paths: Paths, places: Iterable[Place]) -> list[Path]:
    """Remove the files and folders of ``places``; a process that works on one fails. Returns what there was."""
    removed = list(dict.fromkeys(path for place in places for path in place.paths(paths.data)))
    for path in removed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return removed
