"""Which products read alike: word and phrase TF-IDF over weighted fields, the best few for each product.

    result = product_text_similarity(product_texts(table))
    write_derived(paths.derived, "product_similarity", result.table(computed_at=now))

The same products give the same pairs and scores to the bit, in whatever order they come: products are
sorted by id, scores are rounded before they are ranked, and equal scores rank by id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sparse_dot_topn import sp_matmul_topn

from orchestration.lib.derived import pairs_table
from orchestration.lib.sparse import SCORE_DIGITS, SPARE_CANDIDATES, l2_normalised, place_in_run
from orchestration.lib.text_features import Analyzer, FieldWeights, ProductText, count_features

#: Raised when a change of the code changes results; part of the model version.
_GENERATION = 1
#: Rows widened at once.
_WIDEN_ROWS = 2000


@dataclass(frozen=True)
class TextSimilarityConfig:
    """The settings of text similarity; the defaults are what the shop gets."""

    language: str = "english"
    fields: FieldWeights = field(default_factory=FieldWeights)
    top_k: int = 50
    min_score: float = 0.15
    """Cosine below which two products are not called similar: better no neighbour than a silly one."""
    phrase_weight: float = 0.5
    """A phrase beside a word. Measured: 0.5 is the best of 0 to 1 on co-purchases of Online Retail."""
    max_df: float = 0.5
    """Words in a larger share of the products say nothing (catalogs of 20 products and more)."""
    max_products: int = 5000
    """Words in more products are left out as well: they tell little, and cost grows with the square of it."""
    expand_with: int = 10
    """A product's text is widened by those of so many nearest products ..."""
    expand_weight: float = 0.5
    """... that together weigh this much beside its own. Short texts then meet over words that they do not
    share
    ("mug" and "beaker" both stand beside "enamel"). Measured: same-type share 0.81 without and 0.93 with it
    on the 244 goods of the demo shop; mean co-purchase cosine 0.1458 and 0.1473 on Online Retail (3,913
    products)."""
    expand_keep: int = 64
    """Heaviest features kept of a widened text; more cost time and change nothing (same measurements)."""

    @property
    def model_version(self) -> str:
        """Names code and settings: two outputs with the same version were made alike."""
        digest = hashlib.sha256(msgspec.json.encode(asdict(self))).hexdigest()[:8]
        return f"text-{_GENERATION}-{digest}"


@dataclass(frozen=True)
class TextSimilarity:
    """Neighbours by product: parallel arrays, sorted by key and rank."""

    keys: list[str]
    others: list[str]
    ranks: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    model_version: str
    products: int
    features: int
    removed_sentences: list[str]
    """Boilerplate that was taken out whole, most frequent first."""

    @property
    def alone(self) -> int:
        """Products without any neighbour."""
        return self.products - len(set(self.keys))

    def table(self, computed_at: datetime) -> pa.Table:
        """In the common shape of derived pairs, source ``text``."""
        return pairs_table(
            key=self.keys,
            other=self.others,
            rank=self.ranks,
            score=self.scores,
            source="text",
            model_version=self.model_version,
            computed_at=computed_at,
        )

    def neighbours(self) -> dict[str, list[str]]:
        """Key to its neighbours, best first."""
        result: dict[str, list[str]] = {}
        for key, other in zip(self.keys, self.others, strict=True):
            result.setdefault(key, []).append(other)
        return result


def product_texts(table: pa.Table) -> list[ProductText]:
    """Products of a table with the columns product_id, title, body_text, product_type, tags, vendor,
    is_available.

    All but product_id may be null or missing.
    """
    return [
        ProductText(
            product_id=str(row["product_id"]),
            title=_text(row, "title"),
            body_text=_text(row, "body_text"),
            product_type=_text(row, "product_type"),
            tags=tuple(str(tag) for tag in row.get("tags") or ()),
            vendor=_text(row, "vendor"),
            is_available=row.get("is_available") is not False,
        )
        for row in table.to_pylist()
    ]


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "")


def product_text_similarity(
    products: Sequence[ProductText], config: TextSimilarityConfig | None = None, *, threads: int | None = None
) -> TextSimilarity:
    """The ``top_k`` most similar products of each product, by text.

    Rows of one product id are one product, and products whose texts are the same to the word (variants
    listed apart) are one in the neighbour lists, where the first available one stands for them; none is its
    own neighbour. A product without usable words has no neighbours. threads: for the matrix product; the
    result is the same.
    """
    config = config or TextSimilarityConfig()
    merged = _merge_rows(products)
    documents, members = _collapse(merged)
    vectors, removed = _vectors(documents, config)
    if config.expand_weight and config.expand_with:
        vectors = _widen(vectors, config, threads)
    scores = _nearest(vectors, config.top_k + 1 + SPARE_CANDIDATES, config.min_score, threads)
    keys, others, ranks, kept = _ranked(scores, documents, members, config)
    return TextSimilarity(
        keys=keys,
        others=others,
        ranks=np.array(ranks, dtype=np.int32),
        scores=np.array(kept, dtype=np.float64),
        model_version=config.model_version,
        products=len(merged),
        features=vectors.shape[1],
        removed_sentences=removed,
    )


def _merge_rows(products: Sequence[ProductText]) -> list[ProductText]:
    """One row a product id, sorted by id; different texts of several rows are put together."""
    by_id: dict[str, list[ProductText]] = {}
    for product in products:
        by_id.setdefault(product.product_id, []).append(product)
    result = []
    for product_id in sorted(by_id):
        rows = by_id[product_id]
        if len(rows) == 1:
            result.append(rows[0])
            continue
        result.append(
            ProductText(
                product_id=product_id,
                title="\n".join(sorted({row.title for row in rows})),
                body_text="\n".join(sorted({row.body_text for row in rows})),
                product_type="\n".join(sorted({row.product_type for row in rows})),
                tags=tuple(sorted({tag for row in rows for tag in row.tags})),
                vendor="\n".join(sorted({row.vendor for row in rows})),
                is_available=any(row.is_available for row in rows),
            )
        )
    return result


def _collapse(products: list[ProductText]) -> tuple[list[ProductText], list[list[str]]]:
    """Documents that differ, and the product ids behind each; the one that stands for them comes first."""
    groups: dict[tuple[Any, ...], list[ProductText]] = {}
    for product in products:
        # One or two words ("Dress") are a kind of thing, not a text that names one product.
        title = product.title.casefold().split()
        is_telling = len(title) >= 3 or bool(product.body_text.strip())
        words = (" ".join(title), product.body_text, product.product_type, product.tags, product.vendor)
        mark = (*words, "" if is_telling else product.product_id)
        groups.setdefault(mark, []).append(product)
    ordered = [sorted(group, key=lambda p: (not p.is_available, p.product_id)) for group in groups.values()]
    return [group[0] for group in ordered], [[p.product_id for p in group] for group in ordered]


def _vectors(
    documents: list[ProductText], config: TextSimilarityConfig
) -> tuple[sp.csr_matrix[np.float64], list[str]]:
    """L2-normalised TF-IDF, one row a document."""
    counted = count_features(documents, Analyzer(config.language), config.fields)
    counts = counted.counts
    rows = counts.shape[0]
    in_documents = np.bincount(counts.indices, minlength=counts.shape[1])
    # A word of a single product matches nothing; it would only make the product unlike all others.
    useful = in_documents >= 2
    if rows >= 20:
        useful &= in_documents <= min(config.max_df * rows, config.max_products)
    if not useful.any():
        return sp.csr_matrix((rows, 0), dtype=np.float64), counted.boilerplate.removed
    counts = counts[:, np.flatnonzero(useful)]
    # log(1 + count), not 1 + log: weights of rare words in repeated sentences are below 1
    counts.data = np.log1p(counts.data)
    weighted = TfidfTransformer(norm=None, smooth_idf=True).fit_transform(counts)
    weighted = weighted @ sp.diags(np.where(counted.is_phrase[useful], config.phrase_weight, 1.0))
    return l2_normalised(weighted), counted.boilerplate.removed


def _nearest(
    vectors: sp.csr_matrix[np.float64], count: int, min_score: float, threads: int | None
) -> sp.csr_matrix[np.float64]:
    """The ``count`` highest cosines of each row above ``min_score``, the row itself among them."""
    if vectors.shape[1] == 0:
        return sp.csr_matrix((vectors.shape[0], vectors.shape[0]), dtype=np.float64)
    # The bound is "greater than": a hair below, so that a score of exactly min_score stays.
    return sp_matmul_topn(
        vectors, vectors.T.tocsr(), top_n=count, threshold=min_score - 1e-12, sort=True, n_threads=threads
    )


def _widen(
    vectors: sp.csr_matrix[np.float64], config: TextSimilarityConfig, threads: int | None
) -> sp.csr_matrix[np.float64]:
    """Each row plus the direction of its nearest rows, by their cosine (pseudo-relevance feedback)."""
    near = _nearest(vectors, config.expand_with + 1, config.min_score / 2, threads)
    near.data[near.indices == np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))] = 0.0  # not itself
    near.eliminate_zeros()
    # Rows grow tenfold before they are cut again: chunks keep that out of memory.
    chunks = []
    for begin in range(0, vectors.shape[0], _WIDEN_ROWS):
        rows = slice(begin, begin + _WIDEN_ROWS)
        wide = l2_normalised(vectors[rows] + config.expand_weight * l2_normalised(near[rows] @ vectors))
        chunks.append(l2_normalised(_heaviest(wide, config.expand_keep)))
    return sp.vstack(chunks, format="csr") if chunks else vectors


def _heaviest(matrix: sp.csr_matrix[np.float64], keep: int) -> sp.csr_matrix[np.float64]:
    """At most ``keep`` entries a row, the largest; of equal ones the first column's. Values are below 2."""
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # One number orders by row, then by value falling; the stable sort leaves equal ones in column order.
    order = np.argsort(row_of * 2.0 - np.round(matrix.data, SCORE_DIGITS), kind="stable")
    chosen = order[place_in_run(row_of) < keep]
    return sp.csr_matrix((matrix.data[chosen], (row_of[chosen], matrix.indices[chosen])), shape=matrix.shape)


def _ranked(
    scores: sp.csr_matrix[np.float64],
    documents: list[ProductText],
    members: list[list[str]],
    config: TextSimilarityConfig,
) -> tuple[list[str], list[str], list[int], list[float]]:
    """Best first, ties by id, self left out; sorted by key. A group's products share its list."""
    ids = np.array([document.product_id for document in documents], dtype=object)
    row_of = {product_id: row for row, group in enumerate(members) for product_id in group}
    by_id = np.empty(len(ids), dtype=np.int64)
    by_id[np.argsort(ids)] = np.arange(len(ids))
    keys: list[str] = []
    others: list[str] = []
    ranks: list[int] = []
    kept: list[float] = []
    for key in sorted(row_of):
        row = row_of[key]
        begin, end = scores.indptr[row], scores.indptr[row + 1]
        near = scores.indices[begin:end]
        cosine = np.clip(np.round(scores.data[begin:end], SCORE_DIGITS), 0.0, 1.0)
        fits = (near != row) & (cosine >= config.min_score)
        near, cosine = near[fits], cosine[fits]
        best = np.lexsort((by_id[near], -cosine))[: config.top_k]
        keys.extend([key] * len(best))
        others.extend(ids[near[best]])
        ranks.extend(range(1, len(best) + 1))
        kept.extend(cosine[best].tolist())
    return keys, others, ranks, kept
