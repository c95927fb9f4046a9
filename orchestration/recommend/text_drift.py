"""How far a catalog has moved from what was learned of it: new words, and words that say more or less by now.

    said = said_of(counts, features, columns)           # of the texts that came since
    drift(said, learned, marks, config)                 # 0: nothing would weigh another way if it were learned now

That texts are new does not matter: those of kinds that the catalog has are read as well by what was learned before.
What does is how much of what they say weighs another way in a catalog that has them. A word that was in none of the
texts that were learned, or in one, counts for nothing, and once two have it, in full; one that few had and many have
now ("sale") counts for more than it should.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from orchestration.recommend.sparse import bounds_of, places_of, running
from orchestration.recommend.text_vectors import Learned, Matrix, TextSimilarityConfig, word_weights
from orchestration.recommend.vocabulary import hashes_of


class Said(NamedTuple):
    """Words of texts that were not learned, phrases left out: text n says the entries ``bounds[n]`` to
    ``bounds[n + 1]``; one that was learned has none."""

    bounds: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]
    """A hash of each."""
    columns: npt.NDArray[np.int32]
    """In the vocabulary that was learned; -1 where it doesn't have the word."""
    shares: npt.NDArray[np.float64]
    """How much of the text each is: those of a text add up to 1."""

    def rows(self, wanted: npt.NDArray[np.int64]) -> Said:
        """Of some texts, in the order given."""
        at = places_of(self.bounds, wanted)
        lengths = np.diff(self.bounds)[wanted]
        return Said(running(lengths), self.words[at], self.columns[at], self.shares[at])

    def followed_by(self, other: Said) -> Said:
        return Said(
            np.append(self.bounds, self.bounds[-1] + other.bounds[1:]),
            np.concatenate([self.words, other.words]),
            np.concatenate([self.columns, other.columns]),
            np.concatenate([self.shares, other.shares]),
        )


def nothing_said(texts: int) -> Said:
    """That of texts which were learned."""
    nothing = np.zeros(texts + 1, np.int64)
    return Said(nothing, np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0))


def said_of(counts: Matrix, features: Sequence[str], columns: npt.NDArray[np.int64]) -> Said:
    """What texts say. counts: texts x features. columns: of each feature in the vocabulary, or -1.

    Of a text it is the same, to the bit, whatever others come with it.
    """
    entries = counts.tocoo()
    is_word = np.array([" " not in name for name in features], dtype=bool)
    hashes = np.zeros(len(features), np.uint64)
    hashes[is_word] = hashes_of([name.encode() for name in features if " " not in name])
    order = np.flatnonzero(is_word[entries.col])
    order = order[np.lexsort((hashes[entries.col[order]], entries.row[order]))]
    row, word, weight = entries.row[order], entries.col[order], entries.data[order]
    in_all = np.bincount(row, weights=weight, minlength=counts.shape[0])
    return Said(
        bounds_of(row, counts.shape[0]), hashes[word], columns[word].astype(np.int32), weight / in_all[row]
    )


def drift(said: Said, learned: Learned, marks: npt.NDArray[np.bytes_], config: TextSimilarityConfig) -> float:
    """The share, from 0 to 1, of what the texts of these marks say that is new and would weigh another way if they were
    learned now: of each word by how much, as a share of the larger weight. said: by those that were not learned."""
    if not len(said.words):
        return 0.0
    is_known = said.columns >= 0
    known = said.columns[is_known]
    stayed = learned.vectors[np.flatnonzero(np.isin(learned.marks, marks))]
    in_texts = np.bincount(np.append(stayed.indices, known), minlength=len(learned.weights))
    then, now = np.zeros(len(said.words)), np.zeros(len(said.words))
    then[is_known] = learned.weights[known]
    # What too many texts had is not known to be in fewer.
    now[is_known] = np.where(then[is_known] > 0, word_weights(in_texts, len(marks), config)[known], 0.0)
    _, word, in_new = np.unique(said.words[~is_known], return_inverse=True, return_counts=True)
    now[~is_known] = word_weights(in_new, len(marks), config)[word]
    larger = np.maximum(then, now)
    counts = larger > 0
    moved = np.abs(now - then)[counts] / larger[counts]
    return float((said.shares[counts] * moved).sum()) / len(marks)
