"""Ranking measures with their intervals, over lists of ranked items and sets of true ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_ROUNDS = 1000


@dataclass(frozen=True)
class Measured:
    """A mean over cases (visitors, steps, products) and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    cases: int


def with_interval(values: Sequence[float] | npt.NDArray[np.float64], seed: int) -> Measured:
    """Mean of the values; the interval is a bootstrap over them. An empty sequence measures 0 of 0 cases."""
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0:
        return Measured(0.0, 0.0, 0.0, 0)
    dice = np.random.default_rng(seed)
    # One round at a time: a thousand copies of a million cases would not fit.
    means = [array[dice.integers(0, len(array), len(array))].mean() for _ in range(_rounds(len(array)))]
    low, high = np.quantile(means, [0.025, 0.975])
    return Measured(float(array.mean()), float(low), float(high), len(array))


def _rounds(cases: int) -> int:
    """Fewer rounds where there are many cases: the interval is narrow and its ends steady."""
    return _ROUNDS if cases <= 20_000 else 200


def top_items(scores: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Items by falling score, ties by item number; items of score -inf are left out."""
    finite = np.flatnonzero(scores > -np.inf)
    if len(finite) > count:
        # Everything at least as good as the last that fits: then ties at the cut are broken below
        edge = np.partition(scores[finite], -count)[-count]
        finite = finite[scores[finite] >= edge]
    return finite[np.lexsort((finite, -scores[finite]))][:count]


def recall(ranked: Sequence[int] | npt.NDArray[Any], truth: set[int], top: int) -> float:
    """Hits among the first ``top``, of as many as there could be: min(top, truth)."""
    return len(set(map(int, ranked[:top])) & truth) / min(top, len(truth))


def ndcg(ranked: Sequence[int] | npt.NDArray[Any], truth: set[int], top: int) -> float:
    """Discounted gain of the hits over that of a perfect list."""
    gain = sum(1.0 / np.log2(place + 2) for place, item in enumerate(ranked[:top]) if int(item) in truth)
    best = sum(1.0 / np.log2(place + 2) for place in range(min(top, len(truth))))
    return float(gain / best)


def reciprocal_rank(ranked: Sequence[int] | npt.NDArray[Any], target: int, top: int) -> float:
    """1 / place of the target among the first ``top``; 0 where it isn't."""
    found = np.flatnonzero(np.asarray(ranked[:top]) == target)
    return 1.0 / (int(found[0]) + 1) if len(found) else 0.0


Scorer = Callable[[int], npt.NDArray[np.float64]]
"""Visitor number to a score for every item."""
