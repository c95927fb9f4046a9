"""The session index with what changed since a history was learned: the bits of a rebuild for a share of its work.

Changed sessions are new ones, and ones that are others now (a session that went on, clicks that came late): as the
history has them they go, with those that are no more, and as they are now they come. Numbers of sessions are by
recency, so each moves by what came and went before it. What a product's list holds of the history is known only as far
back as the list went: where too much of it went, the product's sessions are looked up in the history again.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
from orchestration.lib.sparse import found_in, place_in_run, places_of, running

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
    came = np.sort(items.astype(np.int64) * moved.sessions + np.repeat(recent.numbers, np.diff(bounds)))
    product, session = np.divmod(came, max(moved.sessions, 1))
    numbers = moved.before.astype(np.int32)[old.postings]

    # How far back a list that was cut is known: to its last session, that one included if it is still there.
    reach = np.full(count, moved.sessions, dtype=np.int64)
    cut = np.flatnonzero(old.carriers > limit)
    last = old.posting_bounds[cut + 1] - 1
    reach[cut] = numbers[last] + ~moved.is_gone[old.postings[last]]
    is_known = session < reach[product]
    known_product, known_session = product[is_known], session[is_known]
    place = found_in(old.posting_bounds, known_product, known_session, lambda at: numbers[at])

    stayed = ~moved.is_gone[old.postings]
    lengths = np.diff(running(stayed)[old.posting_bounds]) + np.bincount(known_product, minlength=count)
    short = np.zeros(count, dtype=bool)
    short[cut] = lengths[cut] < limit
    # Between the sessions of before stand those that came; then what went is left out, and what is beyond the limit.
    is_new = np.zeros(len(numbers) + len(place), dtype=bool)
    is_new[place + np.arange(len(place))] = True
    merged = np.empty(len(is_new), dtype=np.int32)
    merged[is_new], merged[~is_new] = known_session, numbers
    is_there = np.ones(len(is_new), dtype=bool)
    is_there[~is_new] = stayed
    kept_here = _firsts(merged[is_there], lengths, np.where(short, 0, np.minimum(lengths, limit)))
    lengths = np.minimum(lengths, limit)
    if not short.any():
        return running(lengths), kept_here
    found = np.flatnonzero(short[old.session_items])
    session = np.searchsorted(old.session_bounds, found, "right") - 1
    found, session = found[~moved.is_gone[session]], session[~moved.is_gone[session]]
    again = old.session_items[found].astype(np.int64) * moved.sessions + moved.before[session]
    keys = np.sort(np.concatenate([again, came[short[product]]]))
    product, session = np.divmod(keys, moved.sessions)
    kept = place_in_run(product) < limit
    product, session = product[kept], session[kept]
    lengths[short] = np.bincount(product, minlength=count)[short]
    is_again = np.repeat(short, lengths)
    result = np.empty(len(is_again), dtype=np.int32)
    result[is_again], result[~is_again] = session, kept_here
    return running(lengths), result


def _firsts(entries: Ints, lengths: Ints, kept: Ints) -> Ints:
    """So many first entries of each group of these lengths."""
    spans = np.stack([kept, lengths - kept], axis=1).ravel()
    return entries[np.repeat(np.tile([True, False], len(lengths)), spans)]


def _rules(history: History, moved: _Moved, recent: _Recent, count: int) -> tuple[Ints, Ints, Ints]:
    """Only pairs whose total moved are looked up, only rows with such a pair in front are ranked. What is in no list
    and didn't move stays behind the last of a full list: where enough of what is known is not behind that one as it
    was, nothing else can be among the best. Elsewhere all pairs of the row are ranked."""
    lookups, archive, config = history.lookups, history.archive, history.config
    row, col, change = _moves(history, moved, recent, count)
    place = found_in(archive.total_bounds, row, col, lambda at: archive.total_items[at])
    is_old = place < archive.total_bounds[row + 1]
    is_old[is_old] = archive.total_items[place[is_old]] == col[is_old]
    totals, rank = change.copy(), np.zeros(len(row), dtype=np.int64)
    totals[is_old] += archive.totals[place[is_old]]
    rank[is_old] = archive.total_ranks[place[is_old]]
    is_listed = rank > 0
    lengths = np.diff(lookups.rule_bounds)
    is_full = lengths >= config.rules_kept
    last = lookups.rule_bounds[1:][is_full] - 1
    # The last of a full list; where a list isn't full, nothing stands behind it.
    last_total, last_col = np.zeros(count, dtype=np.int64), np.full(count, -1)
    last_total[is_full], last_col[is_full] = lookups.rule_totals[last], lookups.rule_items[last]

    def in_front(row: Ints, col: Ints, totals: Ints) -> Bools:
        least = last_total[row]
        result: Bools = (totals > least) | ((totals == least) & (col <= last_col[row]))
        return result

    is_touched = np.zeros(count, dtype=bool)
    is_touched[row[is_listed]] = True
    is_ahead = ~is_listed & in_front(row, col, totals)
    is_touched[row[is_ahead]] = True
    rule_totals = np.array(lookups.rule_totals)
    rule_totals[lookups.rule_bounds[row[is_listed]] + rank[is_listed] - 1] = totals[is_listed]
    touched = np.flatnonzero(is_touched)
    held, places = np.repeat(touched, lengths[touched]), places_of(lookups.rule_bounds, touched)
    cols, sums = lookups.rule_items[places], rule_totals[places]
    known = in_front(held, cols, sums)
    parts = [(held[known], cols[known], sums[known]), (row[is_ahead], col[is_ahead], totals[is_ahead])]
    found = sum(np.bincount(part[0], minlength=count) for part in parts)
    is_short = is_touched & is_full & (found < config.rules_kept)
    if is_short.any():
        parts = [tuple(each[~is_short[part[0]]] for each in part) for part in parts]
        short, came = np.flatnonzero(is_short), ~is_old & is_short[row]
        places = places_of(archive.total_bounds, short)
        now, moved_here = archive.totals[places], is_old & is_short[row]
        now[np.searchsorted(places, place[moved_here])] = totals[moved_here]
        whole, still = np.repeat(short, np.diff(archive.total_bounds)[short]), now > 0
        parts.append((whole[still], archive.total_items[places][still], now[still]))
        parts.append((row[came], col[came], totals[came]))
    rows, cols, sums = (np.concatenate(each) for each in zip(*parts, strict=True))
    bounds, best = strongest(rows, cols, sums, count, config)
    new_lengths = np.where(is_touched, np.diff(bounds), lengths)
    is_ranked, was_ranked = np.repeat(is_touched, new_lengths), np.repeat(is_touched, lengths)
    items, strengths = np.empty(len(is_ranked), dtype=np.int32), np.empty(len(is_ranked), dtype=np.int64)
    items[is_ranked], items[~is_ranked] = cols[best], lookups.rule_items[~was_ranked]
    strengths[is_ranked], strengths[~is_ranked] = sums[best], lookups.rule_totals[~was_ranked]
    return running(new_lengths), items, strengths


def _moves(history: History, moved: _Moved, recent: _Recent, count: int) -> tuple[Ints, Ints, Ints]:
    """(row, column, by how much) of the pairs whose total is another, in order."""
    archive, config = history.archive, history.config
    gone = np.flatnonzero(moved.is_gone)
    gone_bounds, gone_clicks = taken(archive.clicks, archive.click_bounds, gone)
    lost = pair_totals(gone_clicks, np.repeat(np.arange(len(gone)), np.diff(gone_bounds)), count, config)
    session = np.repeat(np.arange(len(recent.numbers)), np.diff(recent.bounds))
    difference = pair_totals(recent.clicks, session, count, config) - lost
    difference.eliminate_zeros()
    difference.sort_indices()
    moves = difference.tocoo()
    return moves.row.astype(np.int64), moves.col.astype(np.int64), moves.data


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
