"""Response types of the API: the OpenAPI document is built from these.

Money is a decimal written as a JSON number with the digits the shop gave it. Times are UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from footfall.landing.live_events import LiveEvent


class Answer(msgspec.Struct, kw_only=True):
    """Every answer says which snapshot it comes from and when that was made."""

    version: str
    generated_at: datetime


class NamedProduct(msgspec.Struct, kw_only=True):
    product_id: str
    title: str


class ProductItem(msgspec.Struct, kw_only=True):
    """One product of a ranked list. ``score`` orders products of one ``source``: each has its own scale."""

    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: Decimal | None
    currency: str | None
    category: str | None
    score: float
    source: Annotated[
        str, Meta(description="The source's name; docs/reference/recommendation-sources.md lists them.")
    ]
    seed: Annotated[
        NamedProduct | None, Meta(description="The product that led to it, if the source has one.")
    ]
    reason: Annotated[
        str, Meta(description="The source as a sentence for the shop's page, in the requested language.")
    ]


class Recommendations(Answer, kw_only=True):
    """Products for a visitor, best first."""

    items: list[ProductItem]
    experiment: Annotated[
        str | None,
        Meta(description="The visitor's running experiment; the pixel sends it with each view and click."),
    ] = None
    arm: str | None = None


class ProductList(Answer, kw_only=True):
    """Products that go with one product, best first."""

    product_id: str
    items: list[ProductItem]


class AffinityParts(msgspec.Struct, kw_only=True):
    """Parts of an affinity, with their counts."""

    view_score: float = 0.0
    option_score: float = 0.0
    cart_score: float = 0.0
    purchase_score: float = 0.0
    views: int = 0
    carts: int = 0
    purchases: int = 0
    last_at: datetime | None = None
    has_purchased: bool = False


class ProductAffinityItem(msgspec.Struct, kw_only=True):
    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: Decimal | None
    currency: str | None
    is_available: bool
    affinity: float
    parts: AffinityParts


class CategoryAffinityItem(msgspec.Struct, kw_only=True):
    category: str
    affinity: float
    rank: int


class VisitorAnswer(Answer, kw_only=True):
    """An answer about one person. Only the secret key sees ``visitor_id``, the canonical id: a guest's browser must
    not learn the user id behind it.
    """

    visitor: Annotated[str, Meta(description="The id as requested.")]
    visitor_id: str | None = None


class Affinities(VisitorAnswer, kw_only=True):
    """A visitor's affinities, strongest first."""

    products: list[ProductAffinityItem]
    categories: list[CategoryAffinityItem]


class ProductBrief(msgspec.Struct, kw_only=True):
    product_id: str
    title: str
    url: str | None
    image_url: str | None
    price: Decimal | None
    currency: str | None
    is_available: bool


class PriceBand(msgspec.Struct, kw_only=True):
    """Lowest and highest price among the visitor's ten closest products (of the closest one's currency)."""

    low: Decimal
    high: Decimal
    currency: str | None


class Profile(VisitorAnswer, kw_only=True):
    """The facts that a message to this visitor can use."""

    is_guest: bool
    user_id: str | None = None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    sessions: int
    orders: int
    revenue: Decimal | None
    top_category: str | None
    price_band: PriceBand | None
    last_product: ProductBrief | None
    cart: Annotated[list[dict[str, Any]], Meta(description="Lines of the open cart, oldest first.")]


class MembershipItem(msgspec.Struct, kw_only=True):
    segment: str
    since: Annotated[
        datetime | None, Meta(description="Start of the membership, by the segment's own clock.")
    ]


class VisitorSegments(VisitorAnswer, kw_only=True):
    """The segments that a visitor is in, by name."""

    items: list[MembershipItem]


class NeighbourItem(msgspec.Struct, kw_only=True):
    visitor_id: str
    score: float
    source: str
    shared: Annotated[list[NamedProduct], Meta(description="The shared products.")]


class Neighbours(VisitorAnswer, kw_only=True):
    """The visitors most alike, most alike first."""

    items: list[NeighbourItem]


class PublishedRank(msgspec.Struct, kw_only=True):
    """The product's place in the visitor's published list."""

    rank: int
    score: float
    source: str
    seed: NamedProduct | None
    reason: str


class AffinityAnswer(VisitorAnswer, kw_only=True):
    """How related one visitor is to one product. An affinity of 0 means that they never met."""

    product_id: str
    affinity: float
    parts: AffinityParts
    category: str | None
    category_affinity: Annotated[float, Meta(description="Affinity to the product's category.")]
    recommendation: PublishedRank | None


class Live(msgspec.Struct, kw_only=True):
    status: str


class Ready(msgspec.Struct, kw_only=True):
    """Readiness to serve lists, and their version. A ``problem`` beside ``ready: true`` means that a newer
    version could not be used and the one named here goes on serving.
    """

    ready: bool
    version: str | None
    generated_at: datetime | None
    problem: str | None


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: Annotated[
        list[dict[str, Any]] | None, Meta(description="Invalid parameters, each with the reason.")
    ] = None


class LiveView(msgspec.Struct, kw_only=True):
    """What came since the previous answer, by time of arrival."""

    items: list[LiveEvent]
    cursor: Annotated[str, Meta(description="For the next request.")]
    more: Annotated[bool, Meta(description="There is more already: ask again at once.")]
    skipped: Annotated[bool, Meta(description="Some of what was accepted meanwhile may be missing here.")]
    problem: Annotated[str | None, Meta(description="Why nothing can be shown here, and what to do.")] = None
