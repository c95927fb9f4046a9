"""Answers and operations of the API. Made by packages/generate.py: don't edit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import msgspec

Answer = TypeVar("Answer")


def _segment(text: str) -> str:
    """An id as a part of an address: a slash in it is its own."""
    return quote(text, safe="")


class Affinities(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    visitor: str
    "The id as requested."
    visitor_id: str | None = None
    products: list[ProductAffinityItem]
    categories: list[CategoryAffinityItem]


class AffinityAnswer(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    visitor: str
    "The id as requested."
    visitor_id: str | None = None
    product_id: str
    affinity: float
    parts: AffinityParts
    category: str | None
    category_affinity: float
    "Affinity to the product's category."
    recommendation: PublishedRank | None


class AffinityParts(msgspec.Struct, kw_only=True):
    view_score: float = 0.0
    option_score: float = 0.0
    cart_score: float = 0.0
    purchase_score: float = 0.0
    views: int = 0
    carts: int = 0
    purchases: int = 0
    last_at: datetime | None = None
    has_purchased: bool = False


class CategoryAffinityItem(msgspec.Struct, kw_only=True):
    category: str
    affinity: float
    rank: int


class MartBrief(msgspec.Struct, kw_only=True):
    name: str
    description: str
    rows: int
    columns: list[MartColumn]


class MartColumn(msgspec.Struct, kw_only=True):
    name: str
    type: str
    description: str


class MartRows(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    name: str
    description: str
    columns: list[MartColumn]
    rows: int
    items: list[dict[str, Any]]
    next_cursor: str | None


class Marts(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    time_zone: str
    "Time zone of the shop's calendar, which defines the marts' days."
    today: date
    "The shop's day when the snapshot was built: an unfinished day."
    catalogue_problems: list[str]
    "Unreadable catalogue files, each with the reason; their last readable version counts."
    items: list[MartBrief]


class MembershipItem(msgspec.Struct, kw_only=True):
    segment: str
    since: datetime | None
    "Start of the membership, by the segment's own clock."


class NamedProduct(msgspec.Struct, kw_only=True):
    product_id: str
    title: str


class NeighbourItem(msgspec.Struct, kw_only=True):
    visitor_id: str
    score: float
    source: str
    shared: list[NamedProduct]
    "The shared products."


class Neighbours(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    visitor: str
    "The id as requested."
    visitor_id: str | None = None
    items: list[NeighbourItem]


class PriceBand(msgspec.Struct, kw_only=True):
    low: float
    high: float
    currency: str | None


class ProductAffinityItem(msgspec.Struct, kw_only=True):
    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: float | None
    currency: str | None
    is_available: bool
    affinity: float
    parts: AffinityParts


class ProductBrief(msgspec.Struct, kw_only=True):
    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: float | None
    currency: str | None
    is_available: bool


class ProductItem(msgspec.Struct, kw_only=True):
    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: float | None
    currency: str | None
    category: str | None
    score: float
    source: str
    "The source's name; docs/reference/recommendation-sources.md lists them."
    seed: NamedProduct | None
    "The product that led to it, if the source has one."
    reason: str
    "The source as a sentence for the shop's page, in the requested language."


class ProductList(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    product_id: str
    items: list[ProductItem]


class Profile(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    visitor: str
    "The id as requested."
    visitor_id: str | None = None
    is_guest: bool
    user_id: str | None = None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    sessions: int
    orders: int
    revenue: float | None
    top_category: str | None
    price_band: PriceBand | None
    last_product: ProductBrief | None
    cart: list[dict[str, Any]]
    "Lines of the open cart, oldest first."


class PublishedRank(msgspec.Struct, kw_only=True):
    rank: int
    score: float
    source: str
    seed: NamedProduct | None
    reason: str


class Recommendations(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    items: list[ProductItem]
    experiment: str | None = None
    "The visitor's running experiment; the pixel sends it with each view and click."
    arm: str | None = None


class SegmentItem(msgspec.Struct, kw_only=True):
    name: str
    description: str | None
    members: int
    reachable_members: int
    "Logged in and not objecting to marketing: the shop may write to them."


class SegmentMember(msgspec.Struct, kw_only=True):
    visitor_id: str
    user_id: str | None
    since: datetime | None
    "Start of the membership, by the segment's own clock."
    top_category: str | None
    last_product_id: str | None
    last_product_title: str | None
    top_product_not_bought: str | None
    top_product_not_bought_title: str | None
    last_query_without_result: str | None
    orders: int
    revenue: float | None
    cart_value: float | None
    cart_currency: str | None
    "Null if the cart's prices have no currency, or several."


class SegmentMembers(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    name: str
    members: int
    "Size of the whole segment, including members who object to marketing."
    items: list[SegmentMember]
    next_cursor: str | None
    "The next page's ``cursor``; null on the last page."


class Segments(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    items: list[SegmentItem]


class VisitorSegments(msgspec.Struct, kw_only=True):
    version: str
    generated_at: datetime
    visitor: str
    "The id as requested."
    visitor_id: str | None = None
    items: list[MembershipItem]


class Operations:
    """What the API can be asked; ``footfall_client.Footfall`` asks it."""

    def _get(self, path: str, query: dict[str, Any], answer: type[Answer]) -> Answer:
        raise NotImplementedError

    def recommendations(
        self,
        *,
        guest: str | None = None,
        user: str | None = None,
        signature: str | None = None,
        viewed: str | None = None,
        cart: str | None = None,
        exclude: str | None = None,
        limit: int = 8,
        placement: str | None = None,
        history: Literal["any", "new", "again"] = "any",
        lang: str | None = None,
        market: str | None = None,
    ) -> Recommendations:
        r"""Products for a visitor, now.

        guest: The visitor's guest token
        user: User id; needs the secret key or a signature
        signature: HMAC-SHA256(user id, identity secret) in hex: lets a browser request data of a logged-in
            user
        viewed: Products seen in this session, comma-separated, last first
        cart: Products in the cart, comma-separated
        exclude: Products not to show, comma-separated
        limit: Maximum number of products
        placement: Where the list appears; `cart` puts bought-together products first
        history: Products that the visitor looked at or bought before: `any` (include), `new` (exclude
            them), `again` (they alone, as few as there are)
        lang: Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it,
            the shop's own (`FOOTFALL_API_LANGUAGE`)
        market: Links of this market of `FOOTFALL_MARKETS`; without it, of the market on the page's own
            origin
        """
        return self._get(
            "/v1/recommendations",
            {
                "guest": guest,
                "user": user,
                "signature": signature,
                "viewed": viewed,
                "cart": cart,
                "exclude": exclude,
                "limit": limit,
                "placement": placement,
                "history": history,
                "lang": lang,
                "market": market,
            },
            Recommendations,
        )

    def similar(
        self,
        product_id: str,
        *,
        limit: int = 8,
        fallback: bool = True,
        lang: str | None = None,
        market: str | None = None,
    ) -> ProductList:
        r"""Products alike.

        product_id: Product id of the catalogue or of an event, or a handle
        limit: Maximum number of products
        fallback: If the list is empty, use the next kind; each item's source says which
        lang: Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it,
            the shop's own (`FOOTFALL_API_LANGUAGE`)
        market: Links of this market of `FOOTFALL_MARKETS`; without it, of the market on the page's own
            origin
        """
        return self._get(
            f"/v1/products/{_segment(product_id)}/similar",
            {"limit": limit, "fallback": fallback, "lang": lang, "market": market},
            ProductList,
        )

    def viewed_together(
        self,
        product_id: str,
        *,
        limit: int = 8,
        fallback: bool = True,
        lang: str | None = None,
        market: str | None = None,
    ) -> ProductList:
        r"""Products viewed in the same sessions.

        product_id: Product id of the catalogue or of an event, or a handle
        limit: Maximum number of products
        fallback: If the list is empty, use the next kind; each item's source says which
        lang: Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it,
            the shop's own (`FOOTFALL_API_LANGUAGE`)
        market: Links of this market of `FOOTFALL_MARKETS`; without it, of the market on the page's own
            origin
        """
        return self._get(
            f"/v1/products/{_segment(product_id)}/viewed-together",
            {"limit": limit, "fallback": fallback, "lang": lang, "market": market},
            ProductList,
        )

    def bought_together(
        self,
        product_id: str,
        *,
        limit: int = 8,
        fallback: bool = True,
        lang: str | None = None,
        market: str | None = None,
    ) -> ProductList:
        r"""Products of the same orders.

        product_id: Product id of the catalogue or of an event, or a handle
        limit: Maximum number of products
        fallback: If the list is empty, use the next kind; each item's source says which
        lang: Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it,
            the shop's own (`FOOTFALL_API_LANGUAGE`)
        market: Links of this market of `FOOTFALL_MARKETS`; without it, of the market on the page's own
            origin
        """
        return self._get(
            f"/v1/products/{_segment(product_id)}/bought-together",
            {"limit": limit, "fallback": fallback, "lang": lang, "market": market},
            ProductList,
        )

    def affinities(self, visitor_id: str, *, signature: str | None = None, limit: int = 20) -> Affinities:
        r"""A visitor's affinities to products and categories.

        visitor_id: Guest token, user id, or canonical visitor id (secret key)
        signature: HMAC-SHA256(user id, identity secret) in hex: lets a browser request data of a logged-in
            user
        limit: Maximum number of products
        """
        return self._get(
            f"/v1/visitors/{_segment(visitor_id)}/affinities",
            {"signature": signature, "limit": limit},
            Affinities,
        )

    def profile(self, visitor_id: str, *, signature: str | None = None) -> Profile:
        r"""Data for a message to a visitor.

        visitor_id: Guest token, user id, or canonical visitor id (secret key)
        signature: HMAC-SHA256(user id, identity secret) in hex: lets a browser request data of a logged-in
            user
        """
        return self._get(f"/v1/visitors/{_segment(visitor_id)}/profile", {"signature": signature}, Profile)

    def visitor_segments(self, visitor_id: str, *, signature: str | None = None) -> VisitorSegments:
        r"""Segments a visitor is in.

        visitor_id: Guest token, user id, or canonical visitor id (secret key)
        signature: HMAC-SHA256(user id, identity secret) in hex: lets a browser request data of a logged-in
            user
        """
        return self._get(
            f"/v1/visitors/{_segment(visitor_id)}/segments", {"signature": signature}, VisitorSegments
        )

    def neighbours(
        self, visitor_id: str, *, source: Literal["blend", "behaviour", "purchase"] = "blend", limit: int = 20
    ) -> Neighbours:
        r"""The most similar visitors, with the shared products.

        visitor_id: Guest token, user id, or canonical visitor id (secret key)
        source: Similar in product views, in purchases, or in both
        limit: Maximum number of products
        """
        return self._get(
            f"/v1/visitors/{_segment(visitor_id)}/neighbours", {"source": source, "limit": limit}, Neighbours
        )

    def affinity(self, *, visitor: str, product: str, lang: str | None = None) -> AffinityAnswer:
        r"""A visitor's affinity to a product.

        visitor: Any id of the visitor
        product: Product id
        lang: Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it,
            the shop's own (`FOOTFALL_API_LANGUAGE`)
        """
        return self._get(
            "/v1/affinity", {"visitor": visitor, "product": product, "lang": lang}, AffinityAnswer
        )

    def segments(self) -> Segments:
        r"""Segments with their sizes."""
        return self._get("/v1/segments", {}, Segments)

    def segment_members(
        self, name: str, *, limit: int | None = None, cursor: str | None = None, reachable: bool = False
    ) -> SegmentMembers:
        r"""Members of a segment, with data for a message to them.

        name: The segment's name
        limit: Maximum number of members; default: 100 in JSON, all in CSV
        cursor: `next_cursor` of the previous page
        reachable: Only members who have logged in, whom a mailer can address
        """
        return self._get(
            f"/v1/segments/{_segment(name)}/members",
            {"limit": limit, "cursor": cursor, "reachable": reachable},
            SegmentMembers,
        )

    def marts(self) -> Marts:
        r"""Marts with their columns."""
        return self._get("/v1/marts", {}, Marts)

    def mart_rows(
        self,
        name: str,
        *,
        where: list[str] | None = None,
        at_least: list[str] | None = None,
        at_most: list[str] | None = None,
        contains: list[str] | None = None,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> MartRows:
        r"""Rows of a mart, as JSON or CSV.

        name: The mart's name
        where: `column:value`, only rows with this value; several must all hold. An empty value is null
        at_least: `column:value`, only rows at or beyond this value; rows without a value are left out
        at_most: `column:value`, only rows at or beyond this value; rows without a value are left out
        contains: `column:text`, only rows whose column contains this text, ignoring case
        order: Column to order by, `-column` for descending; default: the mart's own order
        limit: Maximum number of rows
        cursor: `next_cursor` of the previous page
        """
        return self._get(
            f"/v1/marts/{_segment(name)}",
            {
                "where": where,
                "at_least": at_least,
                "at_most": at_most,
                "contains": contains,
                "order": order,
                "limit": limit,
                "cursor": cursor,
            },
            MartRows,
        )
