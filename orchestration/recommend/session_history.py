"""What was learned from past sessions, kept so that more of them can be added without going through all again.

    history = history_of(clicks)                      # a rebuild
    history.index().write(path)
    with_changes(history, changed, gone).write(path)  # of session_changes.py: what is different now

An increment doesn't write a history: changes are always counted from the rebuild that made it. Strengths of rules are
sums of 1 / steps. They are kept as whole multiples of 1 / ``unit``, which have the same sum in any order.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from footfall.snapshot.array_file import open_arrays, write_arrays
from footfall.snapshot.session_arrays import SessionArrays
from footfall.snapshot.session_index import NextItemConfig, SessionIndex
from orchestration.recommend.sparse import (
    SCORE_DIGITS,
    bounds_of,
    bytes_of,
    codes,
    place_in_run,
    places_of,
    running,
)

_MAGIC = b"FFHIST01"
#: Raised when a history of before can't be added to.
_GENERATION = 3

Ints = npt.NDArray[np.integer[Any]]


class Sessions(NamedTuple):
    """Session n has the products ``items[bounds[n]:bounds[n + 1]]``, in the order of the clicks, and ended at
    ``ended[n]``."""

    items: Ints
    bounds: Ints
    ended: npt.NDArray[Any]


class Lookups(msgspec.Struct, frozen=True):
    """What the index is made from. Sessions are numbered by recency, 0 the newest, all of them; of a group n, its
    entries are ``x[bounds[n]:bounds[n + 1]]``.
    """

    session_bounds: Ints
    session_items: Ints
    """Each product of a session once, in the order of their first clicks."""
    carriers: Ints
    """By product, the sessions that have it."""
    posting_bounds: Ints
    postings: Ints
    """The newest sessions of a product."""
    rule_bounds: Ints
    rule_items: Ints
    rule_totals: Ints
    """By product, what comes later most strongly, in units."""

    def is_kept(self) -> npt.NDArray[np.bool_]:
        """A session that is among the newest of none of its products is never looked up."""
        result = np.zeros(len(self.session_bounds) - 1, dtype=bool)
        result[self.postings] = True
        return result

    def index(self, products: Sequence[str], config: NextItemConfig) -> SessionIndex:
        """What the API scores with: the sessions that can be looked up, the strongest rules."""
        is_kept = self.is_kept()
        sessions, lengths = len(is_kept), np.diff(self.session_bounds)
        place = np.cumsum(is_kept, dtype=np.int64) - 1
        arrays = SessionArrays(
            session_bounds=running(lengths[is_kept]),
            session_items=self.session_items[np.repeat(is_kept, lengths)].astype(np.int32),
            posting_bounds=self.posting_bounds.astype(np.int64),
            postings=place[self.postings].astype(np.int32),
            idf=idf_of(sessions, self.carriers),
            rule_bounds=self.rule_bounds.astype(np.int64),
            rule_items=self.rule_items.astype(np.int32),
            rule_strengths=strengths_of(self.rule_totals, config),
        )
        return SessionIndex(list(products), arrays, config, sessions)


class Archive(msgspec.Struct, frozen=True):
    """What the lookups were made from, numbered alike."""

    ended: npt.NDArray[Any]
    click_bounds: Ints
    clicks: Ints
    """Every click of a session, in order."""
    total_bounds: Ints
    total_items: Ints
    totals: Ints
    """By product, all that came later, in units."""
    total_ranks: npt.NDArray[np.unsignedinteger[Any]]
    """From 1, the place of each among the rules of its product; 0: it is none."""
    ids: npt.NDArray[np.bytes_]
    """Of the sessions, in their own order ..."""
    numbers: Ints
    """... and the number of each."""
    places: Ints
    """By number, the place of a session's id."""
    kept: Ints
    """Numbers of the sessions that the index has."""


@dataclasses.dataclass(frozen=True)
class History:
    """All that was learned from some sessions; ``notes`` are the caller's."""

    products: Sequence[str]
    config: NextItemConfig
    lookups: Lookups
    archive: Archive
    notes: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def sessions(self) -> int:
        return len(self.archive.ended)

    def index(self) -> SessionIndex:
        return self.lookups.index(self.products, self.config)

    def find(self, ids: npt.NDArray[np.bytes_]) -> Ints:
        """The numbers of those of the sessions that are known."""
        known = self.archive.ids
        if not len(known):
            return np.zeros(0, np.int64)
        places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        return self.archive.numbers[places[known[places] == ids]].astype(np.int64)

    def write(self, path: Path) -> None:
        """The file, in full; neither renamed nor synced."""
        about = {
            "products": list(self.products),
            "config": self.config,
            "notes": self.notes,
            "generation": _GENERATION,
        }
        arrays = {**msgspec.structs.asdict(self.lookups), **msgspec.structs.asdict(self.archive)}
        write_arrays(path, _MAGIC, about, arrays)

    @classmethod
    def open(cls, path: Path) -> History | None:
        """Map a file; None where there is none, or one of another generation. Raises ArrayFileError if it is torn."""
        if not path.exists():
            return None
        opened = open_arrays(path, _MAGIC, "history of sessions")
        if msgspec.json.decode(opened.header, type=_Generation).generation != _GENERATION:
            return None
        header = msgspec.json.decode(opened.header, type=_Header)
        lookups = Lookups(**{name: opened.arrays.pop(name) for name in Lookups.__struct_fields__})
        return cls(header.products, header.config, lookups, Archive(**opened.arrays), header.notes)


class _Generation(msgspec.Struct, frozen=True):
    generation: int


class _Header(msgspec.Struct, frozen=True):
    products: list[str]
    config: NextItemConfig
    notes: dict[str, str]


def idf_of(sessions: int, carriers: Ints) -> npt.NDArray[np.float64]:
    """By product: log(sessions / sessions that saw it)."""
    counts, which = np.unique(carriers, return_inverse=True)
    found = [math.log(sessions / n) if n else 0.0 for n in counts.tolist()]
    return np.array(found, dtype=np.float64)[which]


def strengths_of(totals: Ints, config: NextItemConfig) -> npt.NDArray[np.float64]:
    """Units as they are scored with."""
    result: npt.NDArray[np.float64] = np.round(totals / unit(config), SCORE_DIGITS)
    return result


def unit(config: NextItemConfig) -> int:
    """1 / steps is a whole number of 1 / unit for all steps that rules look at."""
    return math.lcm(*range(1, config.rule_steps + 1))


def history_of(
    clicks: pa.Table, config: NextItemConfig | None = None, notes: dict[str, str] | None = None
) -> History:
    """Learn from the mart session_products: session_id, product_id, place and ended_at, in any order."""
    products, ids, sessions = encoded(clicks)
    return learned(products, sessions, config or NextItemConfig(), ids, notes)


def encoded(clicks: pa.Table) -> tuple[list[str], npt.NDArray[np.bytes_], Sessions]:
    """(products in the order of their ids, session ids in order, the sessions in this order)."""
    # Numbers in the order of the ids: the same sessions give the same history, however the rows come.
    ids, session_numbers = codes(clicks["session_id"])
    products, items = codes(clicks["product_id"])
    place = clicks["place"].to_numpy().astype(np.int64)
    # One number, which nearly rises as the mart has its rows: stable is the sort that makes use of it.
    order = np.argsort(session_numbers * (int(place.max(initial=0)) + 1) + place, kind="stable")
    session_numbers, items = session_numbers[order], items[order]
    starts = np.flatnonzero(np.diff(session_numbers, prepend=-1))
    ended = clicks["ended_at"].cast(pa.int64()).to_numpy()[order][starts]
    return products.to_pylist(), bytes_of(ids), Sessions(items, np.append(starts, len(items)), ended)


def newest_first(ended: npt.NDArray[Any]) -> Ints:
    """Sessions by recency; of those that ended at once the first in their own order."""
    return np.argsort(-ended, kind="stable")


def learned(
    products: Sequence[str],
    sessions: Sessions,
    config: NextItemConfig,
    ids: npt.NDArray[np.bytes_] | None = None,
    notes: dict[str, str] | None = None,
) -> History:
    """A history, by going through all sessions. Without ``ids`` it can't be added to."""
    count = len(products)
    order = newest_first(sessions.ended)
    numbers = np.empty(len(order), dtype=np.int32)
    numbers[order] = np.arange(len(order), dtype=np.int32)
    click_bounds, clicks = taken(sessions.items, sessions.bounds, order)
    totals = pair_totals(clicks, np.repeat(np.arange(len(order)), np.diff(click_bounds)), count, config)
    session_bounds, session_items = once_each(clicks, click_bounds, count)
    carried = np.repeat(np.arange(len(order)), np.diff(session_bounds))
    by_item = np.argsort(session_items, kind="stable")
    by_item = by_item[place_in_run(session_items[by_item]) < config.sessions_per_item]
    all_pairs = totals.tocoo()
    rule_bounds, rule_places = strongest(all_pairs.row, all_pairs.col, all_pairs.data, count, config)
    lookups = Lookups(
        session_bounds=session_bounds,
        session_items=session_items.astype(np.int32),
        carriers=np.bincount(session_items, minlength=count),
        posting_bounds=bounds_of(session_items[by_item], count),
        postings=carried[by_item].astype(np.int32),
        rule_bounds=rule_bounds,
        rule_items=all_pairs.col[rule_places].astype(np.int32),
        rule_totals=all_pairs.data[rule_places],
    )
    archive = Archive(
        ended=sessions.ended[order],
        click_bounds=click_bounds,
        clicks=clicks.astype(np.int32),
        total_bounds=totals.indptr.astype(np.int64),
        total_items=totals.indices.astype(np.int32),
        totals=totals.data,
        total_ranks=ranks_of(len(all_pairs.data), rule_bounds, rule_places, config),
        ids=np.zeros(0, "S1") if ids is None else ids,
        numbers=numbers,
        places=order.astype(np.int32),
        kept=np.flatnonzero(lookups.is_kept()),
    )
    return History(products, config, lookups, archive, notes or {})


def pair_totals(items: Ints, session: Ints, count: int, config: NextItemConfig) -> sp.csr_array[Any]:
    """From each product to what came later in a session, in units: a pair of clicks so many steps apart counts
    unit / steps. Columns in order."""
    total: Any = sp.csr_array((count, count), dtype=np.int64)
    for steps, earlier, later in pairs_apart(items, session, config):
        weights = np.full(len(earlier), unit(config) // steps, dtype=np.int64)
        total = total + sp.coo_array((weights, (earlier, later)), shape=(count, count)).tocsr()
    total.sort_indices()
    return total


def pairs_apart(items: Ints, session: Ints, config: NextItemConfig) -> Iterator[tuple[int, Ints, Ints]]:
    """(steps, earlier, later): the pairs of different products in a session, as many steps apart as rules look at."""
    for steps in range(1, config.rule_steps + 1):
        pairs = (session[:-steps] == session[steps:]) & (items[:-steps] != items[steps:])
        yield steps, items[:-steps][pairs], items[steps:][pairs]


def strongest(row: Ints, col: Ints, totals: Ints, count: int, config: NextItemConfig) -> tuple[Ints, Ints]:
    """(bounds, places) of the best ``rules_kept`` pairs of each row, ties by column. Pairs in any order, each once,
    with totals above 0."""
    most = int(totals.max(initial=0))
    if count * count * (most + 1) < 2**63:
        # All in one number: sorted ten times as fast as by three keys.
        order = np.argsort((row.astype(np.int64) * (most + 1) + (most - totals)) * count + col)
    else:
        order = np.lexsort((col, -totals, row))
    ranked = row[order]
    kept = place_in_run(ranked) < config.rules_kept
    return bounds_of(ranked[kept], count), order[kept]


def ranks_of(
    pairs: int, bounds: Ints, places: Ints, config: NextItemConfig
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Of so many pairs, the place of each among the rules of its product, from 1; 0: it is none. As ``strongest`` has
    them."""
    ranks = np.zeros(pairs, dtype=np.min_scalar_type(config.rules_kept))
    ranks[places] = np.arange(len(places)) - np.repeat(bounds[:-1], np.diff(bounds)) + 1
    return ranks


def once_each(clicks: Ints, bounds: Ints, count: int) -> tuple[Ints, Ints]:
    """(bounds, items) of the products of each session, each once, in the order of their first clicks."""
    session = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    _, first = np.unique(session * count + clicks, return_index=True)
    first.sort()  # by session, then by click
    return bounds_of(session[first], len(bounds) - 1), clicks[first]


def taken(items: Ints, bounds: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """(bounds, items) of these groups, in this order."""
    return running(np.diff(bounds)[groups]), items[places_of(bounds, groups)]
