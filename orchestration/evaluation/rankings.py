"""Ranked lists held against what happened: one loop for every recommender and every data set.

Full catalogue ranked, no sampled negatives. All products and those new to the visitor are two problems: "buy
again" is answered by the visitor's own history, "discover" only by other people's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.evaluation.metrics import (
    Measured,
    Scorer,
    ndcg,
    recall,
    top_items,
    with_interval,
)

TOP = 20

Truth = Mapping[int, set[int]]
"""Visitor number to the items that the visitor came for. Items beyond the catalogue are misses of every arm."""


@dataclass(frozen=True)
class ArmResult:
    """One recommender's numbers over one truth; the last three are of its lists of new items."""

    arm: str
    recall_all: Measured
    ndcg_all: Measured
    recall_new: Measured
    ndcg_new: Measured
    coverage: float
    """Share of the catalogue in any list."""
    head_share: float
    """Share of the places that the most popular 1 % of the items take."""
    novelty: float
    """Mean bits of surprise of a place: -log2 of its item's share of all pairs of visitor and item."""


class Lists:
    """The top lists of one arm, made once and held against any number of truths.

    scorer: visitor number to a score for every item; -inf leaves an item out. own: visitor number to the items
    that are not new. popularity: visitors by item. fresh: scores where only new items are asked for; None: the same.
    """

    def __init__(
        self,
        arm: str,
        scorer: Scorer,
        visitors: list[int],
        own: Mapping[int, npt.NDArray[np.integer]],
        popularity: npt.NDArray[np.float64],
        fresh: Scorer | None = None,
    ) -> None:
        self.arm = arm
        self.every: dict[int, npt.NDArray[np.int64]] = {}
        self.fresh: dict[int, npt.NDArray[np.int64]] = {}
        self._popularity = popularity
        self._own = own
        for visitor in visitors:
            scores = np.array(scorer(visitor), dtype=np.float64)  # a copy: an arm may hand out its own array
            self.every[visitor] = top_items(scores, TOP)
            if fresh is not None:
                scores = np.array(fresh(visitor), dtype=np.float64)
            scores[own[visitor]] = -np.inf
            self.fresh[visitor] = top_items(scores, TOP)

    def against(self, truth: Truth, seed: int) -> ArmResult:
        """Measure; an own item in the truth doesn't count among the new."""
        every: list[tuple[float, float]] = []
        fresh: list[tuple[float, float]] = []
        shown: list[npt.NDArray[np.int64]] = []
        for visitor, items in sorted(truth.items()):
            every.append((recall(self.every[visitor], items, TOP), ndcg(self.every[visitor], items, TOP)))
            shown.append(self.fresh[visitor])
            if new := items - set(self._own[visitor].tolist()):
                fresh.append((recall(self.fresh[visitor], new, TOP), ndcg(self.fresh[visitor], new, TOP)))
        coverage, head_share, novelty = self._spread(shown)
        return ArmResult(
            arm=self.arm,
            recall_all=with_interval([r for r, _ in every], seed),
            ndcg_all=with_interval([n for _, n in every], seed),
            recall_new=with_interval([r for r, _ in fresh], seed),
            ndcg_new=with_interval([n for _, n in fresh], seed),
            coverage=coverage,
            head_share=head_share,
            novelty=novelty,
        )

    def _spread(self, shown: list[npt.NDArray[np.int64]]) -> tuple[float, float, float]:
        places = np.concatenate(shown) if shown else np.zeros(0, dtype=np.int64)
        items = len(self._popularity)
        if len(places) == 0 or items == 0:
            return 0.0, 0.0, 0.0
        head = np.lexsort((np.arange(items), -self._popularity))[: max(1, items // 100)]
        # An item that nobody has is as surprising as one that a single visitor has
        share = np.maximum(self._popularity[places], 1.0) / max(self._popularity.sum(), 1.0)
        return (
            len(np.unique(places)) / items,
            float(np.isin(places, head).mean()),
            float(-np.log2(share).mean()),
        )
