"""Which products read alike: word and phrase TF-IDF over weighted fields, the best few for each product.

    result = product_text_similarity(product_texts(table))
    write_derived(paths.derived, "product_similarity", result.table(computed_at=now))

The same products give the same pairs and scores to the bit, in whatever order they come: products are
sorted by id, scores are rounded before they are ranked, and equal scores rank by id.

What a text becomes depends on it and on what was learned of a catalog (``text_vectors.py``), on nothing else. So while
that stands, a changed text changes its own vector only, and ``text_refresh.py`` makes the lists again that it is in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from footfall.settings import Settings
from orchestration.recommend.sparse import (
    SCORE_DIGITS,
    SPARE_CANDIDATES,
    bounds_of,
    by_score,
    place_in_run,
    places_of,
)
from orchestration.recommend.tables import pairs_table
from orchestration.recommend.text_features import ProductText
from orchestration.recommend.text_vectors import (
    Learned,
    Matrix,
    TextSimilarityConfig,
    learn,
    nearest,
    turned,
    vectors_of,
)

__all__ = [
    "ProductText",
    "TextSimilarity",
    "TextSimilarityConfig",
    "product_text_similarity",
    "product_texts",
    "text_config",
]


#: What ``product_texts`` reads of the mart ``products``.
TEXT_COLUMNS = ("product_id", "title", "body_text", "product_type", "tags", "vendor", "is_available")


@dataclass(frozen=True)
class TextSimilarity:
    """Neighbours by product: parallel arrays, sorted by key and rank."""

    key: pa.DictionaryArray
    other: pa.DictionaryArray
    ranks: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    model_version: str
    products: int
    features: int
    language: str
    removed_sentences: list[str]
    """Boilerplate that was taken out whole, most frequent first."""

    @property
    def keys(self) -> list[str]:
        return self.key.to_pylist()

    @property
    def others(self) -> list[str]:
        return self.other.to_pylist()

    @property
    def alone(self) -> int:
        """Products without any neighbour."""
        return self.products - len(pc.unique(self.key.indices))

    def table(self, computed_at: datetime | npt.NDArray[np.int64]) -> pa.Table:
        """In the common shape of derived pairs, source ``text``. computed_at: of all, or in microseconds of each."""
        return pairs_table(
            key=self.key.dictionary_decode(),
            other=self.other.dictionary_decode(),
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


def text_config(settings: Settings) -> TextSimilarityConfig:
    """What the shop's settings say."""
    return TextSimilarityConfig(language=settings.catalog_language)


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
    catalog = catalog_of(products)
    learned = learn(catalog.documents, catalog.marks, config)
    vectors = vectors_of(learned, catalog.documents, catalog.marks, config, threads)
    return ranked(
        catalog,
        nearest_lists(vectors, turned(vectors), np.arange(len(catalog.documents)), config, threads),
        learned,
        config,
    )


class Catalog(NamedTuple):
    """Texts that differ, and whose they are."""

    documents: list[ProductText]
    members: list[list[str]]
    """Product ids behind each; the one that stands for them comes first."""
    marks: npt.NDArray[np.bytes_]
    """A hash of each text."""

    @property
    def products(self) -> int:
        return sum(map(len, self.members))


def catalog_of(products: Sequence[ProductText]) -> Catalog:
    """The documents of a catalog, in an order that does not depend on that of the rows."""
    rows = merge_rows(products)
    return collapsed(rows, [mark_of(row) for row in rows])


class Lists(NamedTuple):
    """The nearest documents of each: of document n ``others[bounds[n]:bounds[n + 1]]``, best first, with their scores.

    A few more than are wanted (``candidates``), so that ties at the cut are broken by id. ``reach``: every document
    that scores above it is in the list; -1 where all that count are.
    """

    bounds: npt.NDArray[np.int64]
    others: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    reach: npt.NDArray[np.float64]


def candidates(config: TextSimilarityConfig) -> int:
    """Documents looked at for a list, itself included."""
    return config.top_k + 1 + SPARE_CANDIDATES


def nearest_lists(
    vectors: Matrix,
    among: Matrix,
    own: npt.NDArray[np.int64],
    config: TextSimilarityConfig,
    threads: int | None,
) -> Lists:
    """Lists of ``vectors``, which are the rows ``own`` of ``among``, which come ``turned``."""
    found = nearest(vectors, among, candidates(config), config.min_score, threads)
    row = np.repeat(np.arange(len(own)), np.diff(found.indptr))
    score = np.clip(np.round(found.data, SCORE_DIGITS), 0.0, 1.0)
    reach = np.full(len(own), -1.0)
    full = np.flatnonzero(np.diff(found.indptr) == candidates(config))
    reach[full] = score[found.indptr[full + 1] - 1]  # sorted: the last is the least
    fits = (found.indices != own[row]) & (score >= config.min_score)
    return sorted_lists(row[fits], found.indices[fits], score[fits], reach)


def sorted_lists(
    row: npt.NDArray[Any],
    other: npt.NDArray[Any],
    score: npt.NDArray[np.float64],
    reach: npt.NDArray[np.float64],
) -> Lists:
    order = by_score(row, score, other)
    return Lists(bounds_of(row[order], len(reach)), other[order].astype(np.int32), score[order], reach)


def ranked(catalog: Catalog, lists: Lists, learned: Learned, config: TextSimilarityConfig) -> TextSimilarity:
    """Best first, ties by id; sorted by key. A document's products share its list."""
    ids = np.array([document.product_id for document in catalog.documents], dtype=object)
    by_id = np.empty(len(ids), dtype=np.int64)
    by_id[np.argsort(ids)] = np.arange(len(ids))
    row = np.repeat(np.arange(len(ids)), np.diff(lists.bounds))
    order = by_score(row, lists.scores, by_id[lists.others])
    order = order[place_in_run(row[order]) < config.top_k]
    bounds, others, scores = bounds_of(row[order], len(ids)), lists.others[order], lists.scores[order]
    row_of = {product_id: row for row, group in enumerate(catalog.members) for product_id in group}
    keys = sorted(row_of)
    rows = np.array([row_of[key] for key in keys], dtype=np.int64)
    lengths, places = np.diff(bounds)[rows], places_of(bounds, rows)
    repeated = np.repeat(np.arange(len(keys)), lengths)
    return TextSimilarity(
        key=pa.DictionaryArray.from_arrays(pa.array(repeated, pa.int32()), pa.array(keys, pa.string())),
        other=pa.DictionaryArray.from_arrays(
            pa.array(others[places], pa.int32()), pa.array(ids, pa.string())
        ),
        ranks=(place_in_run(repeated) + 1).astype(np.int32),
        scores=scores[places],
        model_version=config.model_version,
        products=len(keys),
        features=len(learned.known.vocabulary),
        language=learned.language,
        removed_sentences=learned.known.boilerplate.removed,
    )


def merge_rows(products: Sequence[ProductText]) -> list[ProductText]:
    """One row a product id, sorted by id; different texts of several rows are put together."""
    ordered = sorted(products, key=lambda product: product.product_id)
    result = []
    for product_id, group in groupby(ordered, key=lambda product: product.product_id):
        rows = list(group)
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


def mark_of(product: ProductText) -> bytes:
    """A hash of a text; products of one mark are one document."""
    # One or two words ("Dress") are a kind of thing, not a text that names one product.
    title = product.title.casefold().split()
    is_telling = len(title) >= 3 or bool(product.body_text.strip())
    words = (" ".join(title), product.body_text, product.product_type, product.tags, product.vendor)
    mark = msgspec.json.encode((*words, "" if is_telling else product.product_id))
    return hashlib.blake2b(mark, digest_size=16).hexdigest().encode()


def collapsed(products: Sequence[ProductText], marks: Sequence[bytes]) -> Catalog:
    """The documents of merged rows, whose marks these are, by their first row."""
    groups: dict[bytes, list[ProductText]] = {}
    for product, mark in zip(products, marks, strict=True):
        groups.setdefault(mark, []).append(product)
    ordered = [
        group if len(group) == 1 else sorted(group, key=lambda p: (not p.is_available, p.product_id))
        for group in groups.values()
    ]
    return Catalog(
        [group[0] for group in ordered],
        [[product.product_id for product in group] for group in ordered],
        np.array(list(groups), dtype="S32"),
    )
