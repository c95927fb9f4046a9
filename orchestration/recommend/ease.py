"""EASE, an item-item model in closed form for products bought together, weighted by the season.

EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data") solves one ridge regression of
every product on all others. Its answer knows no season; a shop's does. ``trend`` is the share of a
product's sales that is recent, and scores are multiplied by a root of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]


def ease_weights(interactions: sp.csr_matrix[Any], regularisation: float = 300.0) -> Floats:
    """Item-item weights (items x items, zero diagonal) of a visitors x items matrix.

    Cost grows with the cube of the items: 5,000 take 3.5 s and 300 MB; past about 20,000 items cut the rare ones first.
    regularisation: above 0; flat between 100 and 1,000 on purchase data.
    """
    gram = (interactions.T @ interactions).toarray(order="F").astype(np.float64, copy=False)
    gram[np.diag_indices_from(gram)] += regularisation
    # Symmetric and positive: by Cholesky in its own place, half a product of two such matrices. On one thread, since
    # two that wait for each other on a busy machine take twice the CPU seconds.
    with threadpool_limits(1, user_api="blas"):
        weights: Floats = scipy.linalg.inv(gram, overwrite_a=True, check_finite=False, assume_a="pos")
    weights /= -np.diag(weights)
    np.fill_diagonal(weights, 0.0)
    return weights


def decayed_counts(
    items: npt.NDArray[np.integer[Any]], age_days: Floats, count: int, half_life: float
) -> Floats:
    """Popularity of each item: a sale counts half after ``half_life`` days."""
    decayed = 0.5 ** (age_days / half_life)
    result: Floats = np.bincount(items, weights=decayed, minlength=count).astype(np.float64)
    return result


def trend(recent: Floats, ever: Floats) -> Floats:
    """How much of each item's sales is recent, 1 for the item most in season. recent: decayed counts; ever: counts.

    Both are smoothed by a part of their mean, so that one fresh sale of a rare item makes no season. Where nothing was
    sold for so long that no recent count is left, all items are as much in season.
    """
    if not recent.any():
        return np.ones(len(recent))
    ratio = (recent + 0.05 * recent.mean()) / (ever + 0.2 * ever.mean())
    result: Floats = ratio / ratio.max()
    return result
