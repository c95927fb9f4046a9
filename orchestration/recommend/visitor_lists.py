"""Which visitors get a new list of neighbours, and what stands of the others.

Affinities fade and products get rarer or more common with every event, so that in truth every list moves all the time.
The rule that stands for it: a list is made again, against everybody as they are at that moment, when something was
logged about its visitor or somebody in it is no visitor any more; all lists are, when that is due.

    refreshed = refresh(paths.derived, affinities, log, now)

The lists of the last whole rebuild stand in ``visitor_affinity.parquet``, those made since in ``changes.parquet``
(``derived.py`` says how the two are read). ``visitor_affinity.names`` has who stands in which list of the rebuild as
numbers, where whoever is gone is looked for: a scan of ids is most of an increment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from footfall.snapshot.array_file import ArrayFileError, open_arrays, write_arrays
from orchestration.lake.schema import lake_time
from orchestration.recommend.sparse import bytes_of, places_of
from orchestration.recommend.tables import (
    changes_file,
    derived_file,
    notes_of,
    pairs_table,
    visitor_names_file,
    write_derived,
)
from orchestration.recommend.visitor_similarity import VisitorSimilarity, VisitorSimilarityConfig
from orchestration.storage.atomic_write import write_durably
from orchestration.storage.duckdb_files import in_memory, sql_path

TABLE = "visitor_affinity"
_MAGIC = b"FFNAME02"
#: All lists are made when half of the visitors have one in the changes ...
REBUILD_SHARE = 0.5
#: ... or when increments wrote again so many lists that they only carried on, as a share of all visitors. The changes
#: are written whole with each run: a list costs 0.4 of what making it does. So what was carried costs a rebuild at
#: most, whether a shop is refreshed each hour or each day.
CARRIED_SHARE = 2.5
_BATCH = 100_000


@dataclass(frozen=True)
class Log:
    """What the warehouse knows of changes (decision 0009)."""

    newest: datetime
    """Its newest entry."""
    rules: str
    """The rules that affinities are made by; other rules, other affinities of everybody."""
    since: Callable[[datetime], pa.Array]
    """The visitors named by entries newer than a moment, each once."""


def warehouse_log(connection: duckdb.DuckDBPyConnection) -> Log:
    """The log of changed visitors; ``since`` asks the connection, which must be open still."""
    [(newest,)] = connection.sql("select max(staged_at) from int_changed_visitors").fetchall()
    rules = connection.sql("select distinct rules from int_visitor_product_scores order by 1").fetchall()

    def since(moment: datetime) -> pa.Array:
        found = connection.sql(
            "select distinct visitor_id from int_changed_visitors where staged_at > ? order by 1",
            params=[moment],
        ).to_arrow_table()
        return found["visitor_id"].cast(pa.string()).combine_chunks()

    return Log(newest or datetime(1970, 1, 1), ", ".join(rule for (rule,) in rules), since)


@dataclass(frozen=True)
class Refreshed:
    """What a run did."""

    lists: int
    """Visitors whose lists were made."""
    changed: int
    """Visitors whose lists were made since the last whole rebuild."""
    gone: int
    """Visitors who had a list and have no affinity any more; a whole rebuild doesn't count them."""
    why_whole: str | None
    """Why all lists were made; None when only some were."""
    whole_at: datetime
    """The last whole rebuild."""
    similarity: VisitorSimilarity


def refresh(
    derived: Path,
    affinities: pa.Table,
    log: Log,
    now: datetime,
    *,
    rebuild_after: timedelta,
    config: VisitorSimilarityConfig | None = None,
    rebuild_share: float = REBUILD_SHARE,
    carried_share: float = CARRIED_SHARE,
    threads: int | None = None,
    memory: str = "4GB",
) -> Refreshed:
    """Bring ``lake/derived/visitor_affinity`` up to date. affinities: as ``VisitorSimilarity`` takes them.

    rebuild_after: all lists are made at least so often (the setting affinity_rebuild_hours).
    memory: limit of the search for lists that name somebody who is gone.
    """
    similarity = VisitorSimilarity(affinities, config, threads=threads)
    made_by = {"model_version": similarity.model_version, "rules": log.rules}
    whole = notes_of(derived_file(derived, TABLE))
    now = lake_time(now)
    why = _why_whole(whole, made_by, now, rebuild_after)
    names = None if why else _Names.of(derived, whole["computed_at"])
    if names is None:
        why = why or "who stands in its lists isn't known"
        return _make_all(derived, similarity, log, made_by, now, why)
    standing = _Standing(derived, whole["computed_at"], names, memory)
    news = _news(standing, log, similarity.visitor_ids)
    visitors = len(similarity.visitor_ids)
    if news.changed > rebuild_share * visitors:
        why = f"{news.changed:,} visitors changed since the last"
    if news.carried > carried_share * visitors:
        why = f"changed lists were written again {news.carried:,} times since the last"
    if why:
        return _make_all(derived, similarity, log, made_by, now, why)
    notes = {
        **made_by,
        "since": whole["computed_at"],
        "seen_until": log.newest.isoformat(),
        "carried": str(news.carried),
    }

    def parts() -> Iterator[pa.Table]:
        yield from standing.without(news.again)
        yield _marks(news.again, similarity.model_version, now)
        yield from similarity.tables(now, news.again)

    write_derived(derived, TABLE, parts(), notes=notes, changes=True)
    whole_at = datetime.fromisoformat(whole["computed_at"])
    return Refreshed(len(news.again) - news.gone, news.changed, news.gone, None, whole_at, similarity)


def _make_all(
    derived: Path,
    similarity: VisitorSimilarity,
    log: Log,
    made_by: dict[str, str],
    now: datetime,
    why: str,
) -> Refreshed:
    """Everybody's lists, who stands in which, and no changes."""
    notes = {**made_by, "computed_at": now.isoformat(), "seen_until": log.newest.isoformat()}
    keys, others = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]

    def told(key: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> None:
        keys.append(key.astype(np.int32))
        others.append(other.astype(np.int32))

    write_derived(derived, TABLE, similarity.tables(now, told=told), notes=notes)
    named = _Names.made(similarity.visitor_ids, keys, others)
    write_durably(visitor_names_file(derived), lambda aside: named.write(aside, notes["computed_at"]))
    write_derived(derived, TABLE, [], changes=True)
    return Refreshed(len(similarity.visitor_ids), 0, 0, why, now, similarity)


@dataclass(frozen=True)
class _News:
    """What is to be done with the lists that stand."""

    again: pa.Array
    """Visitors whose lists are made ..."""
    gone: int
    """... or taken away, so many of them."""
    changed: int
    """Lists that will be in the changes."""
    carried: int
    """Lists that runs since the rebuild wrote to the changes as they were, this run's among them."""


def _news(standing: _Standing, log: Log, visitor_ids: pa.Array) -> _News:
    touched = log.since(standing.seen_until)
    is_there = _is_among(touched, visitor_ids)
    # Most of those without an affinity never had one.
    about_gone = standing.about(touched.filter(pc.invert(is_there)))
    again = pc.unique(pa.chunked_array([touched.filter(is_there), about_gone]))
    gone = pc.sum(pc.invert(_is_among(again, visitor_ids))).as_py() or 0
    kept = pc.sum(pc.invert(pc.is_in(standing.keys, value_set=again))).as_py() or 0
    return _News(again, gone, len(again) + kept, standing.carried + kept)


def _why_whole(
    whole: dict[str, str], made_by: dict[str, str], now: datetime, rebuild_after: timedelta
) -> str | None:
    if "computed_at" not in whole:
        return "there are none yet"
    if any(whole[name] != value for name, value in made_by.items()):
        return "the code or the rules of affinity changed"
    age = now - datetime.fromisoformat(whole["computed_at"])
    if age <= timedelta(0):
        return "the last is of a later moment than now"
    return f"the last is {age} old" if age >= rebuild_after else None


class _Names(msgspec.Struct, frozen=True):
    """Who stands in which list of a rebuild. Visitors are numbers; visitor n is in the lists of
    ``lists[bounds[n]:bounds[n + 1]]``, the own one among them."""

    ids: npt.NDArray[np.bytes_]
    """Sorted."""
    bounds: npt.NDArray[np.int64]
    lists: npt.NDArray[np.int32]

    @classmethod
    def made(
        cls, ids: pa.Array, keys: list[npt.NDArray[np.int32]], others: list[npt.NDArray[np.int32]]
    ) -> _Names:
        """keys, others: the pairs of some tables; they are let go of as soon as they stand together."""
        own = np.unique(np.concatenate([each[np.flatnonzero(np.diff(each, prepend=-1))] for each in keys]))
        named, lists = np.concatenate([*others, own]), np.concatenate([*keys, own])
        keys.clear()
        others.clear()
        # Several sources have one pair: here it is one.
        is_in = sp.coo_array(
            (np.ones(len(named), np.bool_), (named, lists)), shape=(len(ids), len(ids))
        ).tocsr()
        return cls(bytes_of(ids), is_in.indptr.astype(np.int64), is_in.indices.astype(np.int32))

    def write(self, path: Path, whole_at: str) -> None:
        write_arrays(path, _MAGIC, {"whole_at": whole_at}, msgspec.structs.asdict(self))

    @classmethod
    def of(cls, derived: Path, whole_at: str) -> _Names | None:
        """Those of this rebuild, if they are there and whole."""
        try:
            opened = open_arrays(visitor_names_file(derived), _MAGIC, "list of who stands in lists")
        except ArrayFileError:
            return None
        return cls(**opened.arrays) if msgspec.json.decode(opened.header)["whole_at"] == whole_at else None

    def about(self, visitors: pa.Array) -> pa.Array:
        """Whose lists are of these visitors or name one of them."""
        wanted = np.sort(bytes_of(visitors))
        place = np.searchsorted(self.ids, wanted)
        known = place < len(self.ids)
        known[known] = self.ids[place[known]] == wanted[known]
        found = self.ids[np.unique(self.lists[places_of(self.bounds, place[known])])]
        return pa.array([each.decode() for each in found.tolist()], pa.string())


def _is_among(asked: pa.Array, ids: pa.Array) -> pa.Array:
    """Which of a few are among many: a table of the few is made in no time."""
    return pc.is_in(asked, value_set=ids.filter(pc.is_in(ids, value_set=asked)))


class _Standing:
    """The lists on disk: of a whole rebuild and of the changes since."""

    def __init__(self, derived: Path, whole_at: str, names: _Names, memory: str) -> None:
        self._changes, self._names = changes_file(derived, TABLE), names
        self._derived, self._memory = derived, memory
        notes = notes_of(self._changes)
        self._has_changes = notes.get("since") == whole_at
        in_force = notes if self._has_changes else notes_of(derived_file(derived, TABLE))
        self.seen_until = datetime.fromisoformat(in_force["seen_until"])
        #: Lists of changes that runs since the rebuild wrote as they were; changes of older code don't say.
        self.carried = int(notes.get("carried", 0)) if self._has_changes else 0
        self.keys: pa.Array = pa.array([], pa.string())
        if self._has_changes:
            marks = pq.read_table(self._changes, columns=["key"], filters=[("rank", "=", 0)])
            self.keys = marks["key"].combine_chunks()

    def about(self, visitors: pa.Array) -> pa.Array:
        """Whose lists that are in force are of these visitors or name one of them, sorted."""
        found = self._names.about(visitors) if len(visitors) else pa.array([], pa.string())
        found = found.filter(pc.invert(pc.is_in(found, value_set=self.keys)))
        if self._has_changes and len(visitors):
            with in_memory(self._derived, self._memory) as connection:
                connection.register("asked", pa.table({"id": visitors}))
                again = connection.sql(
                    f"""
                    with lists as not materialized (
                        select key, other from read_parquet('{sql_path(self._changes)}') where rank > 0
                    )
                    select key from lists semi join asked on other = id
                    union
                    select key from lists semi join asked on key = id
                    """
                ).to_arrow_table()
            found = pc.unique(pa.chunked_array([found, *again["key"].chunks]))
        return found.sort()

    def without(self, keys: pa.Array) -> Iterator[pa.Table]:
        """The changes of other visitors than these."""
        if not self._has_changes:
            return
        with pq.ParquetFile(self._changes) as file:
            for batch in file.iter_batches(_BATCH):
                table = pa.Table.from_batches([batch])
                yield table.filter(
                    pc.invert(pc.is_in(table["key"], value_set=keys))
                ).replace_schema_metadata()


def _marks(keys: pa.Array, model_version: str, now: datetime) -> pa.Table:
    """Rows that say whose lists were made again."""
    nothing = np.zeros(len(keys))
    return pairs_table(
        key=keys.sort(),
        other=pa.nulls(len(keys), pa.string()),
        rank=nothing.astype(np.int32),
        score=nothing,
        source="changed",
        model_version=model_version,
        computed_at=now,
        shared=pa.nulls(len(keys), pa.list_(pa.string())),
    )
