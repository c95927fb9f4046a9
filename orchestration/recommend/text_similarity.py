"""Finds which products read alike: word and phrase TF-IDF over weighted fields, the best few for each product.

    result = product_text_similarity(product_texts(table))
    refresh(paths.derived, warehouse, rule)             # lake/derived/product_similarity, as the asset does it

The same products give the same pairs and scores to the bit, in whatever order they come: products are
sorted by id, scores are rounded before they are ranked, and equal scores rank by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from footfall.settings import Settings
from orchestration.recommend.rebuild import Decision, RebuildRule, fingerprint
from orchestration.recommend.sparse import (
    SCORE_DIGITS,
    SPARE_CANDIDATES,
    bounds_of,
    by_score,
    place_in_run,
    places_of,
)
from orchestration.recommend.tables import derived_file, pairs_table, write_derived
from orchestration.recommend.text_features import ProductText
from orchestration.recommend.text_vectors import TextSimilarityConfig, TextVectors, nearest, vectors_of

__all__ = [
    "ProductText",
    "TextSimilarity",
    "TextSimilarityConfig",
    "product_text_similarity",
    "product_texts",
    "refresh",
    "text_config",
]

TABLE = "product_similarity"
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

    def table(self, computed_at: datetime) -> pa.Table:
        """In the common shape of derived pairs, source ``text``."""
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
    """Options from the shop's settings."""
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
    texts = vectors_of(catalog.documents, config, threads)
    return _ranked(catalog, texts, config, threads)


def refresh(
    derived: Path,
    warehouse: duckdb.DuckDBPyConnection,
    rule: RebuildRule,
    config: TextSimilarityConfig | None = None,
) -> tuple[Decision, TextSimilarity | None]:
    """Rebuild ``lake/derived/product_similarity`` from the mart ``products`` where the rule says so; the pairs are None
    where it doesn't.
    """
    config = config or TextSimilarityConfig()
    path = derived_file(derived, TABLE)
    query = f"select {', '.join(TEXT_COLUMNS)} from products"
    inputs = fingerprint(warehouse, query, config.model_version)
    decision = rule.decide(path, inputs)
    if not decision.is_due:
        return decision, None
    with rule.recording(path, inputs):
        products = product_texts(warehouse.sql(query).to_arrow_table())
        similarity = product_text_similarity(products, config)
        write_derived(derived, TABLE, similarity.table(rule.now))
    return decision, similarity


class Catalog(NamedTuple):
    """Texts that differ, and whose they are."""

    documents: list[ProductText]
    members: list[list[str]]
    """Product ids behind each; the one that stands for them comes first."""


def catalog_of(products: Sequence[ProductText]) -> Catalog:
    """The documents of a catalog, by their first product id, whatever the order of the rows."""
    groups: dict[tuple[object, ...], list[ProductText]] = {}
    for product in merge_rows(products):
        groups.setdefault(_words_of(product), []).append(product)
    ordered = [
        group if len(group) == 1 else sorted(group, key=lambda p: (not p.is_available, p.product_id))
        for group in groups.values()
    ]
    return Catalog(
        [group[0] for group in ordered], [[product.product_id for product in group] for group in ordered]
    )


def _words_of(product: ProductText) -> tuple[object, ...]:
    """Key of a text's content; products with the same content are one document."""
    # One or two words ("Dress") are a kind of thing, not a text that names one product.
    title = product.title.casefold().split()
    is_telling = len(title) >= 3 or bool(product.body_text.strip())
    words = (" ".join(title), product.body_text, product.product_type, product.tags, product.vendor)
    return (*words, "" if is_telling else product.product_id)


def _ranked(
    catalog: Catalog, texts: TextVectors, config: TextSimilarityConfig, threads: int | None
) -> TextSimilarity:
    """Best first, ties by id; sorted by key. A document's products share its list."""
    ids = np.array([document.product_id for document in catalog.documents], dtype=object)
    by_id = np.empty(len(ids), dtype=np.int64)
    by_id[np.argsort(ids)] = np.arange(len(ids))
    # Itself is among the nearest, and a few more than are wanted, so that ties at the cut are broken by id.
    near = nearest(texts.widened, config.top_k + 1 + SPARE_CANDIDATES, config.min_score, threads)
    row = np.repeat(np.arange(len(ids)), np.diff(near.indptr))
    score = np.clip(np.round(near.data, SCORE_DIGITS), 0.0, 1.0)
    fits = (near.indices != row) & (score >= config.min_score)
    row, others, score = row[fits], near.indices[fits], score[fits]
    order = by_score(row, score, by_id[others])
    order = order[place_in_run(row[order]) < config.top_k]
    bounds, others, scores = bounds_of(row[order], len(ids)), others[order], score[order]
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
        features=texts.features,
        language=texts.language,
        removed_sentences=texts.removed_sentences,
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
