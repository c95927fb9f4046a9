"""Chooses the next product to view by popularity, taste, price and what was just compared."""

from __future__ import annotations

import random
from collections.abc import Sequence

from demo.shop.catalogue import Catalogue, Product
from demo.simulator.dice import number
from demo.simulator.people import Visitor

#: Popularity falls with the rank as rank^-s. Shops measure s between 0.6 and 1.1.
_ZIPF = 0.75
#: What goes into one basket: kind bought -> kinds that go with it.
COMPLEMENTS: dict[str, list[str]] = {
    "dripper": ["filter-papers", "coffee-beans", "gooseneck-kettle"],
    "coffee-beans": ["coffee-beans", "filter-papers", "ceramic-mug", "dripper"],
    "grinder": ["coffee-beans", "scale"],
    "french-press": ["coffee-beans", "grinder"],
    "moka-pot": ["coffee-beans", "ceramic-cup"],
    "tea": ["tea", "teapot", "tea-caddy"],
    "teapot": ["tea", "tea-caddy", "jug"],
    "plate": ["plate", "bowl", "ceramic-mug"],
    "bowl": ["plate", "bowl", "ceramic-mug"],
    "ceramic-mug": ["bowl", "plate", "tea"],
    "dome-tent": ["groundsheet", "tent-pegs", "air-mat"],
    "tunnel-tent": ["groundsheet", "tent-pegs", "lantern"],
    "bell-tent": ["groundsheet", "lantern", "string-lights"],
    "sleeping-bag": ["air-mat", "liner", "pillow"],
    "air-mat": ["pillow", "sleeping-bag"],
    "quilt": ["air-mat", "pillow"],
    "hiking-boot": ["socks", "care-kit", "gaiter", "laces"],
    "mountain-boot": ["socks", "gaiter"],
    "trail-shoe": ["socks", "gaiter", "running-vest"],
    "crew-top": ["leggings", "socks", "beanie"],
    "t-shirt": ["boxers", "briefs", "socks"],
    "down-jacket": ["beanie", "care-kit", "gloves"],
    "shell-jacket": ["crew-top", "fleece"],
    "wax-jacket": ["wellington", "overshirt"],
    "gas-stove": ["pot", "mug", "cutlery"],
    "pot": ["gas-stove", "cutlery", "mug"],
    "trek-pack": ["pack-cover", "dry-bag", "water-flask"],
    "day-pack": ["water-flask", "flask", "pack-cover"],
    "duffel": ["packing-cube", "dry-bag"],
    "table-lamp": ["candle", "vase"],
    "pendant": ["pendant", "table-lamp"],
    "candle": ["candlestick", "candle"],
    "lantern": ["headlamp", "candle"],
}


class Tastes:
    """A model of choices from one catalogue."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self.catalogue = catalogue
        by_chance = sorted(catalogue.products, key=lambda p: number(seed, "popular", p.handle))
        self._popularity = {p.id: (rank + 2) ** -_ZIPF for rank, p in enumerate(by_chance)}
        #: What the whole shop likes, the most popular first.
        self.popular = [p for p in by_chance if p.available][:12]
        self._price_rank: dict[str, float] = {}
        for category in catalogue.categories:
            ordered = sorted(category.products, key=lambda p: p.price)
            for place, product in enumerate(ordered):
                self._price_rank[product.id] = place / max(1, len(ordered) - 1)
        self._hits: dict[str, list[Product]] = {}
        self._related: dict[str, list[Product]] = {}
        self.by_kind: dict[str, list[Product]] = {}
        for product in catalogue.products:
            self.by_kind.setdefault(product.kind, []).append(product)

    def hits(self, query: str) -> list[Product]:
        """Return what the shop's search finds; kept, since people search for the same things."""
        if query not in self._hits:
            self._hits[query] = self.catalogue.search(query)
        return self._hits[query]

    def related(self, product: Product) -> list[Product]:
        """Return what the product's page shows as similar."""
        if product.id not in self._related:
            self._related[product.id] = self.catalogue.related(product)
        return self._related[product.id]

    def weight(self, visitor: Visitor, product: Product, kinds_seen: Sequence[str] = ()) -> float:
        """Return how much this product draws this person now (not a probability). A shop front can only push so far:
        popularity counts, but liking counts more."""
        likes = len(visitor.likes.intersection(product.tags))
        fit = 1.6 - 1.5 * abs(visitor.budget - self._price_rank[product.id])
        comparing = 5.0 if product.kind in kinds_seen[-3:] else 1.0
        return float(self._popularity[product.id] * 3.2**likes * fit * comparing)

    def choose(
        self, rng: random.Random, visitor: Visitor, among: Sequence[Product], kinds_seen: Sequence[str] = ()
    ) -> tuple[int, Product]:
        """One of the products and its place in the list (from 1); what stands further up is seen more."""
        weights = [self.weight(visitor, p, kinds_seen) * (i + 3) ** -0.35 for i, p in enumerate(among)]
        place = rng.choices(range(len(among)), weights)[0]
        return place + 1, among[place]

    def liking(self, visitor: Visitor, product: Product) -> float:
        """About 1 on average: how well a product fits, apart from how popular it is."""
        in_taste = any(product.category == category for category, _ in visitor.categories)
        likes = len(visitor.likes.intersection(product.tags))
        fit = 1.3 - abs(visitor.budget - self._price_rank[product.id])
        return (1.0 if in_taste else 0.5) * (0.75 + 0.6 * likes) * fit

    def goes_with(self, rng: random.Random, visitor: Visitor, product: Product) -> Product | None:
        """Something that belongs in the same basket, if anything does."""
        kinds = COMPLEMENTS.get(product.kind, [])
        options = [
            p for kind in kinds for p in self.by_kind.get(kind, []) if p.available and p.id != product.id
        ]
        return self.choose(rng, visitor, options)[1] if options else None
