"""Text similarity measured: do the ten nearest products have the product's own type, when no type was read?

The type and the tags are kept out of the text (shops write the type into the tags), so that the measure
asks what title and description alone know. A product whose list is shorter than ten counts its missing
places as misses. Types that differ only in case or blanks ("Shoes", "shoes ") are one. The whole catalog is ranked:
products whose texts are the same to the word, which a shopper's list shows once, each have a place here, as they have
with any other method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestration.catalog.model import CatalogFile
from orchestration.recommend.text_features import FieldWeights, ProductText
from orchestration.recommend.text_similarity import TextSimilarityConfig, catalog_of, product_text_similarity

#: "Top 10" of the protocol.
TOP = 10
#: Bootstrap rounds; the interval's ends move by less than 0.002 beyond.
_ROUNDS = 1000


@dataclass(frozen=True)
class TypeShare:
    """The mean share of same-type products among the first ``top`` neighbours."""

    share: float
    low: float
    """Lower end of the 95 % bootstrap interval over products."""
    high: float
    chance: float
    """The share that neighbours drawn at random would have."""
    top: int
    products: int
    """Products that were asked: those whose type has at least two products."""
    types: int
    without_neighbours: int


def same_type_share(
    neighbours: Mapping[str, Sequence[str]], types: Mapping[str, str], *, top: int = TOP, seed: int = 0
) -> TypeShare:
    """Measure neighbour lists against types (product id to type; "" is no type and is not asked).

    A type of a single product has no right answer and is not asked, but its product may be a wrong one.
    Raises ValueError where there is nothing to ask.
    """
    sizes = Counter(kind for kind in types.values() if kind)
    asked = sorted(product for product, kind in types.items() if kind and sizes[kind] > 1)
    if not asked:
        raise ValueError("no product has a type that another product has too")
    hits = np.array([
        sum(types.get(other) == types[product] for other in list(neighbours.get(product, ()))[:top])
        for product in asked
    ]) / top  # fmt: skip
    # A shop of six products has five for a list; the other places are misses of chance too
    filled = min(top, len(types) - 1) / top
    drawn = np.random.default_rng(seed).integers(0, len(hits), (_ROUNDS, len(hits)))
    low, high = np.quantile(hits[drawn].mean(axis=1), [0.025, 0.975])
    return TypeShare(
        share=float(hits.mean()),
        low=float(low),
        high=float(high),
        chance=filled * float(np.mean([(sizes[types[product]] - 1) / (len(types) - 1) for product in asked])),
        top=top,
        products=len(asked),
        types=len(sizes),
        without_neighbours=sum(1 for product in asked if not neighbours.get(product)),
    )


def kind_of(product_type: str) -> str:
    """A type without what hands that fill in a form make different: case and blanks."""
    return " ".join(product_type.casefold().split())


def catalog_texts(catalog: CatalogFile) -> list[ProductText]:
    """A catalog file's products with what text similarity reads of them."""
    return [
        ProductText(
            product_id=each.product_id,
            title=each.title,
            body_text=each.body_text,
            product_type=each.product_type or "",
            tags=each.tags,
            vendor=each.vendor or "",
            is_available=each.available,
        )
        for each in catalog.products
    ]


def evaluate_text_similarity(
    products: Sequence[ProductText],
    config: TextSimilarityConfig | None = None,
    *,
    top: int = TOP,
    seed: int = 0,
) -> TypeShare:
    """The protocol on a catalog: the shop's own settings, with type and tags left out of the text.

    Raises ValueError where there is nothing to ask.
    """
    config = config or TextSimilarityConfig()
    blind = replace(config, fields=replace(config.fields, product_type=0.0, tags=0.0))
    neighbours = _with_twins(
        product_text_similarity(products, blind).neighbours(), catalog_of(products).members
    )
    types = {product.product_id: kind_of(product.product_type) for product in products}
    return same_type_share(neighbours, types, top=top, seed=seed)


def _with_twins(
    neighbours: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]
) -> dict[str, list[str]]:
    """Each list with every product of a text that is in it; the product's own twins come first."""
    group_of = {product: group for group in groups for product in group}
    return {
        product: [
            twin
            for other in (product, *neighbours.get(product, ()))
            for twin in group_of[other]
            if twin != product
        ]
        for product in group_of
    }


#: The baseline: the same fields and tokens, plainly weighted; no phrases, no widening.
PLAIN = TextSimilarityConfig(
    fields=FieldWeights(number=1.0), phrase_weight=0.0, expand_weight=0.0, min_score=1e-6
)
