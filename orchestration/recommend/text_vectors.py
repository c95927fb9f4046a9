"""What a text becomes: weighted words and phrases, widened by the texts nearest to it.

    learned = learn(documents, marks, config)
    vectors = vectors_of(learned, documents, marks, config)

A text's vector depends on the text and on ``learned`` alone, to the bit: the words that count and what they weigh, the
sentences that many products carry, and the texts that others are widened by are those of the catalog that was learned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from orchestration.recommend.language import language_of
from orchestration.recommend.sparse import SCORE_DIGITS, l2_normalised, place_in_run
from orchestration.recommend.text_features import (
    Analyzer,
    FeatureCounts,
    FieldWeights,
    Known,
    ProductText,
    count_features,
)
from orchestration.recommend.vocabulary import Vocabulary

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

    relearn_drift: float = 0.01
    """Words, their weights and the texts that widen others are learned again when so much of what the catalog says
    would weigh another way (``text_drift.py``) ... Measured: a twentieth of the texts of kinds that no text had is
    0.006 to 0.012, and costs up to 0.012 of the same-type share; of known kinds a tenth is 0.002 to 0.004, and costs
    nothing (docs/decisions/0036)."""
    relearn_share: float = 0.5
    """... or when so many of the texts that they were learned from went, or as many new ones came ..."""
    relearn_days: int = 30
    """... or when something changed and they are so old: a kind of few products does not wait for others."""
    relearn_below: int = 2000
    """Smaller catalogs are learned again each time: that takes a second."""

    @property
    def model_version(self) -> str:
        """Names code and settings: two outputs with the same version were made alike."""
        digest = hashlib.sha256(msgspec.json.encode(asdict(self))).hexdigest()[:8]
        return f"text-{_GENERATION}-{digest}"


@dataclass(frozen=True)
class Learned:
    """What was learned of a catalog."""

    language: str
    known: Known
    """Its sentences, and the words and phrases that count."""
    weights: npt.NDArray[np.float64]
    """Inverse document frequency by column, phrases lower; 0 for what too many texts have."""
    vectors: Matrix
    """Its texts, not widened ..."""
    marks: npt.NDArray[np.bytes_]
    """... and their hashes."""
    stems: dict[str, tuple[str, ...]]
    """Of words met so far, of texts that came later too."""


def learn(
    documents: Sequence[ProductText], marks: npt.NDArray[np.bytes_], config: TextSimilarityConfig
) -> Learned:
    """Learn a catalog. marks: a hash of each text, different for each."""
    language = config.language if config.language != AUTO else _language(documents)
    stems: dict[str, tuple[str, ...]] = {}
    counted = count_features(documents, Analyzer(language, stems), config.fields)
    in_documents = np.bincount(counted.counts.indices, minlength=counted.counts.shape[1])
    idf = word_weights(in_documents, len(documents), config)
    # Those in too many texts are kept with a weight of 0: they are no new words.
    columns = np.flatnonzero(in_documents >= 2)
    names = [
        name for name, count in zip(counted.vocabulary, in_documents.tolist(), strict=True) if count >= 2
    ]
    weights = idf[columns] * np.where([" " in name for name in names], config.phrase_weight, 1.0)
    known = Known(Vocabulary.of(names), counted.boilerplate)
    vectors = _weighted(counted.counts[:, columns], weights)
    return Learned(language, known, weights, vectors, marks, stems)


def word_weights(
    in_documents: npt.NDArray[np.int64], texts: int, config: TextSimilarityConfig
) -> npt.NDArray[np.float64]:
    """Inverse document frequency of words that so many of the ``texts`` have; 0 for those that don't count."""
    # As scikit-learn's smooth_idf
    idf = np.log((1 + texts) / (1 + in_documents)) + 1.0
    # A word of a single product matches nothing; it would only make the product unlike all others.
    useful = in_documents >= 2
    if texts >= 20:
        useful &= (in_documents <= config.max_products) & (in_documents < texts)
        idf -= in_documents > config.max_df * texts
    return np.where(useful, idf, 0.0)


def _language(documents: Sequence[ProductText]) -> str:
    every = max(1, len(documents) // _READ_FOR_LANGUAGE)
    texts = (text for each in documents[::every] for text in (each.title, each.body_text))
    return language_of(word for text in texts for word in Analyzer.words(text))


def vectors_of(
    learned: Learned,
    documents: Sequence[ProductText],
    marks: npt.NDArray[np.bytes_],
    config: TextSimilarityConfig,
    threads: int | None = None,
) -> Matrix:
    """A row of length 1 for each text; empty where it has no word that counts."""
    return vectors_of_read(learned, read_texts(learned, documents, marks, config), config, threads)


class ReadTexts(NamedTuple):
    """Texts, those of them counted that were not learned."""

    own: npt.NDArray[np.int64]
    """The place of each among those that were learned, or -1."""
    counted: FeatureCounts
    """Of those with -1: all that they say ..."""
    columns: npt.NDArray[np.int64]
    """... and the column of each word or phrase among those that count, or -1."""

    def counted_rows(self, otherwise: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
        """Of each text its row among those counted; of one that was learned ``otherwise``."""
        is_counted = self.own < 0
        return np.where(is_counted, np.cumsum(is_counted) - 1, otherwise)


def read_texts(
    learned: Learned,
    documents: Sequence[ProductText],
    marks: npt.NDArray[np.bytes_],
    config: TextSimilarityConfig,
) -> ReadTexts:
    place = {mark: row for row, mark in enumerate(learned.marks.tolist())}
    own = np.array([place.get(mark, -1) for mark in marks.tolist()], dtype=np.int64)
    came = [documents[row] for row in np.flatnonzero(own < 0).tolist()]
    analyzer = Analyzer(learned.language, learned.stems)
    counted = count_features(came, analyzer, config.fields, learned.known.boilerplate)
    return ReadTexts(own, counted, learned.known.vocabulary.columns_of(counted.vocabulary))


def vectors_of_read(
    learned: Learned, texts: ReadTexts, config: TextSimilarityConfig, threads: int | None = None
) -> Matrix:
    """``vectors_of`` texts that were read."""
    own, entries = texts.own, texts.counted.counts.tocoo()
    vectors = sp.csr_matrix((len(own), len(learned.weights)), dtype=np.float64)
    new = int(np.count_nonzero(own < 0))
    if len(own) > new:
        vectors = learned.vectors[np.maximum(own, 0)]
    if new:
        column = texts.columns[entries.col]
        kept = column >= 0
        places: Any = (entries.row[kept], column[kept].astype(np.int32))
        counts = sp.csr_matrix((entries.data[kept], places), shape=(new, len(learned.weights)))
        both = sp.vstack([_weighted(counts, learned.weights), vectors], format="csr")
        vectors = both[texts.counted_rows(new + np.arange(len(own)))]
    if config.expand_weight and config.expand_with:
        vectors = _widen(vectors, learned.vectors, own, config, threads)
    return vectors


def turned(vectors: Matrix) -> Matrix:
    """Features x rows, as ``nearest`` looks through them."""
    return vectors.T.tocsr()


def nearest(vectors: Matrix, among: Matrix, count: int, min_score: float, threads: int | None) -> Matrix:
    """The ``count`` highest cosines of each row above ``min_score``, highest first, the row itself among them.

    among: the other rows, ``turned``.
    """
    if 0 in (vectors.shape[0], *among.shape):
        return sp.csr_matrix((vectors.shape[0], among.shape[1]), dtype=np.float64)
    # The bound is "greater than": a hair below, so that a score of exactly min_score stays.
    return sp_matmul_topn(
        vectors, among, top_n=count, threshold=min_score - 1e-12, sort=True, n_threads=threads
    )


def _weighted(counts: Matrix, weights: npt.NDArray[np.float64]) -> Matrix:
    """L2-normalised TF-IDF."""
    counts = counts.copy()
    # log(1 + count), not 1 + log: weights of rare words in repeated sentences are below 1
    counts.data = np.log1p(counts.data)
    return l2_normalised(counts @ sp.diags(weights)) if len(weights) else counts


def _widen(
    vectors: Matrix,
    among: Matrix,
    own: npt.NDArray[np.int64],
    config: TextSimilarityConfig,
    threads: int | None,
) -> Matrix:
    """Each row plus the direction of its nearest rows, by their cosine (pseudo-relevance feedback)."""
    near = nearest(vectors, turned(among), config.expand_with + 1, config.min_score / 2, threads)
    near.data[near.indices == np.repeat(own, np.diff(near.indptr))] = 0.0  # not itself
    near.eliminate_zeros()
    # Rows grow tenfold before they are cut again: chunks keep that out of memory.
    chunks = []
    for begin in range(0, vectors.shape[0], _WIDEN_ROWS):
        rows = slice(begin, begin + _WIDEN_ROWS)
        wide = l2_normalised(vectors[rows] + config.expand_weight * l2_normalised(near[rows] @ among))
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
