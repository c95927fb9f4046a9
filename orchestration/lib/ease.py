"""What buyers of these also buy: EASE, an item-item model in closed form, and what is in season.

EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data") solves one ridge regression of
every product on all others. Its answer knows no season; a shop's does. ``trend`` is the share of a
product's sales that is recent, and scores are multiplied by a root of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float64]


def ease_weights(interactions: sp.csr_matrix[Any], regularisation: float = 300.0) -> Floats:
    """Item-item weights (items x items, zero diagonal) of a visitors x items matrix.

    Cost grows with the cube of the items: 3,600 take 3 s and 300 MB on two cores; past about 20,000 items
    cut the rare ones first. regularisation: flat between 100 and 1,000 on purchase data.
    """
    gram = (interactions.T @ interactions).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularisation
    precision = np.linalg.inv(gram)
    weights: Floats = precision / -np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    return weights


def decayed_counts(
    items: npt.NDArray[np.integer[Any]],
    age_days: Floats,
    count: int,
    half_life: float,
    weights: Floats | float = 1.0,
) -> Floats:
    """Popularity of each item: a sale counts half after ``half_life`` days. weights: sales behind each entry."""
    decayed = weights * 0.5 ** (age_days / half_life)
    result: Floats = np.bincount(items, weights=decayed, minlength=count).astype(np.float64)
    return result


def trend(
    items: npt.NDArray[np.integer[Any]],
    age_days: Floats,
    count: int,
    half_life: float = 15.0,
    weights: Floats | None = None,
) -> Floats:
    """How much of an item's sales is recent, 1 for the item most in season. weights: sales behind each entry, 1 each.

    Both counts are smoothed by a part of their mean, so that one fresh sale of a rare item makes no season. Where
    nothing was sold for so long that no recent count is left, all items are as much in season.
    """
    recent = decayed_counts(items, age_days, count, half_life, 1.0 if weights is None else weights)
    ever = np.bincount(items, weights=weights, minlength=count)
    if not recent.any():
        return np.ones(count)
    ratio = (recent + 0.05 * recent.mean()) / (ever + 0.2 * ever.mean())
    result: Floats = ratio / ratio.max()
    return result
