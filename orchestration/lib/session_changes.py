"""The session index with what changed since a history was learned: the bits of a rebuild for a share of its work.

Changed sessions are new ones, and ones that are others now (a session that went on, clicks that came late): as the
history has them they go, with those that are no more, and as they are now they come. Numbers of sessions are by
recency, so each moves by what came and went before it. What a product's list holds of the history is known only as far
back as the list went: where too much of it went, the product's sessions are looked up in the history again.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from footfall.session_index import SessionIndex
from orchestration.lib.session_history import (
    History,
    Ints,
    Lookups,
    Sessions,
    encoded,
    newest_first,
    once_each,
    pair_totals,
    strongest,
    taken,
)
from orchestration.lib.sparse import bounds_of, place_in_run, running

Bools = npt.NDArray[np.bool_]


class _Recent(NamedTuple):
    """The changed sessions, newest first."""

    numbers: Ints
    """Their numbers among all sessions of now."""
    bounds: Ints
    clicks: Ints


class _Moved(NamedTuple):
    """What became of the sessions of the history, by their numbers in it."""

    sessions: int
    """So many there are now."""
    is_gone: Bools
    before: Ints
    """How many sessions of now are newer: the new number of those that stayed."""


def with_changes(history: History, changed: pa.Table, gone: npt.NDArray[np.bytes_]) -> SessionIndex:
    """The index of the history's sessions, but for those that are ``gone``, and the changed ones.

    changed: all clicks of every session that is not as the history has it, as ``history_of`` takes them. gone: ids.
    """
    products, ids, sessions = encoded(changed)
    everything = sorted({*history.products, *products})
    place = {product: number for number, product in enumerate(everything)}
    known = np.array([place[product] for product in history.products], dtype=np.int64)
    named = np.array([place[product] for product in products], dtype=np.int64)
    items = named[sessions.items] if len(sessions.items) else sessions.items
    moved, recent = _numbered(history, ids, sessions._replace(items=items), gone)
    old = _renamed(history, known, len(everything))

    session_bounds, session_items = _merged_sessions(old.lookups, moved, recent, len(everything))
    posting_bounds, postings = _postings(old, moved, recent, len(everything))
    rule_bounds, rule_items, rule_totals = _rules(old, moved, recent, len(everything))
    lookups = Lookups(
        session_bounds=session_bounds,
        session_items=session_items,
        carriers=np.bincount(session_items, minlength=len(everything)),
        posting_bounds=posting_bounds,
        postings=postings,
        rule_bounds=rule_bounds,
        rule_items=rule_items,
        rule_totals=rule_totals,
    )
    is_seen = lookups.carriers > 0
    seen = [product for product, there in zip(everything, is_seen.tolist(), strict=True) if there]
    return _without(lookups, ~is_seen).index(seen, history.config)


def _numbered(
    history: History, ids: npt.NDArray[np.bytes_], sessions: Sessions, gone: npt.NDArray[np.bytes_]
) -> tuple[_Moved, _Recent]:
    is_gone = np.zeros(history.sessions, dtype=bool)
    is_gone[history.find(gone)] = True
    is_gone[history.find(ids)] = True
    order = newest_first(sessions.ended)
    bounds, clicks = taken(sessions.items, sessions.bounds, order)
    # Where each changed session stands between those of the history; of those that ended at once the ids decide.
    ended, fallen = sessions.ended[order], -history.archive.ended
    first, last = np.searchsorted(fallen, -ended, "left"), np.searchsorted(fallen, -ended, "right")
    tied = np.flatnonzero(first < last)
    if len(tied):
        id_of = np.empty(history.sessions, dtype=np.int64)
        id_of[history.archive.numbers] = np.arange(history.sessions)
        for one in tied.tolist():
            names = history.archive.ids[id_of[first[one] : last[one]]]
            first[one] += np.searchsorted(names, ids[order[one]])
    went = np.append(0, np.cumsum(is_gone))
    came = np.cumsum(np.bincount(first, minlength=history.sessions + 1))[: history.sessions]
    count = history.sessions - int(went[-1]) + len(order)
    moved = _Moved(count, is_gone, np.arange(history.sessions) - went[:-1] + came)
    return moved, _Recent(np.arange(len(order)) + first - went[first], bounds, clicks)


def _renamed(history: History, place: Ints, count: int) -> History:
    """The same with products numbered among more of them; their order stays, so each list stays sorted."""
    if count == len(place):
        return history
    lookups, archive = history.lookups, history.archive

    def spread(bounds: Ints) -> Ints:
        lengths = np.zeros(count, dtype=np.int64)
        lengths[place] = np.diff(bounds)
        return running(lengths)

    carriers = np.zeros(count, dtype=np.int64)
    carriers[place] = lookups.carriers
    return dataclasses.replace(
        history,
        lookups=msgspec.structs.replace(
            lookups,
            session_items=place[lookups.session_items],
            carriers=carriers,
            posting_bounds=spread(lookups.posting_bounds),
            rule_bounds=spread(lookups.rule_bounds),
            rule_items=place[lookups.rule_items],
        ),
        archive=msgspec.structs.replace(
            archive,
            clicks=place[archive.clicks],
            total_bounds=spread(archive.total_bounds),
            total_items=place[archive.total_items],
        ),
    )


def _merged_sessions(old: Lookups, moved: _Moved, recent: _Recent, count: int) -> tuple[Ints, Ints]:
    bounds, items = once_each(recent.clicks, recent.bounds, count)
    old_lengths = np.diff(old.session_bounds)
    lengths = np.empty(moved.sessions, dtype=np.int64)
    lengths[moved.before[~moved.is_gone]] = old_lengths[~moved.is_gone]
    lengths[recent.numbers] = np.diff(bounds)
    is_recent = np.zeros(moved.sessions, dtype=bool)
    is_recent[recent.numbers] = True
    is_recent_item = np.repeat(is_recent, lengths)
    merged = np.empty(len(is_recent_item), dtype=np.int32)
    merged[is_recent_item] = items
    merged[~is_recent_item] = old.session_items[np.repeat(~moved.is_gone, old_lengths)]
    return running(lengths), merged


def _postings(history: History, moved: _Moved, recent: _Recent, count: int) -> tuple[Ints, Ints]:
    old, limit = history.lookups, history.config.sessions_per_item
    bounds, items = once_each(recent.clicks, recent.bounds, count)
    # A pair of product and session as one number, in the order of the lists.
    came = items.astype(np.int64) * moved.sessions + np.repeat(recent.numbers, np.diff(bounds))
    held = np.repeat(np.arange(count), np.diff(old.posting_bounds))
    stayed = ~moved.is_gone[old.postings]
    left = held[stayed] * moved.sessions + moved.before[old.postings[stayed]]
    keys = np.sort(np.concatenate([left, came]))

    # How far back a list that was cut is known: to its last session, that one included if it is still there.
    reach = np.full(count, moved.sessions, dtype=np.int64)
    cut = np.flatnonzero(old.carriers > limit)
    last = old.postings[old.posting_bounds[cut + 1] - 1]
    reach[cut] = moved.before[last] + ~moved.is_gone[last]
    product = keys // moved.sessions
    is_known = keys - product * moved.sessions < reach[product]
    enough = np.bincount(product[is_known], minlength=count) >= limit
    short = np.zeros(count, dtype=bool)
    short[cut] = ~enough[cut]
    keys = keys[is_known & ~short[product]]
    if short.any():
        found = np.flatnonzero(short[old.session_items])
        session = np.searchsorted(old.session_bounds, found, "right") - 1
        found, session = found[~moved.is_gone[session]], session[~moved.is_gone[session]]
        again = old.session_items[found].astype(np.int64) * moved.sessions + moved.before[session]
        keys = np.sort(np.concatenate([keys, again, came[short[items]]]))
    product, session = np.divmod(keys, max(moved.sessions, 1))
    kept = place_in_run(product) < limit
    return bounds_of(product[kept], count), session[kept]


def _rules(history: History, moved: _Moved, recent: _Recent, count: int) -> tuple[Ints, Ints, Ints]:
    lookups, archive, config = history.lookups, history.archive, history.config
    gone = np.flatnonzero(moved.is_gone)
    gone_bounds, gone_clicks = taken(archive.clicks, archive.click_bounds, gone)
    lost = pair_totals(gone_clicks, np.repeat(np.arange(len(gone)), np.diff(gone_bounds)), count, config)
    session = np.repeat(np.arange(len(recent.numbers)), np.diff(recent.bounds))
    difference = pair_totals(recent.clicks, session, count, config) - lost
    difference.eliminate_zeros()
    moves = difference.tocoo()
    total: Any = sp.csr_matrix(
        (archive.totals, archive.total_items, archive.total_bounds), shape=(count, count)
    )

    # Where something got weaker, what stood behind the best may be among them now: the row is ranked whole.
    is_weaker = np.zeros(count, dtype=bool)
    is_weaker[moves.row[moves.data < 0]] = True
    weaker = np.flatnonzero(is_weaker)
    whole = (total[weaker] + difference[weaker]).tocoo()
    there = whole.data > 0
    rises = ~is_weaker[moves.row]
    row, col = moves.row[rises], moves.col[rises]
    risen = moves.data[rises] + (np.asarray(total[row, col]).ravel() if len(row) else 0)
    best_row = np.repeat(np.arange(count), np.diff(lookups.rule_bounds))
    moved_keys = row.astype(np.int64) * count + col
    is_same = ~is_weaker[best_row] & ~np.isin(best_row * count + lookups.rule_items, moved_keys)
    candidates = sp.coo_array(
        (
            np.concatenate([whole.data[there], risen, lookups.rule_totals[is_same]]),
            (
                np.concatenate([weaker[whole.row[there]], row, best_row[is_same]]),
                np.concatenate([whole.col[there], col, lookups.rule_items[is_same]]),
            ),
        ),
        shape=(count, count),
    )
    return strongest(candidates, count, config)


def _without(lookups: Lookups, is_unseen: Bools) -> Lookups:
    """Without some products, which are in no list of the others."""
    if not is_unseen.any():
        return lookups
    place = np.cumsum(~is_unseen) - 1

    def fewer(bounds: Ints) -> Ints:
        return np.append(bounds[:-1][~is_unseen], bounds[-1])

    return msgspec.structs.replace(
        lookups,
        session_items=place[lookups.session_items],
        carriers=lookups.carriers[~is_unseen],
        posting_bounds=fewer(lookups.posting_bounds),
        rule_bounds=fewer(lookups.rule_bounds),
        rule_items=place[lookups.rule_items],
    )
