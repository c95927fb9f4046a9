"""Learns the session index: past sessions in, the arrays of ``footfall/snapshot/session_index.py`` out.

    refresh(paths.derived, warehouse, rule)        # lake/derived/session_neighbours, as the asset does it

The scoring, with its sources, stands there: one rule for what is measured and what is served. Strengths of rules are
sums of 1 / steps. They are summed as whole multiples of 1 / ``unit``, which have the same sum in any order.

Measured on Serenade's train and validation files (1,121 steps): MRR@20 0.321 as published, 0.363 with near
votes, 0.373 with returns too, 0.378 with the rules; on the last two days of the train file (5,919 steps)
0.298, 0.323, 0.375 and 0.376.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from footfall.snapshot.session_index import (
    MODEL_VERSION,
    NextItemConfig,
    Scores,
    SessionArrays,
    SessionIndex,
    numbered,
)
from footfall.snapshot.session_index import ranked as ranked_scores
from orchestration.recommend.rebuild import Decision, RebuildRule, fingerprint
from orchestration.recommend.sparse import SCORE_DIGITS, bounds_of, codes, place_in_run, places_of, running
from orchestration.recommend.tables import session_index_file
from orchestration.storage.atomic_write import write_durably

__all__ = [
    "PUBLISHED",
    "NextItem",
    "NextItemConfig",
    "SoFar",
    "index_of",
    "learn",
    "ranked",
    "refresh",
    "session_config",
]

#: What one address adds is bounded: others' sessions decide which ones that leaves out (mart ``crowded_sessions``).
_CLICKS = """
    select session_id, product_id, place, ended_at
    from session_products anti join crowded_sessions using (session_id)
"""

#: VMIS-kNN as Serenade's paper has it: the arm to beat.
PUBLISHED = NextItemConfig(recency=None, closeness=0.0, revisit=0.0, rule_weight=0.0)

Ints = npt.NDArray[np.integer[Any]]


def session_config(variables: Mapping[str, Any]) -> NextItemConfig:
    """The settings with what an analyst has set: the dbt project's var ``session_neighbours``. Raises ValueError."""
    try:
        return NextItemConfig(**variables["session_neighbours"])
    except TypeError as error:
        raise ValueError(f"the var session_neighbours of dbt_project.yml: {error}") from None


def refresh(
    derived: Path,
    warehouse: duckdb.DuckDBPyConnection,
    rule: RebuildRule,
    config: NextItemConfig | None = None,
) -> Decision:
    """Rebuild the index of all sessions of the mart, but for crowded ones, where the rule says so."""
    config = config or NextItemConfig()
    path = session_index_file(derived)
    inputs = fingerprint(warehouse, _CLICKS, msgspec.json.encode(config).decode(), MODEL_VERSION)
    decision = rule.decide(path, inputs)
    if decision.is_due:
        with rule.recording(path, inputs):
            index = index_of(warehouse.sql(_CLICKS).to_arrow_table(), config)
            write_durably(path, index.write)
    return decision


def index_of(clicks: pa.Table, config: NextItemConfig | None = None) -> SessionIndex:
    """The index of the mart session_products: session_id, product_id, place and ended_at, in any order."""
    # Numbers in the order of the ids: the same sessions give the same index, however the rows come.
    _, session = codes(clicks["session_id"])
    products, items = codes(clicks["product_id"])
    place = clicks["place"].to_numpy().astype(np.int64)
    # One number, which nearly rises as the mart has its rows: stable is the sort that makes use of it.
    order = np.argsort(session * (int(place.max(initial=0)) + 1) + place, kind="stable")
    session, items = session[order], items[order]
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    ended = clicks["ended_at"].cast(pa.int64()).to_numpy()[order][starts]
    return learn(products.to_pylist(), items, np.append(starts, len(items)), ended, config)


def learn(
    products: Sequence[str], items: Ints, bounds: Ints, ended: npt.NDArray[Any], config: NextItemConfig | None
) -> SessionIndex:
    """The index of sessions.

    products: ids by number. items: product numbers of all clicks, session after session, in the order of the
    clicks; session n has ``items[bounds[n]:bounds[n + 1]]`` and ended at ``ended[n]`` (any numbers that order them).
    """
    config = config or NextItemConfig()
    count = len(products)
    # By recency; of those that ended at once the first in their own order.
    order = np.argsort(-ended, kind="stable")
    bounds, clicks = running(np.diff(bounds)[order]), items[places_of(bounds, order)]
    session = np.repeat(np.arange(len(order)), np.diff(bounds))
    totals = _pair_totals(clicks, session, count, config).tocoo()
    rule_bounds, rules = _strongest(totals.row, totals.col, totals.data, count, config)
    # Each product of a session once, in the order of their first clicks.
    _, first = np.unique(session * count + clicks, return_index=True)
    first.sort()
    session, items = session[first], clicks[first]
    by_item = np.argsort(items, kind="stable")
    by_item = by_item[place_in_run(items[by_item]) < config.sessions_per_item]
    postings = session[by_item]
    # A session that is among the newest of none of its products is never looked up.
    is_kept = np.zeros(len(order), dtype=bool)
    is_kept[postings] = True
    number = np.cumsum(is_kept, dtype=np.int64) - 1
    arrays = SessionArrays(
        session_bounds=running(np.bincount(session, minlength=len(order))[is_kept]),
        session_items=items[is_kept[session]].astype(np.int32),
        posting_bounds=bounds_of(items[by_item], count),
        postings=number[postings].astype(np.int32),
        idf=_idf(len(order), np.bincount(items, minlength=count)),
        rule_bounds=rule_bounds.astype(np.int64),
        rule_items=totals.col[rules].astype(np.int32),
        rule_strengths=np.round(totals.data[rules] / unit(config), SCORE_DIGITS),
    )
    return SessionIndex(list(products), arrays, config, len(order))


def unit(config: NextItemConfig) -> int:
    """1 / steps is a whole number of 1 / unit for all steps that rules look at."""
    return math.lcm(*range(1, config.rule_steps + 1))


def _pair_totals(items: Ints, session: Ints, count: int, config: NextItemConfig) -> sp.csr_array[Any]:
    """From each product to later ones in a session, in units: a pair of clicks so many steps apart counts
    unit / steps. Columns in order."""
    total: Any = sp.csr_array((count, count), dtype=np.int64)
    for steps in range(1, config.rule_steps + 1):
        pairs = (session[:-steps] == session[steps:]) & (items[:-steps] != items[steps:])
        earlier, later = items[:-steps][pairs], items[steps:][pairs]
        weights = np.full(len(earlier), unit(config) // steps, dtype=np.int64)
        total = total + sp.coo_array((weights, (earlier, later)), shape=(count, count)).tocsr()
    total.sort_indices()
    return total


def _strongest(row: Ints, col: Ints, totals: Ints, count: int, config: NextItemConfig) -> tuple[Ints, Ints]:
    """(bounds, places) of the best ``rules_kept`` pairs of each row, ties by column. Pairs in any order, each once,
    with totals above 0."""
    most = int(totals.max(initial=0))
    if count * count * (most + 1) < 2**63:
        # All in one number: sorted ten times as fast as by three keys.
        order = np.argsort((row.astype(np.int64) * (most + 1) + (most - totals)) * count + col)
    else:
        order = np.lexsort((col, -totals, row))
    found = row[order]
    kept = place_in_run(found) < config.rules_kept
    return bounds_of(found[kept], count), order[kept]


def _idf(sessions: int, carriers: Ints) -> npt.NDArray[np.float64]:
    """By product: log(sessions / sessions that saw it)."""
    counts, which = np.unique(carriers, return_inverse=True)
    found = [math.log(sessions / n) if n else 0.0 for n in counts.tolist()]
    return np.array(found, dtype=np.float64)[which]


def ranked(scores: Mapping[int, float], dropped: Collection[int], top: int) -> npt.NDArray[np.int64]:
    """Items by falling score, ties by number, the dropped ones left out."""
    items = np.fromiter(scores.keys(), dtype=np.int64, count=len(scores))
    values = np.fromiter(scores.values(), dtype=np.float64, count=len(scores))
    return ranked_scores(Scores(items, values), dropped, top).items


class SoFar:
    """The clicks of a session, revealed one by one. Its end, and whether a product is in it, cost the same however long
    it is: a robot's session of 20,000 clicks is 20,000 steps, each of which would go through all before it.
    """

    def __init__(self, clicks: Iterable[int] = ()) -> None:
        self._clicks: list[int] = []
        self._by_last: dict[int, None] = {}
        for item in clicks:
            self.add(item)

    def add(self, item: int) -> None:
        self._clicks.append(item)
        self._by_last.pop(item, None)
        self._by_last[item] = None

    def last(self, clicks: int) -> list[int]:
        """So many last clicks, oldest first."""
        return self._clicks[-clicks:]

    def newest_first(self) -> Iterator[int]:
        """The products, each once, by their last click."""
        return reversed(self._by_last)

    @property
    def products(self) -> KeysView[int]:
        return self._by_last.keys()

    def end(self, products: int, clicks: int) -> list[int]:
        """Clicks with the same last clicks, and the same last different products, as the session."""
        if len(self._clicks) <= products + clicks:
            return self._clicks
        return [*reversed(list(islice(self.newest_first(), products))), *self.last(clicks)]


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

    def by_rules(self, session: SoFar) -> dict[int, float]:
        """Scores of what may follow; ``session`` is what was clicked so far."""
        return self._named(self._index.by_rules(self._end(session)))

    def by_neighbours(self, session: SoFar) -> dict[int, float]:
        """Scores from the sessions most like this one."""
        return self._named(self._index.by_neighbours(self._end(session)))

    def next_items(self, session: SoFar, top: int = 20, *, drop_seen: bool = False) -> npt.NDArray[np.int64]:
        """Both together, best first, without the product of the last click (drop_seen: of any click)."""
        numbers = self._end(session)
        scores = self._index.scores(numbers)
        dropped = {numbers[-1]}
        if drop_seen:
            ids = self._items[scores.items].tolist()
            dropped = {
                n for n, item in zip(scores.items.tolist(), ids, strict=True) if item in session.products
            }
        result: npt.NDArray[np.int64] = self._items[ranked_scores(scores, dropped, top).items]
        return result

    def _end(self, session: SoFar) -> list[int]:
        """As numbers, as much of a session as scores depend on."""
        config = self._index.config
        return numbered(session.end(config.session_length, config.rule_history), self._number)

    def _named(self, scores: Scores) -> dict[int, float]:
        return dict(zip(self._items[scores.items].tolist(), scores.values.tolist(), strict=True))
