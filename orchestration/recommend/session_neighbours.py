"""Learning the session index: past sessions in, the arrays of ``footfall/snapshot/session_index.py`` out.

The scoring, with its sources, stands there: one rule for what is measured and what is served.

Measured on Serenade's train and validation files (1,121 steps): MRR@20 0.321 as published, 0.363 with near
votes, 0.373 with returns too, 0.378 with the rules; on the last two days of the train file (5,919 steps)
0.298, 0.323, 0.375 and 0.376.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from footfall.snapshot.session_index import NextItemConfig, Scores, SessionIndex, numbered
from footfall.snapshot.session_index import ranked as ranked_scores
from orchestration.recommend.session_history import Sessions, history_of, learned

__all__ = [
    "PUBLISHED",
    "NextItem",
    "NextItemConfig",
    "SoFar",
    "index_of",
    "learn",
    "ranked",
    "session_config",
]

#: VMIS-kNN as Serenade's paper has it: the arm to beat.
PUBLISHED = NextItemConfig(recency=None, closeness=0.0, revisit=0.0, rule_weight=0.0)

Ints = npt.NDArray[np.integer[Any]]


def session_config(variables: Mapping[str, Any]) -> NextItemConfig:
    """The settings with what an analyst has set: the dbt project's var ``session_neighbours``. Raises ValueError."""
    try:
        return NextItemConfig(**variables["session_neighbours"])
    except TypeError as error:
        raise ValueError(f"the var session_neighbours of dbt_project.yml: {error}") from None


def index_of(clicks: pa.Table, config: NextItemConfig | None = None) -> SessionIndex:
    """The index of the mart session_products: session_id, product_id, place and ended_at, in any order."""
    return history_of(clicks, config).index()


def learn(
    products: Sequence[str], items: Ints, bounds: Ints, ended: npt.NDArray[Any], config: NextItemConfig | None
) -> SessionIndex:
    """The index of sessions.

    products: ids by number. items: product numbers of all clicks, session after session, in the order of the
    clicks; session n has ``items[bounds[n]:bounds[n + 1]]`` and ended at ``ended[n]`` (any numbers that order them).
    """
    return learned(products, Sessions(items, bounds, ended), config or NextItemConfig()).index()


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
