"""Small helpers for sparse rows and sorted runs, shared by the similarity modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from sklearn.preprocessing import normalize

#: Scores are compared and kept to this many digits: what is beyond is the order of additions, not similarity.
SCORE_DIGITS = 9
#: More candidates than are kept, so that ties at the cut are broken by id.
SPARE_CANDIDATES = 16


def codes(column: pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The sorted different values, as text, and for each row the place of its value among them."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    order = pc.sort_indices(encoded.dictionary)
    place = np.empty(len(order), dtype=np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), place[encoded.indices.to_numpy()]


def l2_normalised(matrix: Any) -> sp.csr_matrix[np.float64]:
    """Rows of length 1 (empty rows stay empty), without stored zeros, columns in order."""
    result: sp.csr_matrix[np.float64] = sp.csr_matrix(matrix)
    if result.nnz:  # scikit-learn refuses a matrix without rows or columns
        result = normalize(result, norm="l2", copy=False)
    result.eliminate_zeros()
    result.sort_indices()
    return result


def place_in_run(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """0, 1, 2 ... within each run of equal values of a sorted array."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    lengths = np.diff(np.append(starts, len(values)))
    return np.arange(len(values)) - np.repeat(starts, lengths)


def by_score(
    row: npt.NDArray[np.integer[Any]], score: npt.NDArray[np.float64], tie: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Places of entries by row, by falling score, then by ``tie``; quick where they come nearly so.

    score: from 0 to 1, rounded to ``SCORE_DIGITS``.
    """
    scale = 10**SCORE_DIGITS
    # Row and score as one number: a stable sort of it finds the runs that are there, one by three keys doesn't.
    key = row.astype(np.int64) * (scale + 1) + (scale - np.rint(score * scale).astype(np.int64))
    order = np.argsort(key, kind="stable")
    is_tied = np.zeros(len(order), dtype=bool)
    same = np.flatnonzero(np.diff(key[order]) == 0)
    is_tied[same] = is_tied[same + 1] = True
    tied = order[is_tied]
    order[is_tied] = tied[np.lexsort((tie[tied], key[tied]))]
    return order


def running(lengths: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Bounds of groups of these lengths: 0, then the sums so far."""
    return np.append(0, np.cumsum(lengths)).astype(np.int64)


def bounds_of(sorted_groups: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """Where each of ``count`` groups begins and ends."""
    return np.searchsorted(sorted_groups, np.arange(count + 1)).astype(np.int64)


def places_of(bounds: npt.NDArray[Any], groups: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Places of the entries of these groups, group after group."""
    lengths = np.diff(bounds)[groups]
    firsts = running(lengths)
    return np.arange(firsts[-1]) + np.repeat(bounds[:-1][groups] - firsts[:-1], lengths)
