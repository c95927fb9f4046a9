"""Learning the session index: past sessions in, the arrays of ``footfall/session_index.py`` out.

The scoring, with its sources, stands there: one rule for what is measured and what is served.

Measured on Serenade's train and validation files (1,121 steps): MRR@20 0.321 as published, 0.363 with near
votes, 0.373 with returns too, 0.378 with the rules; on the last two days of the train file (5,919 steps)
0.298, 0.323, 0.375 and 0.376.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from footfall.session_index import (
    NextItemConfig,
    SessionArrays,
    SessionIndex,
    empty_index,
    numbered,
    ranked,
)
from orchestration.lib.sparse import SCORE_DIGITS, place_in_run

__all__ = ["PUBLISHED", "NextItem", "NextItemConfig", "index_of", "learn", "ranked"]

#: VMIS-kNN as Serenade's paper has it: the arm to beat.
PUBLISHED = NextItemConfig(recency=None, closeness=0.0, revisit=0.0, rule_weight=0.0)

Ints = npt.NDArray[np.integer[Any]]


def index_of(clicks: pa.Table, config: NextItemConfig | None = None) -> SessionIndex:
    """The index of the mart session_products: session_id, product_id, place and ended_at, in any order."""
    if not clicks.num_rows:
        return empty_index(config)
    clicks = clicks.combine_chunks()
    session = pc.dictionary_encode(clicks["session_id"].combine_chunks())
    product = pc.dictionary_encode(clicks["product_id"].combine_chunks())
    # Numbers in the order of the ids: the same sessions give the same index, however the rows come.
    session_numbers, _ = _sorted_codes(session)
    item_numbers, products = _sorted_codes(product)
    place = clicks["place"].to_numpy()
    order = np.lexsort((place, session_numbers))
    session_numbers, items = session_numbers[order], item_numbers[order]
    starts = np.flatnonzero(np.diff(session_numbers, prepend=-1))
    ended = clicks["ended_at"].cast(pa.int64()).to_numpy()[order][starts]
    return learn(products, items, np.append(starts, len(items)), ended, config)


def _sorted_codes(encoded: pa.DictionaryArray) -> tuple[Ints, list[str]]:
    """Codes by the order of the values, and the values in order."""
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[encoded.indices.to_numpy()], encoded.dictionary.take(pa.array(order)).to_pylist()


def learn(
    products: Sequence[str], items: Ints, bounds: Ints, ended: npt.NDArray[Any], config: NextItemConfig | None
) -> SessionIndex:
    """The index of sessions.

    products: ids by number. items: product numbers of all clicks, session after session, in the order of the
    clicks; session n has ``items[bounds[n]:bounds[n + 1]]`` and ended at ``ended[n]`` (any numbers that order them).
    """
    config = config or NextItemConfig()
    sessions, count = len(bounds) - 1, len(products)
    # Newest first: from here a session's number is its place by recency.
    newest_first = np.lexsort((np.arange(sessions), -ended))
    lengths = np.diff(bounds)[newest_first]
    session = np.repeat(np.arange(sessions), lengths)
    firsts = np.cumsum(lengths) - lengths
    items = items[np.arange(len(items)) + np.repeat(bounds[:-1][newest_first] - firsts, lengths)]
    rules = _rules(items, session, count, config)

    _, first_clicks = np.unique(session * count + items, return_index=True)
    first_clicks.sort()  # by session, then by click
    session, items = session[first_clicks], items[first_clicks]
    carriers = np.bincount(items, minlength=count)
    idf = np.array([math.log(sessions / n) if n else 0.0 for n in carriers.tolist()])

    by_item = np.argsort(items, kind="stable")
    by_item = by_item[place_in_run(items[by_item]) < config.sessions_per_item]
    # A session that is among the newest of none of its products is never looked up.
    kept, postings = np.unique(session[by_item], return_inverse=True)
    in_kept = np.isin(session, kept)
    arrays = SessionArrays(
        session_bounds=_bounds(np.searchsorted(kept, session[in_kept]), len(kept)),
        session_items=items[in_kept].astype(np.int32),
        posting_bounds=_bounds(items[by_item], count),
        postings=postings.astype(np.int32),
        idf=idf,
        rule_bounds=_bounds(rules.row, count),
        rule_items=rules.col.astype(np.int32),
        rule_strengths=rules.data,
    )
    return SessionIndex(products, arrays, config, sessions)


def _bounds(sorted_groups: Ints, count: int) -> npt.NDArray[np.int64]:
    return np.searchsorted(sorted_groups, np.arange(count + 1)).astype(np.int64)


def _rules(items: Ints, session: Ints, count: int, config: NextItemConfig) -> sp.coo_array[Any]:
    """rule(a, b): sum of 1 / steps from a to b, over all sessions and at most rule_steps; the best of each a."""
    total: Any = sp.csr_array((count, count), dtype=np.float64)
    for steps in range(1, config.rule_steps + 1):
        pairs = (session[:-steps] == session[steps:]) & (items[:-steps] != items[steps:])
        earlier, later = items[:-steps][pairs], items[steps:][pairs]
        weights = np.full(len(earlier), 1.0 / steps)
        total = total + sp.coo_array((weights, (earlier, later)), shape=(count, count)).tocsr()
    total.sort_indices()
    strengths = np.round(total.data, SCORE_DIGITS)
    earlier = np.repeat(np.arange(count), np.diff(total.indptr))
    order = np.lexsort((total.indices, -strengths, earlier))
    order = order[place_in_run(earlier[order]) < config.rules_kept]
    return sp.coo_array((strengths[order], (earlier[order], total.indices[order])), shape=(count, count))


class NextItem:
    """The index over sessions of item numbers, as the evaluation has them.

    sessions: items in the order of the clicks. ended: when each session ended (any numbers that order them).
    """

    def __init__(
        self, sessions: Sequence[Sequence[int]], ended: Sequence[float], config: NextItemConfig | None = None
    ) -> None:
        bounds = np.cumsum([0, *map(len, sessions)])
        clicks = np.fromiter((item for session in sessions for item in session), np.int64, bounds[-1])
        self._items, items = np.unique(clicks, return_inverse=True)
        self._number = {item: number for number, item in enumerate(self._items.tolist())}
        products = [str(item) for item in self._items.tolist()]
        self._index = learn(products, items, bounds, np.asarray(ended, dtype=np.float64), config)

    def by_rules(self, session: Sequence[int]) -> dict[int, float]:
        """Scores of what may follow; ``session`` is what was clicked so far, oldest first."""
        return self._named(self._index.by_rules(numbered(session, self._number)))

    def by_neighbours(self, session: Sequence[int]) -> dict[int, float]:
        """Scores from the sessions most like this one."""
        return self._named(self._index.by_neighbours(numbered(session, self._number)))

    def next_items(
        self, session: Sequence[int], top: int = 20, *, drop_seen: bool = False
    ) -> npt.NDArray[np.int64]:
        """Both together, best first, without the product of the last click (drop_seen: of any click)."""
        numbers = numbered(session, self._number)
        dropped = set(numbers) if drop_seen else {numbers[-1]}
        result: npt.NDArray[np.int64] = self._items[ranked(self._index.scores(numbers), dropped, top)]
        return result

    def _named(self, scores: dict[int, float]) -> dict[int, float]:
        return {int(self._items[number]): score for number, score in scores.items()}
