"""What past sessions taught, as arrays, and how the scores of ``session_index.py`` look things up in them.

A rebuild writes ``SessionArrays``. What changed since stands beside it as ``SessionChanges``, a small file that each
run replaces: the large one need neither be copied nor read to bring it up to date. Read together, the two hold what a
rebuild would have written: the same sessions in the same order, the same rules with the same strengths. So an answer
is the same, to the bit.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SessionArrays(msgspec.Struct, frozen=True):
    """What was learned. Products and sessions are numbers; a session's number is its place by recency, 0 the newest.

    Of a group (a session, a product) n, its entries are ``x[bounds[n]:bounds[n + 1]]``.
    """

    session_bounds: Ints
    session_items: npt.NDArray[np.int32]
    """Products of a session, each once, in the order of their first click."""
    posting_bounds: Ints
    postings: npt.NDArray[np.int32]
    """The newest sessions of a product, newest first."""
    idf: Floats
    """By product: log(sessions / sessions that saw it)."""
    rule_bounds: Ints
    rule_items: npt.NDArray[np.int32]
    rule_strengths: Floats


class SessionChanges(msgspec.Struct, frozen=True):
    """What is to be read differently. Products that the rebuild didn't know are numbered behind those that it did.

    Sessions have keys, which rise as sessions get older: session n of the rebuild has ``n * spread + spread - 1``, and
    those that came in before it, at most ``spread - 1`` of them, have the numbers from ``n * spread`` on.
    """

    idf: Floats
    """By product, all again: there are more sessions now."""
    unseen: npt.NDArray[np.int32]
    """Products that no session has any more."""
    gone: npt.NDArray[np.int32]
    """Sessions of the rebuild that are none any more, or others."""
    session_keys: Ints
    """Of the sessions that stand here, rising ..."""
    session_bounds: Ints
    session_items: npt.NDArray[np.int32]
    """... and their products, as above."""
    posting_bounds: Ints
    postings: Ints
    """By product: keys of sessions that came, newest first ..."""
    posting_whole: npt.NDArray[np.bool_]
    """... or of all of its list, where too many of it went."""
    rule_bounds: Ints
    rule_items: npt.NDArray[np.int32]
    rule_strengths: Floats
    rule_whole: npt.NDArray[np.bool_]
    """By product: its rules are those here, not the rebuild's."""
    moved_places: Ints
    """Places in the rebuild's ``rule_strengths``, rising ..."""
    moved_strengths: Floats
    """... and what stands there now."""


class Lookups:
    """The arrays of a rebuild, seen through the changes since, if there are any."""

    def __init__(
        self, arrays: SessionArrays, changes: SessionChanges | None, spread: int, sessions_per_item: int
    ) -> None:
        self.idf = arrays.idf if changes is None else changes.idf
        self._arrays = arrays
        self._changes = changes
        self._spread = spread
        self._limit = sessions_per_item
        if changes is not None:
            # A byte a session; pages without a session that went cost no memory.
            self._is_gone = np.zeros(len(arrays.session_bounds) - 1, dtype=bool)
            self._is_gone[changes.gone] = True

    def postings(self, item: int) -> Ints:
        """Keys of the newest sessions of a product, newest first."""
        arrays, changes = self._arrays, self._changes
        if changes is None:
            return arrays.postings[arrays.posting_bounds[item] : arrays.posting_bounds[item + 1]].astype(
                np.int64
            )
        came = changes.postings[changes.posting_bounds[item] : changes.posting_bounds[item + 1]]
        if changes.posting_whole[item]:
            return came
        before = arrays.postings[arrays.posting_bounds[item] : arrays.posting_bounds[item + 1]]
        keys = before[~self._is_gone[before]] * np.int64(self._spread) + (self._spread - 1)
        if not len(came):
            return keys
        return np.sort(np.concatenate([came, keys]), kind="stable")[: self._limit]

    def rules(self, item: int) -> tuple[npt.NDArray[np.int32], Floats]:
        """(products, strengths) of what came later, in no order."""
        arrays, changes = self._arrays, self._changes
        if changes is not None and changes.rule_whole[item]:
            own = slice(changes.rule_bounds[item], changes.rule_bounds[item + 1])
            return changes.rule_items[own], changes.rule_strengths[own]
        begin, end = arrays.rule_bounds[item], arrays.rule_bounds[item + 1]
        strengths = arrays.rule_strengths[begin:end]
        if changes is not None:
            first, last = np.searchsorted(changes.moved_places, (begin, end))
            if first < last:
                strengths = strengths.copy()
                strengths[changes.moved_places[first:last] - begin] = changes.moved_strengths[first:last]
        return arrays.rule_items[begin:end], strengths

    def sessions(self, keys: Ints) -> tuple[Ints, Ints, Ints]:
        """(how many products each has, the place of each in its session, the products), session after session."""
        arrays, changes = self._arrays, self._changes
        if changes is None:
            starts = arrays.session_bounds[keys]
            lengths = arrays.session_bounds[keys + 1] - starts
            places, at = _entries(starts, lengths)
            return lengths, places, arrays.session_items[at].astype(np.int64)
        numbers, within = np.divmod(keys, self._spread)
        is_theirs = within == self._spread - 1
        theirs, ours = numbers[is_theirs], np.searchsorted(changes.session_keys, keys[~is_theirs])
        starts, ends = np.empty((2, len(keys)), np.int64)
        starts[is_theirs], ends[is_theirs] = arrays.session_bounds[theirs], arrays.session_bounds[theirs + 1]
        starts[~is_theirs], ends[~is_theirs] = changes.session_bounds[ours], changes.session_bounds[ours + 1]
        lengths = ends - starts
        places, at = _entries(starts, lengths)
        items, is_their_item = np.empty(len(at), np.int64), np.repeat(is_theirs, lengths)
        items[is_their_item] = arrays.session_items[at[is_their_item]]
        items[~is_their_item] = changes.session_items[at[~is_their_item]]
        return lengths, places, items


def _entries(starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """(the place of each entry in its group, its place among all)."""
    firsts = np.cumsum(lengths) - lengths
    places = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
    return places, places + np.repeat(starts, lengths)
