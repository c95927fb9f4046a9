"""The goods as the shop's pages need them: products, variants, collections, and a small search.

Read once from ``products.json``; nothing here changes afterwards, so one instance serves every request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from demo.catalog import PRODUCTS_JSON

CURRENCY = "GBP"


@dataclass(frozen=True)
class Variant:
    """One buyable combination of options; ids are text everywhere, as in the tracking plan."""

    id: str
    title: str
    sku: str
    price: Decimal
    was: Decimal | None
    available: bool
    options: dict[str, str]


@dataclass(frozen=True)
class Option:
    name: str
    values: list[str]

    @property
    def picker(self) -> str:
        """Return how the product page shows it: coloured ``swatch``, ``pill`` buttons, or a ``select``."""
        if self.name in {"Colour", "Glaze", "Finish", "Wood", "Glass"}:
            return "swatch"
        return "select" if self.name in {"Grind", "Fits", "Volume", "Length", "Weight"} else "pill"


@dataclass(frozen=True)
class Product:
    """One product. ``raw`` is its Shopify form, as ``/products/<handle>.json`` gives it out."""

    id: str
    handle: str
    title: str
    body_html: str
    vendor: str
    category: str
    tags: list[str]
    options: list[Option]
    variants: list[Variant]
    published_at: str
    raw: dict[str, Any]

    @property
    def url(self) -> str:
        return f"/products/{self.handle}"

    @property
    def image(self) -> str:
        """The picture in the first of its ``tints``; the files are static/pictures/<handle>[-<tint>].svg."""
        return f"/pictures/{self.handle}.svg"

    @property
    def kind(self) -> str:
        """The finest sort of thing it is: its first tag, for instance ``down-jacket``."""
        return self.tags[0]

    @property
    def available(self) -> bool:
        return any(variant.available for variant in self.variants)

    @cached_property
    def first(self) -> Variant:
        """The variant a page opens with: the first that can be bought."""
        return next((v for v in self.variants if v.available), self.variants[0])

    @property
    def price(self) -> Decimal:
        """Return what a card shows, as the catalogue's reader has it: the lowest of what can be bought, else the
        lowest.
        """
        buyable = [v.price for v in self.variants if v.available]
        return min(buyable or [v.price for v in self.variants])

    @property
    def was(self) -> Decimal | None:
        return self.first.was

    @property
    def has_price_range(self) -> bool:
        return len({variant.price for variant in self.variants}) > 1

    @property
    def text(self) -> str:
        """The written description, without list and boilerplate."""
        return strip_html(self.body_html.split("\n", 1)[0])

    @property
    def tints(self) -> list[str]:
        """The values of the option that changes how the product looks."""
        return next((o.values for o in self.options if o.picker == "swatch"), [])

    def pick(self, wanted: dict[str, str]) -> Variant | None:
        """The variant with these option values (others free), or None."""
        return next(
            (v for v in self.variants if all(v.options.get(k) == value for k, value in wanted.items())), None
        )


@dataclass(frozen=True)
class Collection:
    handle: str
    title: str
    blurb: str
    products: list[Product]

    @property
    def url(self) -> str:
        return f"/collections/{self.handle}"


#: The categories' own words: (blurb for the head of the page). Order is that of the catalogue.
CATEGORY_BLURBS = {
    "jackets": "Shells for rain that arrives sideways, down for still cold, wax for the walk to the pub.",
    "base-layers": "Merino and silk to wear next to the skin, and the socks people write to us about.",
    "footwear": "Boots that can be resoled, shoes that drain, slippers by the door.",
    "backpacks": "From two litres on the hip to seventy on the back, and every way to carry the rest.",
    "tents": "A roof for one night or for all of August.",
    "sleeping-bags": "Down, wool and air between you and the ground.",
    "camp-kitchen": "Titanium for the ounce-counters, cast iron for the rest of us.",
    "lamps": "Warm light for reading, eating, and finding the tent again.",
    "ceramics": "Stoneware thrown, glazed and fired three miles from here.",
    "coffee-and-tea": "Roasted on Tuesdays and Fridays, with the things to brew it in.",
}
#: Collections that cut across categories: title, blurb, rule.
THEMES: dict[str, tuple[str, str, Callable[[Product], bool]]] = {
    "merino": ("Merino", "Fine wool from farms we have walked round.", lambda p: "merino" in p.tags),
    "down": ("Down", "Traceable down, from booties to expedition parkas.", lambda p: "down" in p.tags),
    "ultralight": ("Ultralight", "Everything that asks to be forgotten.", lambda p: "ultralight" in p.tags),
    "titanium": ("Titanium", "Light, strong, and ringing when you tap it.", lambda p: "titanium" in p.tags),
    "fireside": (
        "Fireside",
        "For sitting round, leaning in and staying late.",
        lambda p: "fireside" in p.tags,
    ),
    "family": (
        "Family",
        "For small people and whoever carries them.",
        lambda p: bool({"family", "children"} & {*p.tags}),
    ),
    "gifts": ("Gifts", "Things we would like to be given.", lambda p: "gift" in p.tags),
    "sale": ("Last of the season", "Reduced to make room on the shelf.", lambda p: p.was is not None),
}
NEW_IN = 24

#: Products on one page of a list; the simulated visitors see as many.
PAGE_SIZE = 24
#: Similar goods below a product.
RELATED = 4
SORTS = {
    "featured": "Featured",
    "price-ascending": "Price, low to high",
    "price-descending": "Price, high to low",
    "created-descending": "Newest first",
    "title-ascending": "Alphabetically, A-Z",
}


class Catalogue:
    """All products and collections, by handle and id."""

    def __init__(self, raw_products: Sequence[dict[str, Any]]) -> None:
        self.products = [_product(raw) for raw in raw_products]
        self.by_handle = {p.handle: p for p in self.products}
        self.by_id = {p.id: p for p in self.products}
        self._words = {p.id: _words_of(p) for p in self.products}
        self.by_variant = {v.id: (p, v) for p in self.products for v in p.variants}
        categories: dict[str, list[Product]] = {}
        for product in self.products:
            categories.setdefault(product.category, []).append(product)
        self.categories = [
            Collection(handle, title, CATEGORY_BLURBS.get(handle, ""), goods)
            for title, goods in categories.items()
            for handle in [slug(title)]
        ]
        newest = sorted(self.products, key=lambda p: (p.published_at, p.handle), reverse=True)[:NEW_IN]
        everything = [
            *self.categories,
            Collection("new-in", "New in", "What came up the lane this season.", newest),
            *(
                Collection(h, t, b, [p for p in self.products if rule(p)])
                for h, (t, b, rule) in THEMES.items()
            ),
            Collection("all", "Everything", "The whole barn on one page.", self.products),
        ]
        self.collections = {collection.handle: collection for collection in everything}

    @classmethod
    def load(cls, path: Path = PRODUCTS_JSON) -> Catalogue:
        """Read a ``products.json``. Raises OSError or msgspec.DecodeError where it can't be read."""
        return cls(msgspec.json.decode(path.read_bytes())["products"])

    def category_of(self, product: Product) -> Collection:
        return self.collections[slug(product.category)]

    def related(self, product: Product) -> list[Product]:
        """The shop's own pick of similar goods, shown until Footfall's arrive: same kind first, then shared tags."""
        tags = set(product.tags)
        others = [p for p in self.products if p.id != product.id and p.available]
        others.sort(
            key=lambda p: (p.kind != product.kind, p.category != product.category, -len(tags & {*p.tags}))
        )
        return others[:RELATED]

    def search(self, query: str) -> list[Product]:
        """Products that hold every word of the query, best first: title over tags over text."""
        words = [_stem(word) for word in re.findall(r"[\w-]+", query.lower())]
        if not words:
            return []
        scored = []
        for position, product in enumerate(self.products):
            title, tags, text = self._words[product.id]
            scores = [5 * (w in title) + 3 * (w in tags) + (w in text) or _starts(w, title) for w in words]
            if all(scores):
                scored.append((-sum(scores), position, product))
        return [product for _, _, product in sorted(scored, key=lambda row: row[:2])]


def sort_products(products: Sequence[Product], order: str) -> list[Product]:
    """The products in one of ``SORTS``; an unknown order is "featured", the catalogue's own."""
    rules: dict[str, tuple[Callable[[Product], Any], bool]] = {
        "price-ascending": (lambda p: p.price, False),
        "price-descending": (lambda p: p.price, True),
        "created-descending": (lambda p: p.published_at, True),
        "title-ascending": (lambda p: p.title, False),
    }
    if order not in rules:
        return list(products)
    key, descending = rules[order]
    return sorted(products, key=key, reverse=descending)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("&", "and")).strip("-")


def strip_html(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("&amp;", "&").strip()


def _product(raw: dict[str, Any]) -> Product:
    names = [option["name"] for option in raw["options"]]
    bare = names == ["Title"]
    variants = [
        Variant(
            id=str(v["id"]),
            title=v["title"],
            sku=v["sku"],
            price=Decimal(v["price"]),
            was=Decimal(v["compare_at_price"]) if v.get("compare_at_price") else None,
            available=v["available"],
            options={} if bare else {name: v[f"option{i}"] for i, name in enumerate(names, start=1)},
        )
        for v in raw["variants"]
    ]
    return Product(
        id=str(raw["id"]),
        handle=raw["handle"],
        title=raw["title"],
        body_html=raw["body_html"],
        vendor=raw["vendor"],
        category=raw["product_type"],
        tags=raw["tags"],
        options=[] if bare else [Option(o["name"], o["values"]) for o in raw["options"]],
        variants=variants,
        published_at=raw["published_at"],
        raw=raw,
    )


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _stems(text: str) -> frozenset[str]:
    words = re.findall(r"[\w-]+", text.lower())
    return frozenset(_stem(part) for word in words for part in {word, *word.split("-")})


def _words_of(product: Product) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    return (
        _stems(product.title),
        _stems(" ".join([*product.tags, product.category, product.vendor])),
        _stems(product.text + " " + " ".join(v for o in product.options for v in o.values)),
    )


def _starts(word: str, title: frozenset[str]) -> int:
    return int(len(word) > 2 and any(other.startswith(word) for other in title))
