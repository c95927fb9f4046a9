"""The products of an answer: what was chosen, with what it takes to show it, and the reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from api.schemas import NamedProduct, ProductItem
from api.snapshots import Snapshot
from footfall.snapshot import blending
from footfall.snapshot.blending import Chosen, Explanation, RecommendationRequest
from footfall.snapshot.explanations import WORDS, sentence
from footfall.snapshot.format import Table


def recommend(
    snapshot: Snapshot, wanted: RecommendationRequest, words: Mapping[str, str] = WORDS["en"]
) -> list[ProductItem]:
    """``blending.recommend`` with reasons. words: what a reason says, by source."""
    return _items(snapshot, blending.recommend(snapshot, wanted), words)


def product_list(
    snapshot: Snapshot,
    product_id: str,
    order: Sequence[Table],
    limit: int,
    *,
    fallback: bool,
    words: Mapping[str, str] = WORDS["en"],
) -> list[ProductItem]:
    """``blending.product_list`` with reasons."""
    chosen = blending.product_list(snapshot, product_id, order, limit, fallback=fallback)
    return _items(snapshot, chosen, words)


def explained(
    snapshot: Snapshot, why: Explanation, category: str | None, words: Mapping[str, str]
) -> tuple[NamedProduct | None, str]:
    """The seed by name, and the reason in words. category: of the product that is explained."""
    seed = NamedProduct(product_id=why.seed, title=snapshot.title(why.seed)) if why.seed else None
    return seed, sentence(words, why.source, seed.title if seed else None, category)


def _items(snapshot: Snapshot, chosen: Iterable[Chosen], words: Mapping[str, str]) -> list[ProductItem]:
    items = []
    for product_id, score, card, why_of in chosen:
        why = why_of(product_id)
        seed, reason = explained(snapshot, why, card.product_type, words)
        items.append(
            ProductItem(
                product_id=product_id,
                title=card.title,
                url=card.url,
                image_url=card.image_url,
                price=card.price,
                currency=card.currency,
                category=card.product_type,
                score=round(score, 6),
                source=why.source,
                seed=seed,
                reason=reason,
            )
        )
    return items
