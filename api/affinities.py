"""Affinities of a visitor to products and categories, as of the snapshot; scores decay when they are read.

What is published is what stood when something last happened (``visitor_product_scores``), so that a publish needs not
write everybody's scores because time went by. Answers are those of the marts ``visitor_product_affinity`` and
``visitor_category_affinity`` at the moment of publishing, to six digits.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from footfall.snapshot.format import CategoryScore, Fading, ProductScores

#: More than any ranking here distinguishes.
_DIGITS = 6


class ProductAffinity(msgspec.Struct, frozen=True, gc=False):
    """A visitor's affinity to a product, with the parts of the sum."""

    product_id: str
    affinity: float
    view_score: float
    option_score: float
    cart_score: float
    purchase_score: float
    views: int
    carts: int
    purchases: int
    last_at: datetime | None

    @property
    def has_purchased(self) -> bool:
        """Return whether an order holds the product."""
        return self.purchases > 0


class CategoryAffinity(msgspec.Struct, frozen=True, gc=False):
    category: str
    affinity: float
    rank: int


def product_affinities(scores: list[ProductScores], fading: Fading) -> list[ProductAffinity]:
    """The highest first; ties go by product id."""
    faded = [_product(row, fading.share_left(row.scored_at)) for row in scores]
    return sorted(faded, key=lambda row: (-row.affinity, row.product_id))


def category_affinities(scores: list[CategoryScore], fading: Fading) -> list[CategoryAffinity]:
    """In the mart's order, which fading doesn't change: all of a visitor's fade alike."""
    return [
        CategoryAffinity(row.category, round(row.score * fading.share_left(row.scored_at), _DIGITS), row.rank)
        for row in scores
    ]


def _product(row: ProductScores, share_left: float) -> ProductAffinity:
    total = row.view_score + row.option_score + row.cart_score + row.purchase_score
    return ProductAffinity(
        row.product_id,
        round(total * share_left, _DIGITS),
        round(row.view_score * share_left, _DIGITS),
        round(row.option_score * share_left, _DIGITS),
        round(row.cart_score * share_left, _DIGITS),
        round(row.purchase_score * share_left, _DIGITS),
        row.views,
        row.carts,
        row.purchases,
        row.last_at,
    )
