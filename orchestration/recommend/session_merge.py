"""A history of sessions brought up to date by merging: what learning all sessions again would give, to the bit.

    history = merged(history, changed, gone, notes)

Nothing that stayed is sorted again. Sessions, postings, pairs and ids are in an order that those that stayed keep, so
that what came is put between them. Learning sorts 18 million clicks a dozen times; this copies them once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.recommend.session_changes import (
    Bools,
    Came,
    Gone,
    came_of,
    gone_of,
    known_lists,
    moves,
    whole_lists,
)
from orchestration.recommend.session_history import (
    Archive,
    History,
    Ints,
    Lookups,
    encoded,
    ranks_of,
    strongest,
)
from orchestration.recommend.sparse import found_in, running


def merged(
    history: History, changed: pa.Table, gone: npt.NDArray[np.bytes_], notes: dict[str, str]
) -> History:
    """``history_of`` all sessions, from the history of those before.

    changed: all clicks of every session that is not as the history has it, as ``history_of`` takes them. gone: ids of
    sessions of the history that are no more. notes: of the result.
    """
    products, ids, sessions = encoded(changed)
    history = _with_products(history, products)
    number = {product: n for n, product in enumerate(history.products)}
    named = np.array([number[product] for product in products], dtype=np.int64)
    came = came_of(history, ids, sessions._replace(items=named[sessions.items]), len(history.products))
    went = gone_of(history, ids, gone)
    lookups, archive = _merged(history, came, went, ids[came.order])
    return _without_products(History(history.products, history.config, lookups, archive, notes))


def _merged(history: History, came: Came, went: Gone, ids: npt.NDArray[np.bytes_]) -> tuple[Lookups, Archive]:
    """ids: of the sessions that came, newest first. Products are numbered alike everywhere."""
    old, archive, count = history.lookups, history.archive, len(history.products)
    stays = np.ones(history.sessions, dtype=bool)
    stays[went.sessions] = False
    kept_before = running(stays)
    # Where sessions stand now, those that stayed and those that came: nobody's order among their own kind changed.
    came_at = kept_before[came.before] + np.arange(len(came.before))
    is_old = np.ones(int(kept_before[-1]) + len(came_at), dtype=bool)
    is_old[came_at] = False
    now = np.full(history.sessions, -1, dtype=np.int64)
    now[stays] = np.flatnonzero(is_old)

    click_bounds, clicks = _groups(
        is_old, stays, archive.click_bounds, archive.clicks, came.bounds, came.clicks
    )
    once = running(np.bincount(came.session, minlength=len(came_at)))
    session_bounds, session_items = _groups(
        is_old, stays, old.session_bounds, old.session_items, once, came.product
    )
    carriers = old.carriers - np.bincount(went.product, minlength=count)
    carriers += np.bincount(came.product, minlength=count)
    posting_bounds, postings = _postings(history, came, went, now, came_at)
    total_bounds, total_items, totals = _totals(history, *moves(history, came, went, count))
    rules, total_ranks = _rules(history, total_bounds, total_items, totals)
    lookups = Lookups(session_bounds, session_items, carriers, posting_bounds, postings, *rules)
    sorted_ids, numbers = _ids(archive, stays, now, ids, came_at)
    places = np.empty(len(numbers), dtype=np.int32)
    places[numbers] = np.arange(len(numbers), dtype=np.int32)
    return lookups, Archive(
        ended=_between(is_old, archive.ended[stays], came.ended),
        click_bounds=click_bounds,
        clicks=clicks,
        total_bounds=total_bounds,
        total_items=total_items,
        totals=totals,
        total_ranks=total_ranks,
        ids=sorted_ids,
        numbers=numbers,
        places=places,
        kept=np.flatnonzero(lookups.is_kept()),
    )


def _between(is_old: Bools, old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Both in one array, each in its order."""
    result = np.empty(len(is_old), dtype=old.dtype)
    result[is_old] = old
    result[~is_old] = new
    return result


def _groups(
    is_old: Bools, stays: Bools, old_bounds: Ints, old: Ints, new_bounds: Ints, new: Ints
) -> tuple[Ints, Ints]:
    """(bounds, entries) of the old groups that stay and the new ones. is_old: by group of the result."""
    old_lengths = np.diff(old_bounds)
    lengths = _between(is_old, old_lengths[stays], np.diff(new_bounds))
    left = old if stays.all() else old[np.repeat(stays, old_lengths)]
    return running(lengths), _between(np.repeat(is_old, lengths), left, new)


def _inserted(old_keys: Ints, new_keys: Ints) -> Bools:
    """By place of the result, whether the entry is an old one; both rise, and no key is in both."""
    is_old = np.ones(len(old_keys) + len(new_keys), dtype=bool)
    is_old[np.searchsorted(old_keys, new_keys) + np.arange(len(new_keys))] = False
    return is_old


def _postings(history: History, came: Came, went: Gone, now: Ints, came_at: Ints) -> tuple[Ints, Ints]:
    """now, came_at: the numbers that sessions of the history, and those that came, have now."""
    old, limit, count = history.lookups, history.config.sessions_per_item, len(history.products)
    is_known, is_short = known_lists(history, came, went, count)
    product, session, is_ours = whole_lists(history, came, went, is_short)
    number = np.empty(len(session), dtype=np.int64)
    number[is_ours], number[~is_ours] = came_at[session[is_ours]], now[session[~is_ours]]
    is_added = is_known & ~is_short[came.product]
    # Product and session as one number, which rises through all lists.
    spread = len(now) + len(came_at) + 1
    added = came.product[is_added] * spread + came_at[came.session[is_added]]
    new_keys = np.sort(np.concatenate([added, product * spread + number]))
    products = np.repeat(np.arange(count), np.diff(old.posting_bounds))
    numbers = now[old.postings]
    left = (numbers >= 0) & ~is_short[products]
    old_keys = products[left] * spread + numbers[left]
    keys = _between(_inserted(old_keys, new_keys), old_keys, new_keys)
    bounds = np.searchsorted(keys, np.arange(count + 1) * spread)
    lengths = np.diff(bounds)
    numbers = keys - np.repeat(np.arange(count) * spread, lengths)
    if (lengths > limit).any():
        numbers = numbers[np.arange(len(keys)) - np.repeat(bounds[:-1], lengths) < limit]
        lengths = np.minimum(lengths, limit)
    return running(lengths), numbers.astype(np.int32)


def _totals(history: History, row: Ints, col: Ints, change: Ints) -> tuple[Ints, Ints, Ints]:
    """(bounds, items, totals) of all pairs, with what these moved by."""
    archive = history.archive
    place = found_in(archive.total_bounds, archive.total_items, row, col)
    is_old = place < archive.total_bounds[row + 1]
    is_old[is_old] = archive.total_items[place[is_old]] == col[is_old]
    totals = archive.totals.copy()
    totals[place[is_old]] += change[is_old]
    new, lengths = ~is_old, np.diff(archive.total_bounds)
    is_theirs = np.ones(len(totals) + int(new.sum()), dtype=bool)
    is_theirs[place[new] + np.arange(len(is_theirs) - len(totals))] = False
    items = _between(is_theirs, archive.total_items, col[new])
    totals = _between(is_theirs, totals, change[new])
    lengths = lengths + np.bincount(row[new], minlength=len(lengths))
    none = np.flatnonzero(totals == 0)
    if len(none):
        lengths -= np.diff(np.searchsorted(none, running(lengths)))
        items, totals = np.delete(items, none), np.delete(totals, none)
    return running(lengths), items, totals


def _rules(
    history: History, total_bounds: Ints, total_items: Ints, totals: Ints
) -> tuple[tuple[Ints, Ints, Ints], npt.NDArray[np.unsignedinteger[Any]]]:
    """((bounds, items, totals) of the strongest pairs of each product, ranks of all).

    Where as many pairs as a list holds are no weaker than the last of the list was, no other can be among the best.
    """
    old, config, count = history.lookups, history.config, len(history.products)
    least = np.zeros(count, dtype=np.int64)
    is_full = np.diff(old.rule_bounds) >= config.rules_kept
    least[is_full] = old.rule_totals[old.rule_bounds[1:][is_full] - 1]
    row = np.repeat(np.arange(count), np.diff(total_bounds))
    near = np.flatnonzero(totals >= least[row])
    is_short = np.bincount(row[near], minlength=count) < config.rules_kept
    if (is_short & (least > 0)).any():
        least[is_short] = 0
        near = np.flatnonzero(totals >= least[row])
    bounds, best = strongest(row[near], total_items[near], totals[near], count, config)
    places = near[best]
    return (bounds, total_items[places], totals[places]), ranks_of(len(totals), bounds, places, config)


def _ids(
    archive: Archive, stays: Bools, now: Ints, ids: npt.NDArray[np.bytes_], came_at: Ints
) -> tuple[npt.NDArray[np.bytes_], Ints]:
    """(ids in their order, the number of each)."""
    left = stays[archive.numbers]
    old, order = archive.ids[left], np.argsort(ids)
    is_old = _inserted(old, ids[order])  # type: ignore[arg-type]
    width = max(_width(old), _width(ids))
    result = _between(is_old, old.astype(f"S{width}"), ids[order])
    return result, _between(is_old, now[archive.numbers[left]], came_at[order]).astype(np.int32)


def _width(ids: npt.NDArray[np.bytes_]) -> int:
    """Of the longest, at least 1."""
    letters = ids.view(np.uint8).reshape(len(ids), ids.dtype.itemsize)
    width = ids.dtype.itemsize
    while width > 1 and not letters[:, width - 1].any():
        width -= 1
    return width


def _with_products(history: History, products: list[str]) -> History:
    """The same, products numbered among these too."""
    known = set(history.products)
    if known.issuperset(products):
        return history
    union = sorted(known.union(products))
    at = np.flatnonzero([product in known for product in union]).astype(np.int32)
    carriers = np.zeros(len(union), dtype=np.int64)
    carriers[at] = history.lookups.carriers
    return _renumbered(history, union, at, carriers, lambda bounds: _widened(bounds, at, len(union)))


def _widened(bounds: Ints, at: Ints, count: int) -> Ints:
    lengths = np.zeros(count, dtype=np.int64)
    lengths[at] = np.diff(bounds)
    return running(lengths)


def _without_products(history: History) -> History:
    """The same without the products that no session has any more."""
    seen = history.lookups.carriers > 0
    if seen.all():
        return history
    names = [product for product, is_seen in zip(history.products, seen.tolist(), strict=True) if is_seen]
    number = (np.cumsum(seen) - 1).astype(np.int32)
    return _renumbered(
        history, names, number, history.lookups.carriers[seen], lambda bounds: running(np.diff(bounds)[seen])
    )


def _renumbered(
    history: History, products: list[str], number: Ints, carriers: Ints, grouped: Callable[[Ints], Ints]
) -> History:
    """The same with other numbers of products, in the same order. grouped: bounds by product, of all products now."""
    lookups, archive = history.lookups, history.archive
    return History(
        products,
        history.config,
        msgspec.structs.replace(
            lookups,
            session_items=number[lookups.session_items],
            carriers=carriers,
            posting_bounds=grouped(lookups.posting_bounds),
            rule_bounds=grouped(lookups.rule_bounds),
            rule_items=number[lookups.rule_items],
        ),
        msgspec.structs.replace(
            archive,
            clicks=number[archive.clicks],
            total_bounds=grouped(archive.total_bounds),
            total_items=number[archive.total_items],
        ),
        history.notes,
    )
