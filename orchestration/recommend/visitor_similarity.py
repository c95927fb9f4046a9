"""Visitor similarity: idf-weighted cosine over viewed and bought products.

    similarity = VisitorSimilarity(affinity_table)
    write_derived(paths.derived, "visitor_affinity", similarity.tables(computed_at=now))
    refresh(paths.derived, warehouse, rule)               # the same, as the asset does it

Three sources: ``behaviour`` (views, options, carts), ``purchase``, and ``blend``, the cosine of both side
by side. Each pair names the products behind it. Same affinities, same pairs to the bit, in whatever order
the rows come.

Who gets neighbours and who is one: everybody with a product in the space gets neighbours, a guest after the
first view too, since that guest is whom the shop knows least about. Only visitors with three products or
more are neighbours: a visitor with one product is all of it, would be as alike as can be to everyone who
saw that product, and has nothing else to pass on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from orchestration.recommend.rebuild import Decision, RebuildRule, fingerprint
from orchestration.recommend.sparse import (
    SCORE_DIGITS,
    SPARE_CANDIDATES,
    by_score,
    codes,
    l2_normalised,
    place_in_run,
)
from orchestration.recommend.tables import derived_file, pairs_table, write_derived

TABLE = "visitor_affinity"
#: Raised when a change of the code changes results; part of the model version.
_GENERATION = 1
#: Key rows multiplied at once, and stored numbers of key rows repeated for their pairs: about 200 MB of
#: temporaries.
_CHUNK_ROWS = 20_000
_CHUNK_NUMBERS = 4_000_000

BEHAVIOUR = ("view_score", "option_score", "cart_score")
PURCHASE = ("purchase_score",)

_AFFINITIES = (
    f"select visitor_id, product_id, {', '.join((*BEHAVIOUR, *PURCHASE))} from visitor_product_affinity"
)

Matrix = sp.csr_matrix  # rows: visitors, columns: products (in the blend twice, behaviour then purchase)


@dataclass(frozen=True)
class VisitorSimilarityConfig:
    """The settings of visitor similarity."""

    top_k: int = 50
    min_products: int = 3
    """Products that a visitor must have in a space to be someone's neighbour there."""
    max_product_visitors: int = 2000
    """Products of more visitors are cut: they make nobody alike, and pairs grow with the square."""
    min_score: float = 0.05
    """Cosine below which two visitors are not called alike (our choice: one common product of twenty each)."""
    purchase_share: float = 0.5
    """Weight of purchases in the blend, of 1 (our choice: public data has no views to tune it with)."""
    shared: int = 5
    """Products named behind a pair, by what they add to the score."""

    @property
    def model_version(self) -> str:
        """Names code and settings: two outputs with the same version were made alike."""
        digest = hashlib.sha256(msgspec.json.encode(asdict(self))).hexdigest()[:8]
        return f"visitors-{_GENERATION}-{digest}"


@dataclass(frozen=True)
class SpaceReport:
    """Inputs of one source."""

    visitors: int
    neighbours: int
    """Visitors with enough products to be someone's neighbour."""
    products: int
    cut_products: int


@dataclass(frozen=True)
class _Space:
    source: str
    vectors: Matrix
    can_be_neighbour: npt.NDArray[np.int64]
    """Rows of the visitors that may be neighbours."""
    report: SpaceReport


class VisitorSimilarity:
    """Visitor pairs of a table of affinities.

    affinities: columns visitor_id, product_id, view_score, option_score, cart_score, purchase_score (the mart
    ``visitor_product_affinity``); scores that are null, zero or below (refunded, removed) count as none.
    """

    def __init__(
        self,
        affinities: pa.Table,
        config: VisitorSimilarityConfig | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        self.config = config or VisitorSimilarityConfig()
        self._threads = threads
        self.visitor_ids, rows = codes(affinities["visitor_id"])
        self.product_ids, columns = codes(affinities["product_id"])
        self._shape = (len(self.visitor_ids), len(self.product_ids))
        place = (rows, columns)
        behaviour = self._space("behaviour", affinities, BEHAVIOUR, place)
        purchase = self._space("purchase", affinities, PURCHASE, place)
        self._spaces = [behaviour, purchase, self._blend(behaviour, purchase)]

    @property
    def reports(self) -> dict[str, SpaceReport]:
        """By source."""
        return {space.source: space.report for space in self._spaces}

    @property
    def model_version(self) -> str:
        return self.config.model_version

    def tables(self, computed_at: datetime) -> Iterator[pa.Table]:
        """The pairs, source after source, each sorted by key and rank, in tables of bounded size."""
        for space in self._spaces:
            yield from self._pairs(space, computed_at)

    def _space(
        self,
        source: str,
        affinities: pa.Table,
        scores: tuple[str, ...],
        place: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    ) -> _Space:
        total = np.zeros(affinities.num_rows)
        for name in scores:
            total += np.nan_to_num(affinities[name].cast(pa.float64()).fill_null(0.0).to_numpy())
        counts = sp.csr_matrix((total, place), shape=self._shape)
        counts.data[counts.data < 0] = 0.0
        counts.eliminate_zeros()
        visitors_of = np.bincount(counts.indices, minlength=self._shape[1])
        hot = visitors_of > self.config.max_product_visitors
        active = int((np.diff(counts.indptr) > 0).sum())
        idf = np.where((visitors_of > 0) & ~hot, np.log1p(active / np.maximum(visitors_of, 1)), 0.0)
        counts.data = np.log1p(counts.data)  # ten views are more than one, not ten times as much
        vectors = l2_normalised(counts @ sp.diags(idf))
        report = SpaceReport(
            visitors=active,
            neighbours=0,
            products=int((visitors_of > 0).sum()),
            cut_products=int(hot.sum()),
        )
        return self._finished(source, vectors, np.diff(vectors.indptr), report)

    def _blend(self, behaviour: _Space, purchase: _Space) -> _Space:
        """Both spaces side by side; a visitor with only one of them is that one whole."""
        share = self.config.purchase_share
        both = sp.hstack(
            [behaviour.vectors * np.sqrt(1.0 - share), purchase.vectors * np.sqrt(share)], format="csr"
        )
        vectors = l2_normalised(both)
        # A product seen and bought is one product.
        different = (behaviour.vectors + purchase.vectors).tocsr()
        report = SpaceReport(
            visitors=int((np.diff(vectors.indptr) > 0).sum()),
            neighbours=0,
            products=max(behaviour.report.products, purchase.report.products),
            cut_products=max(behaviour.report.cut_products, purchase.report.cut_products),
        )
        return self._finished("blend", vectors, np.diff(different.indptr), report)

    def _finished(
        self, source: str, vectors: Matrix, products: npt.NDArray[np.integer], report: SpaceReport
    ) -> _Space:
        fit = np.flatnonzero(products >= self.config.min_products)
        counted = SpaceReport(report.visitors, len(fit), report.products, report.cut_products)
        return _Space(source, vectors, fit, counted)

    def _pairs(self, space: _Space, computed_at: datetime) -> Iterator[pa.Table]:
        lengths = np.diff(space.vectors.indptr)
        keys = np.flatnonzero(lengths > 0)
        if len(space.can_be_neighbour) == 0 or len(keys) == 0:
            return
        targets = space.vectors[space.can_be_neighbour]
        turned = targets.T.tocsr()
        for begin in range(0, len(keys), _CHUNK_ROWS):
            chunk = keys[begin : begin + _CHUNK_ROWS]
            scores = sp_matmul_topn(
                space.vectors[chunk],
                turned,
                top_n=self.config.top_k + 1 + SPARE_CANDIDATES,
                threshold=self.config.min_score - 1e-12,
                sort=True,
                n_threads=self._threads,
            )
            key, other, rank, score = self._ranked(scores, chunk, space.can_be_neighbour)
            for part in _parts(lengths[key]):
                yield pairs_table(
                    key=self.visitor_ids.take(pa.array(key[part])),
                    other=self.visitor_ids.take(pa.array(other[part])),
                    rank=rank[part],
                    score=score[part],
                    source=space.source,
                    model_version=self.model_version,
                    computed_at=computed_at,
                    shared=self._shared(space.vectors, key[part], other[part]),
                )

    def _ranked(
        self, scores: Matrix, chunk: npt.NDArray[np.int64], targets: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """(key row, other row, rank, score), sorted by key and rank; rows are in the order of ids."""
        key = np.repeat(chunk, np.diff(scores.indptr))
        other = targets[scores.indices]
        score = np.minimum(np.round(scores.data, SCORE_DIGITS), 1.0)
        fits = (key != other) & (score >= self.config.min_score)
        key, other, score = key[fits], other[fits], score[fits]
        order = by_score(key, score, other)
        key, other, score = key[order], other[order], score[order]
        rank = place_in_run(key) + 1
        kept = rank <= self.config.top_k
        return key[kept], other[kept], rank[kept], score[kept]

    def _shared(self, vectors: Matrix, key: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> pa.Array:
        """For each pair the products that add most to its score, largest first, ties by product id."""
        common = vectors[key].multiply(vectors[other]).tocoo()
        products = common.col % self._shape[1]  # the blend has each product twice
        place = (common.row, products)
        summed: Matrix = sp.csr_matrix((common.data, place), shape=(len(key), self._shape[1]))
        summed.sum_duplicates()
        pair = np.repeat(np.arange(len(key)), np.diff(summed.indptr))
        order = by_score(pair, np.round(summed.data, SCORE_DIGITS), summed.indices)
        pair, product = pair[order], summed.indices[order]
        kept = place_in_run(pair) < self.config.shared
        offsets = np.concatenate([[0], np.cumsum(np.bincount(pair[kept], minlength=len(key)))])
        names = self.product_ids.take(pa.array(product[kept]))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names)


def refresh(
    derived: Path,
    warehouse: duckdb.DuckDBPyConnection,
    rule: RebuildRule,
    config: VisitorSimilarityConfig | None = None,
) -> tuple[Decision, VisitorSimilarity | None]:
    """Rebuild everybody's lists in ``lake/derived/visitor_affinity`` where the rule says so; what they were built from,
    where they were.
    """
    config = config or VisitorSimilarityConfig()
    path = derived_file(derived, TABLE)
    inputs = fingerprint(warehouse, _AFFINITIES, config.model_version)
    decision = rule.decide(path, inputs)
    if not decision.is_due:
        return decision, None
    with rule.recording(path, inputs):
        similarity = VisitorSimilarity(warehouse.sql(_AFFINITIES).to_arrow_table(), config)
        write_derived(derived, TABLE, similarity.tables(rule.now))
    return decision, similarity


def _parts(numbers: npt.NDArray[np.integer]) -> Iterator[slice]:
    """Slices of pairs whose key rows hold at most about ``_CHUNK_NUMBERS`` stored numbers together."""
    if len(numbers) == 0:
        return
    part = np.cumsum(numbers) // _CHUNK_NUMBERS
    starts = np.flatnonzero(np.concatenate([[True], part[1:] != part[:-1]]))
    for begin, end in zip(starts, np.append(starts[1:], len(numbers)), strict=True):
        yield slice(int(begin), int(end))
