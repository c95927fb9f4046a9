"""Keeping the session index up to date with the mart session_products: a share of the work for a share of sessions.

``session_neighbours.history`` holds what was learned, ``session_neighbours.index`` what the API scores with. An
increment reads the sessions that the warehouse built since and writes ``session_neighbours.changes``, with which the
index gives the answers of one of all sessions (``session_changes.py``); history and index stay. Each increment goes
through what those before it went through, so that from time to time all of it is merged into both
(``session_merge.py``). Only where most sessions are others are all learned again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from footfall.snapshot.array_file import ArrayFileError
from footfall.snapshot.session_index import Changed, NextItemConfig, SessionIndex, SessionIndexError, index_id
from orchestration.recommend.session_changes import with_changes
from orchestration.recommend.session_history import History, history_of
from orchestration.recommend.session_merge import merged
from orchestration.recommend.sparse import bytes_of
from orchestration.recommend.tables import session_changes_file, session_history_file, session_index_file
from orchestration.storage.atomic_write import write_durably

#: Increments go through so many sessions, as a share of all, before they are merged: then they cost what a merge does.
#: A shop that is refreshed each hour merges what a few hours brought, one that is refreshed each day what days did.
MERGE_SHARE = 0.1
#: Above this share of changed sessions all are learned again, which then costs less than a merge.
REBUILD_SHARE = 0.5
#: What one address adds is bounded: others' sessions decide which ones that leaves out (mart ``crowded_sessions``).
_LEARNED = "from session_products anti join crowded using (session_id)"
_CLICKS = f"select session_id, product_id, place, ended_at {_LEARNED}"


@dataclass(frozen=True)
class Refreshed:
    """What a run did."""

    index: SessionIndex
    learned: int
    """Sessions that were gone through."""
    gone: int
    """Sessions of the history that are none any more."""
    merged: bool
    """Whether history and index were brought up to date, not what stands beside them."""
    why_whole: str | None
    """Why all were learned again; None when only those that changed were."""
    whole_at: str
    """When all were learned, in words of ISO 8601."""


def refresh(
    derived: Path,
    warehouse: duckdb.DuckDBPyConnection,
    now: datetime,
    *,
    config: NextItemConfig | None = None,
    merge_share: float = MERGE_SHARE,
    rebuild_share: float = REBUILD_SHARE,
) -> Refreshed:
    """Bring the index of all sessions of the mart, but for crowded ones, up to date."""
    config = config or NextItemConfig()
    history, why = _usable(derived, config)
    warehouse.execute("create or replace temp table crowded as select session_id from crowded_sessions")
    if history is not None:
        changed = _changed(warehouse, history)
        ids = bytes_of(pc.unique(changed["session_id"]))
        gone = _gone(warehouse, history, len(ids) - len(history.find(ids)))
        changes = len(ids) + len(gone)
        if changes <= rebuild_share * history.sessions:
            gone_through = _gone_through(derived, history) + changes
            if gone_through > merge_share * history.sessions:
                notes = _notes(warehouse, history.notes["made_at"])
                index = _written(derived, merged(history, changed, gone, notes))
                return Refreshed(index, len(ids), len(gone), True, None, notes["made_at"])
            different = structs.replace(with_changes(history, changed, gone), gone_through=gone_through)
            write_durably(session_changes_file(derived), different.write)
            index = SessionIndex.open(session_index_file(derived), session_changes_file(derived))
            return Refreshed(index, len(ids), len(gone), False, None, history.notes["made_at"])
        why = f"{changes:,} sessions changed since the last, which had {history.sessions:,}"
    notes = _notes(warehouse, now.isoformat())
    history = history_of(warehouse.sql(_CLICKS).to_arrow_table(), config, notes)
    return Refreshed(_written(derived, history), history.sessions, 0, False, why, notes["made_at"])


def _notes(warehouse: duckdb.DuckDBPyConnection, made_at: str) -> dict[str, str]:
    [(newest, crowded)] = warehouse.sql(
        "select (select max(built_at) from session_products), (select count(*) from crowded)"
    ).fetchall()
    until = newest or datetime(1970, 1, 1)
    return {"seen_until": until.isoformat(), "crowded": str(crowded), "made_at": made_at}


def _changed(warehouse: duckdb.DuckDBPyConnection, history: History) -> pa.Table:
    """Clicks of the sessions that are not as the history has them."""
    seen_until = datetime.fromisoformat(history.notes["seen_until"])
    query = f"{_CLICKS} where built_at > ?"
    if history.notes.get("crowded", "0") == "0":
        return warehouse.sql(query, params=[seen_until]).to_arrow_table()
    # One that was left out is none of the history's, and counts once the crowd is smaller.
    with _known_sessions(warehouse, history):
        query += " or session_id not in (select id from known_sessions)"
        return warehouse.sql(query, params=[seen_until]).to_arrow_table()


@contextmanager
def _known_sessions(warehouse: duckdb.DuckDBPyConnection, history: History) -> Iterator[None]:
    """The ids of the history's sessions, as a table of the warehouse's."""
    warehouse.register("known_sessions", pa.table({"id": pa.array(history.archive.ids).cast(pa.string())}))
    try:
        yield
    finally:
        warehouse.unregister("known_sessions")


def _gone_through(derived: Path, history: History) -> int:
    """Sessions that increments went through since history and index were written."""
    path = session_changes_file(derived)
    if not path.exists():
        return 0
    try:
        before = Changed.open(path)
    except SessionIndexError:
        return 0  # a torn file of changes is written again
    return before.gone_through if before.rebuild == history.notes["index"] else 0


def _written(derived: Path, history: History) -> SessionIndex:
    """History and index as files; nothing stands beside them."""
    index = history.index()
    # The index first: what changed since another one counts no more, and beside it the old history is of no use to a
    # run that comes after a crash here.
    write_durably(session_index_file(derived), lambda aside: history.notes.update(index=index.write(aside)))
    write_durably(session_history_file(derived), history.write)
    session_changes_file(derived).unlink(missing_ok=True)
    return index


def _usable(derived: Path, config: NextItemConfig) -> tuple[History | None, str]:
    """The history to add to, or why there is none."""
    try:
        history = History.open(session_history_file(derived))
        if history is None:
            return None, "there is none yet"
        found = index_id(session_index_file(derived))
    except (ArrayFileError, SessionIndexError) as error:
        return None, str(error)
    if found != history.notes["index"]:
        return None, "the index is not of the sessions that were learned last"
    return (history, "") if history.config == config else (None, "the settings changed")


def _gone(warehouse: duckdb.DuckDBPyConnection, history: History, came: int) -> npt.NDArray[np.bytes_]:
    """Ids of the history's sessions that are none any more; ``came`` are sessions that the history doesn't know."""
    [(there,)] = warehouse.sql(f"select count(*) {_LEARNED} where place = 1").fetchall()
    if there == history.sessions + came:
        return history.archive.ids[:0]
    with _known_sessions(warehouse, history):
        found = warehouse.sql(
            f"""
            select id
            from known_sessions
            anti join (select session_id {_LEARNED} where place = 1) as sessions on id = session_id
            order by id
            """
        ).to_arrow_table()
    return bytes_of(found["id"])
