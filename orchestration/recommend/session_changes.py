"""What changed in the session index since a history was learned: answers of a rebuild, to the bit, for less work.

Changed sessions are new ones, and ones that are others now (a session that went on, clicks that came late): as the
history has them they go, with those that are no more, and as they are now they come. What is made of it is read beside
the index of the rebuild (``footfall/snapshot/session_arrays.py``), so that no list is gone through but those that lost
or won.
What a product's list holds of the history is known only as far back as the list went: where too much of it went, the
product's sessions are looked up in the history again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from footfall.snapshot.session_arrays import SessionChanges
from footfall.snapshot.session_index import Changed
from orchestration.recommend.session_history import (
    History,
    Ints,
    Sessions,
    encoded,
    idf_of,
    newest_first,
    once_each,
    pairs_apart,
    strengths_of,
    strongest,
    taken,
    unit,
)
from orchestration.recommend.sparse import (
    bounds_of,
    first_not_below,
    found_in,
    place_in_run,
    places_of,
    running,
)

Bools = npt.NDArray[np.bool_]


class Came(NamedTuple):
    """The changed sessions as they are now, newest first."""

    order: Ints
    """The place of each among the sessions as they were told."""
    ended: Ints
    before: Ints
    """So many sessions of the history are newer."""
    bounds: Ints
    clicks: Ints
    product: Ints
    """Each product of each session once, session after session ..."""
    session: Ints
    """... and the session's place."""


class Gone(NamedTuple):
    """The changed sessions as the history has them, and those that are no more."""

    sessions: Ints
    """Their numbers in the history, rising."""
    product: Ints
    session: Ints
    """As above, sessions by their numbers in the history."""


class _Keyed(NamedTuple):
    """The sessions that stand beside the rebuild's, newest first, and how all are called (``SessionChanges``)."""

    keys: Ints
    bounds: Ints
    items: Ints
    spread: int
    came: Ints
    """Keys of the sessions that came."""


def with_changes(history: History, changed: pa.Table, gone: npt.NDArray[np.bytes_]) -> Changed:
    """What is different from ``history.index()`` without the sessions that are ``gone`` and with the changed ones.

    changed: all clicks of every session that is not as the history has it, as ``history_of`` takes them. gone: ids.
    """
    products, ids, sessions = encoded(changed)
    known = {product: number for number, product in enumerate(history.products)}
    new = [product for product in products if product not in known]
    known |= {product: len(history.products) + number for number, product in enumerate(new)}
    count = len(known)
    named = np.array([known[product] for product in products], dtype=np.int64)
    items = named[sessions.items] if len(sessions.items) else sessions.items
    went = gone_of(history, ids, gone)
    came = came_of(history, ids, sessions._replace(items=items), count)

    carriers = _longer(history.lookups.carriers, count) - np.bincount(went.product, minlength=count)
    carriers += np.bincount(came.product, minlength=count)
    total = history.sessions - len(went.sessions) + len(came.before)
    keyed, posting_bounds, postings, posting_whole = _postings(history, came, went, count)
    rank = np.empty(count, dtype=np.int64)
    # Numbers of the history are in the order of the ids.
    rank[sorted(range(count), key=list(known).__getitem__) if new else slice(None)] = np.arange(count)
    rule_bounds, rule_items, rule_totals, rule_whole, places, moved = _rules(history, came, went, rank)
    rule_whole[len(history.products) :] = posting_whole[len(history.products) :] = True
    changes = SessionChanges(
        idf=idf_of(total, carriers),
        unseen=np.flatnonzero(carriers == 0).astype(np.int32),
        gone=_found(history.archive.kept, went.sessions).astype(np.int32),
        session_keys=_wide(keyed.keys),
        session_bounds=_wide(keyed.bounds),
        session_items=keyed.items.astype(np.int32),
        posting_bounds=_wide(posting_bounds),
        postings=_wide(postings),
        posting_whole=posting_whole,
        rule_bounds=_wide(rule_bounds),
        rule_items=rule_items.astype(np.int32),
        rule_strengths=strengths_of(rule_totals, history.config),
        rule_whole=rule_whole,
        moved_places=_wide(places),
        moved_strengths=strengths_of(moved, history.config),
    )
    return Changed(history.notes.get("index", ""), new, total, keyed.spread, changes)


def gone_of(history: History, ids: npt.NDArray[np.bytes_], gone: npt.NDArray[np.bytes_]) -> Gone:
    sessions = np.union1d(history.find(gone), history.find(ids))
    bounds, product = taken(history.lookups.session_items, history.lookups.session_bounds, sessions)
    return Gone(sessions, product, np.repeat(sessions, np.diff(bounds)))


def came_of(history: History, ids: npt.NDArray[np.bytes_], sessions: Sessions, count: int) -> Came:
    order = newest_first(sessions.ended)
    bounds, clicks = taken(sessions.items, sessions.bounds, order)
    # Where each stands between those of the history; of those that ended at once the ids decide.
    ended, before = sessions.ended[order], history.archive.ended[::-1]
    first = history.sessions - np.searchsorted(before, ended, "right")
    last = history.sessions - np.searchsorted(before, ended, "left")
    tied = np.flatnonzero(first < last)
    names, places = history.archive.ids, history.archive.places
    first[tied] = first_not_below(first[tied], last[tied], ids[order[tied]], lambda at: names[places[at]])
    once_bounds, product = once_each(clicks, bounds, count)
    return Came(
        order, ended, first, bounds, clicks, product, np.repeat(np.arange(len(order)), np.diff(once_bounds))
    )


def _postings(history: History, came: Came, went: Gone, count: int) -> tuple[_Keyed, Ints, Ints, Bools]:
    """(sessions, and by product: bounds, keys, whether they are the whole list)."""
    limit, kept = history.config.sessions_per_item, history.archive.kept
    is_known, is_short = known_lists(history, came, went, count)
    product, session, is_ours = whole_lists(history, came, went, is_short)
    # Sessions of the history that no list of the rebuild had.
    place = np.minimum(np.searchsorted(kept, session), max(len(kept) - 1, 0))
    is_kept = ~is_ours & (kept[place] == session) if len(kept) else np.zeros(len(session), dtype=bool)
    keyed, key_of_back = _keyed(history, came, np.unique(session[~is_ours & ~is_kept]))
    keys = place * keyed.spread + keyed.spread - 1
    keys[is_ours] = keyed.came[session[is_ours]]
    is_back = ~is_ours & ~is_kept
    keys[is_back] = key_of_back(session[is_back])
    # Of all others only what came.
    is_added = is_known & ~is_short[came.product]
    products = np.concatenate([came.product[is_added], product])
    keys = np.concatenate([keyed.came[came.session[is_added]], keys])
    order = np.argsort(products, kind="stable")  # newest first in each as they come
    order = order[place_in_run(products[order]) < limit]
    return keyed, bounds_of(products[order], count), keys[order], is_short


def known_lists(history: History, came: Came, went: Gone, count: int) -> tuple[Bools, Bools]:
    """(by product of a session that came: whether its place among the sessions of that product is known from the
    history's list; by product: whether more of its list went than the history's list can tell)."""
    old, limit = history.lookups, history.config.sessions_per_item
    carriers = _longer(old.carriers, count)
    lengths = np.minimum(carriers, limit)
    # How far back a list that was cut is known: to its last session.
    reach = np.full(count, history.sessions, dtype=np.int64)
    cut = np.flatnonzero(carriers > limit)
    reach[cut] = old.postings[old.posting_bounds[cut + 1] - 1]
    is_known = came.before[came.session] <= reach[came.product]
    lost = np.bincount(went.product[went.session <= reach[went.product]], minlength=count)
    won = np.bincount(came.product[is_known], minlength=count)
    return is_known, (carriers > limit) & (lengths - lost + won < limit)


def whole_lists(history: History, came: Came, went: Gone, wanted: Bools) -> tuple[Ints, Ints, Bools]:
    """(product, session, whether the session came) of the newest sessions of some products, from all of the history;
    a session is its number in the history, or its place among those that came."""
    if not wanted.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool)
    old = history.lookups
    found = np.flatnonzero(wanted[old.session_items])
    session = np.searchsorted(old.session_bounds, found, "right") - 1
    still = ~np.isin(session, went.sessions)
    found, session = found[still], session[still]
    ours = np.flatnonzero(wanted[came.product])
    product = np.concatenate([old.session_items[found], came.product[ours]]).astype(np.int64)
    sessions = np.concatenate([session, came.session[ours]])
    is_ours = np.arange(len(product)) >= len(found)
    # A session that came stands before the first one that is older.
    age = np.concatenate([session, came.before[came.session[ours]]])
    order = np.lexsort((sessions, ~is_ours, age, product))
    order = order[place_in_run(product[order]) < history.config.sessions_per_item]
    return product[order], sessions[order], is_ours[order]


def _keyed(history: History, came: Came, back: Ints) -> tuple[_Keyed, Callable[[Ints], Ints]]:
    """(the sessions that came and those that are ``back``, keys of the latter)."""
    old = history.lookups
    age = np.concatenate([came.before, back])
    # Of the same age, those that came are newer than the session of the history.
    order = np.lexsort((np.arange(len(age)), age))
    newer = np.searchsorted(history.archive.kept, age[order])
    within = place_in_run(newer)
    spread = int(within.max(initial=-1)) + 2
    keys = np.empty(len(age), dtype=np.int64)
    keys[order] = newer * spread + within
    once_lengths = np.bincount(came.session, minlength=len(came.before))
    back_bounds, back_items = taken(old.session_items, old.session_bounds, back)
    lengths = np.concatenate([once_lengths, np.diff(back_bounds)])
    bounds, items = taken(np.concatenate([came.product, back_items]), running(lengths), order)
    keyed = _Keyed(keys[order], bounds, items, spread, keys[: len(came.before)])
    return keyed, lambda sessions: keys[len(came.before) + np.searchsorted(back, sessions)]


def _rules(
    history: History, came: Came, went: Gone, rank: Ints
) -> tuple[Ints, Ints, Ints, Bools, Ints, Ints]:
    """(bounds, products, totals) by product of the lists that hold others now, whether that is so, (places, totals) of
    what is as it was in a list, but for its strength.

    Only pairs whose total moved are looked up, only rows that such a pair came into or went from are ranked. What is in
    no list and didn't move stays behind the last of a full list: where enough of what is known is not behind that one
    as it was, nothing else can be among the best. Elsewhere all pairs of the row are ranked. rank: of products, by id.
    """
    lookups, archive, config, count = history.lookups, history.archive, history.config, len(rank)
    rule_bounds, total_bounds = (
        np.append(bounds, np.full(count + 1 - len(bounds), bounds[-1]))
        for bounds in (lookups.rule_bounds, archive.total_bounds)
    )
    row, col, change = moves(history, came, went, count)
    place = found_in(total_bounds, archive.total_items, row, col)
    is_old = place < total_bounds[row + 1]
    is_old[is_old] = archive.total_items[place[is_old]] == col[is_old]
    old = place[is_old]
    totals, listed = change.copy(), np.zeros(len(row), dtype=archive.total_ranks.dtype)
    totals[is_old] += archive.totals[old]
    listed[is_old] = archive.total_ranks[old]
    lengths = np.diff(rule_bounds)
    is_full = lengths >= config.rules_kept
    last = rule_bounds[1:][is_full] - 1
    # The last of a full list; where a list isn't full, nothing stands behind it.
    last_total, last_rank = np.zeros(count, dtype=np.int64), np.full(count, -1)
    last_total[is_full], last_rank[is_full] = lookups.rule_totals[last], rank[lookups.rule_items[last]]
    least = last_total[row]
    in_front = totals > least
    tied = np.flatnonzero(totals == least)
    in_front[tied] = rank[col[tied]] <= last_rank[row[tied]]

    near = np.flatnonzero(in_front | (listed > 0))
    every_row, every_col, every_total = row, col, totals
    row, col, totals, in_front = row[near], col[near], totals[near], in_front[near]
    listed = listed[near].astype(np.int64)
    is_listed = listed > 0
    is_ahead, fell = ~is_listed & in_front, is_listed & ~in_front
    is_other = np.zeros(count, dtype=bool)
    is_other[row[is_ahead | fell]] = True
    stays = is_listed & in_front & ~is_other[row]
    moved_places, moved_totals = rule_bounds[row[stays]] + listed[stays] - 1, totals[stays]
    order = np.argsort(moved_places)

    others = np.flatnonzero(is_other)
    held, places = np.repeat(others, lengths[others]), places_of(rule_bounds, others)
    cols, sums = np.asarray(lookups.rule_items[places]), np.asarray(lookups.rule_totals[places])
    moved = is_listed & is_other[row]
    at = np.searchsorted(places, rule_bounds[row[moved]] + listed[moved] - 1)
    sums[at] = totals[moved]
    known = np.ones(len(places), dtype=bool)
    known[at[fell[moved]]] = False
    parts = [(held[known], cols[known], sums[known]), (row[is_ahead], col[is_ahead], totals[is_ahead])]
    found = sum(np.bincount(part[0], minlength=count) for part in parts)
    is_short = is_other & is_full & (found < config.rules_kept)
    if is_short.any():
        parts = [tuple(each[~is_short[part[0]]] for each in part) for part in parts]
        short, in_short = np.flatnonzero(is_short), is_short[every_row]
        moved_here, new = is_old & in_short, ~is_old & in_short
        places = places_of(total_bounds, short)
        now = archive.totals[places]
        now[np.searchsorted(places, place[moved_here])] = every_total[moved_here]
        whole, still = np.repeat(short, np.diff(total_bounds)[short]), now > 0
        parts.append((whole[still], archive.total_items[places][still], now[still]))
        parts.append((every_row[new], every_col[new], every_total[new]))
    rows, cols, sums = (np.concatenate(each) for each in zip(*parts, strict=True))
    bounds, best = strongest(rows, rank[cols], sums, count, config)
    return bounds, cols[best], sums[best], is_other, moved_places[order], moved_totals[order]


def moves(history: History, came: Came, went: Gone, count: int) -> tuple[Ints, Ints, Ints]:
    """(row, column, by how much) of the pairs whose total is another, in order."""
    archive, config = history.archive, history.config
    bounds, clicks = taken(archive.clicks, archive.click_bounds, went.sessions)
    lost = clicks.astype(np.int64), np.repeat(np.arange(len(went.sessions)), np.diff(bounds))
    won = came.clicks, np.repeat(np.arange(len(came.before)), np.diff(came.bounds))
    # A pair and what it counts as one number: numbers are sorted several times as fast as matrices are added.
    counts = unit(config) // np.arange(1, config.rule_steps + 1)
    counts = np.append(counts, -counts)
    keys = [
        (earlier * count + later) * len(counts) + sign * config.rule_steps + steps - 1
        for sign, (items, session) in enumerate((won, lost))
        for steps, earlier, later in pairs_apart(items, session, config)
    ]
    pair, which = np.divmod(np.sort(np.concatenate([*keys, np.zeros(0, np.int64)])), len(counts))
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    change = np.add.reduceat(counts[which], starts) if len(starts) else pair
    moved = change != 0
    row, col = np.divmod(pair[starts[moved]], count)
    return row, col, change[moved]


def _wide(values: Ints) -> npt.NDArray[np.int64]:
    """As the file has them."""
    return values.astype(np.int64, copy=False)


def _longer(values: Ints, count: int) -> Ints:
    """With zeros for products that the history doesn't know."""
    return np.append(values, np.zeros(count - len(values), dtype=np.int64))


def _found(values: Ints, wanted: Ints) -> Ints:
    """Places of those that are there; both rise."""
    places = np.minimum(np.searchsorted(values, wanted), max(len(values) - 1, 0))
    return places[values[places] == wanted] if len(values) else places[:0]
