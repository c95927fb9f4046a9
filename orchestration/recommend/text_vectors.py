"""Turns texts into vectors: weighted words and phrases of the catalog, widened by the texts nearest to each.

texts = vectors_of(documents, config)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from orchestration.recommend.language import language_of
from orchestration.recommend.sparse import SCORE_DIGITS, l2_normalised, place_in_run
from orchestration.recommend.text_features import Analyzer, FieldWeights, ProductText, count_features

#: Raised when a change of the code changes results; part of the model version.
_GENERATION = 7
#: The catalog's own language, read off its words.
AUTO = "auto"
#: Texts that the language is read off: every n-th of a larger catalog.
_READ_FOR_LANGUAGE = 2000
#: Rows widened at once.
_WIDEN_ROWS = 2000

Matrix = sp.csr_matrix


@dataclass(frozen=True)
class TextSimilarityConfig:
    """The settings of text similarity; the defaults are what the shop gets."""

    language: str = AUTO
    """The language of stemmer and stop words; ``auto``: by the catalog's small words. Measured on descriptions of
    software, 600 each: its own language instead of English brings German 0.02, Spanish 0.02, French 0.005 of the
    same-type share."""
    fields: FieldWeights = field(default_factory=FieldWeights)
    top_k: int = 50
    min_score: float = 0.1
    """Cosine below which two products are not called similar: better no neighbour than a silly one. Of the first ten,
    those between 0.1 and 0.15 are of the product's own type as often as those between 0.15 and 0.2: two to four times
    as often as chance (descriptions of software, titles alone and with their texts)."""
    phrase_weight: float = 0.5
    """A phrase beside a word. Measured: 0.5 is the best of 0 to 1 on co-purchases of Online Retail."""
    max_df: float = 0.5
    """Words in a larger share of the products say little (catalogs of 20 products and more): they weigh log(n / df)
    alone, 0.69 for half of the products, nothing for all. They are not cut off: in a shop of towels "towel" is in most
    titles, and all that is left of many."""
    max_products: int = 5000
    """Words in more products are left out as well: they tell little, and cost grows with the square of it."""
    expand_with: int = 10
    """A product's text is widened by those of so many nearest products ..."""
    expand_weight: float = 1.0
    """... that together weigh this much beside its own. Short texts then meet over words that they do not share
    ("mug" and "beaker" both stand beside "enamel"). Measured: same-type share on the 244 goods of the demo shop 0.81
    without, 0.93 with 0.5, 0.94 with 1; on 300 to 2,000 descriptions of software 1 is 0.01 to 0.03 above 0.5; mean
    co-purchase cosine of Online Retail (3,900 products) 0.1019, 0.1027 and 0.1027, less with 2."""
    expand_keep: int = 64
    """Heaviest features kept of a widened text; more cost time and change nothing (same measurements)."""

    @property
    def model_version(self) -> str:
        """Names code and settings: two outputs with the same version were made alike."""
        digest = hashlib.sha256(msgspec.json.encode(asdict(self))).hexdigest()[:8]
        return f"text-{_GENERATION}-{digest}"


@dataclass(frozen=True)
class TextVectors:
    """The texts of a catalog, a row of length 1 each; empty where a text has no word that counts."""

    language: str
    features: int
    """Words and phrases of two texts or more."""
    removed_sentences: list[str]
    """Boilerplate that was taken out whole, most frequent first."""
    plain: Matrix
    """As the texts stand ..."""
    widened: Matrix
    """... and widened by their nearest."""


def vectors_of(
    documents: Sequence[ProductText], config: TextSimilarityConfig, threads: int | None = None
) -> TextVectors:
    """The vectors of a catalog's texts, in their order."""
    language = config.language if config.language != AUTO else _language(documents)
    counted = count_features(documents, Analyzer(language), config.fields)
    in_documents = np.bincount(counted.counts.indices, minlength=counted.counts.shape[1])
    # A word of a single product matches nothing; it would only make the product unlike all others.
    columns = np.flatnonzero(in_documents >= 2)
    is_phrase = np.array([" " in name for name in counted.vocabulary], dtype=bool)[columns]
    weights = word_weights(in_documents[columns], len(documents), config)
    weights *= np.where(is_phrase, config.phrase_weight, 1.0)
    plain = widened = _weighted(counted.counts[:, columns], weights)
    if config.expand_weight and config.expand_with:
        widened = _widen(plain, config, threads)
    return TextVectors(language, len(columns), counted.boilerplate.removed, plain, widened)


def word_weights(
    in_documents: npt.NDArray[np.int64], texts: int, config: TextSimilarityConfig
) -> npt.NDArray[np.float64]:
    """Inverse document frequency of words that so many of the ``texts`` have; 0 for what too many have."""
    # As scikit-learn's smooth_idf
    idf = np.log((1 + texts) / (1 + in_documents)) + 1.0
    if texts < 20:
        return idf
    idf -= in_documents > config.max_df * texts
    return np.where((in_documents <= config.max_products) & (in_documents < texts), idf, 0.0)


def _language(documents: Sequence[ProductText]) -> str:
    every = max(1, len(documents) // _READ_FOR_LANGUAGE)
    texts = (text for each in documents[::every] for text in (each.title, each.body_text))
    return language_of(word for text in texts for word in Analyzer.words(text))


def nearest(vectors: Matrix, count: int, min_score: float, threads: int | None) -> Matrix:
    """The ``count`` highest cosines of each row above ``min_score``, highest first, the row itself among them."""
    if 0 in vectors.shape:
        return sp.csr_matrix((vectors.shape[0], vectors.shape[0]), dtype=np.float64)
    # The bound is "greater than": a hair below, so that a score of exactly min_score stays.
    return sp_matmul_topn(
        vectors, vectors.T.tocsr(), top_n=count, threshold=min_score - 1e-12, sort=True, n_threads=threads
    )


def _weighted(counts: Matrix, weights: npt.NDArray[np.float64]) -> Matrix:
    """L2-normalised TF-IDF."""
    counts = counts.copy()
    # log(1 + count), not 1 + log: weights of rare words in repeated sentences are below 1
    counts.data = np.log1p(counts.data)
    return l2_normalised(counts @ sp.diags(weights)) if len(weights) else counts


def _widen(vectors: Matrix, config: TextSimilarityConfig, threads: int | None) -> Matrix:
    """Each row plus the direction of its nearest rows, by their cosine (pseudo-relevance feedback)."""
    near = nearest(vectors, config.expand_with + 1, config.min_score / 2, threads)
    near.data[near.indices == np.repeat(np.arange(vectors.shape[0]), np.diff(near.indptr))] = (
        0.0  # not itself
    )
    near.eliminate_zeros()
    # Rows grow tenfold before they are cut again: chunks keep that out of memory.
    chunks = []
    for begin in range(0, vectors.shape[0], _WIDEN_ROWS):
        rows = slice(begin, begin + _WIDEN_ROWS)
        wide = l2_normalised(vectors[rows] + config.expand_weight * l2_normalised(near[rows] @ vectors))
        chunks.append(l2_normalised(_heaviest(wide, config.expand_keep)))
    return sp.vstack(chunks, format="csr") if chunks else vectors


def _heaviest(matrix: Matrix, keep: int) -> Matrix:
    """At most ``keep`` entries a row, the largest; of equal ones the first column's. Values are below 2."""
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # One number orders by row, then by value falling; the stable sort leaves equal ones in column order.
    order = np.argsort(row_of * 2.0 - np.round(matrix.data, SCORE_DIGITS), kind="stable")
    chosen = order[place_in_run(row_of) < keep]
    place: Any = (row_of[chosen], matrix.indices[chosen])
    return sp.csr_matrix((matrix.data[chosen], place), shape=matrix.shape)
