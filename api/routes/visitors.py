"""GET /v1/visitors/{id}/... and /v1/affinity: what is known about a person, to those who may know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter

from api import examples
from api.affinities import ProductAffinity
from api.auth import Caller, needs_key, needs_secret, visitor_by_id
from api.items import explained
from api.responses import PERSONAL, answer, documented
from api.routes.parameters import Lang, Limit, Signature, VisitorId, words_of
from api.schemas import (
    Affinities,
    AffinityAnswer,
    AffinityParts,
    CategoryAffinityItem,
    MembershipItem,
    NamedProduct,
    NeighbourItem,
    Neighbours,
    PriceBand,
    ProductAffinityItem,
    ProductBrief,
    Profile,
    PublishedRank,
    VisitorSegments,
)
from api.snapshots import Snapshot
from footfall.snapshot.blending import Explanation
from footfall.snapshot.format import ProductCard, Table
from footfall.wire.schema import MAX_ID

#: Closest products that a profile's price band is made of.
_BAND_PRODUCTS = 10

NeighbourSource = Literal["blend", "behaviour", "purchase"]

_CART = msgspec.json.Decoder(list[dict[str, Any]])


@get(
    "/v1/visitors/{visitor_id:str}/affinities",
    guards=[needs_key],
    responses=documented(examples.AFFINITIES, 404),
    tags=["visitors"],
    summary="A visitor's affinities to products and categories",
    sync_to_thread=False,
)
def affinities(
    request: Request[Any, Any, Any], visitor_id: VisitorId, signature: Signature = None, limit: Limit = 20
) -> Response[Affinities]:
    """With the public key: the caller's own guest token that nobody logged in with, or a user with a signature."""
    snapshot, found = _visitor(request, visitor_id, signature)
    body = Affinities(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        visitor=visitor_id,
        visitor_id=_canonical(request, found),
        products=[_item(snapshot, row) for row in snapshot.product_affinities(found)[:limit]],
        categories=[
            CategoryAffinityItem(category=row.category, affinity=row.affinity, rank=row.rank)
            for row in snapshot.category_affinities(found)[:limit]
        ],
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/visitors/{visitor_id:str}/profile",
    guards=[needs_key],
    responses=documented(examples.PROFILE, 404),
    tags=["visitors"],
    summary="Data for a message to a visitor",
    sync_to_thread=False,
)
def profile(
    request: Request[Any, Any, Any], visitor_id: VisitorId, signature: Signature = None
) -> Response[Profile]:
    """Top category, price band, last product, open cart, and the counts behind them."""
    snapshot, found = _visitor(request, visitor_id, signature)
    card = snapshot.visitor(found)
    if card is None:
        raise NotFoundException(detail=f"no visitor {visitor_id!r} in this snapshot")
    categories = snapshot.category_affinities(found)
    body = Profile(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        visitor=visitor_id,
        visitor_id=_canonical(request, found),
        is_guest=card.is_guest,
        user_id=_canonical(request, card.user_id),
        first_seen_at=card.first_seen_at,
        last_seen_at=card.last_seen_at,
        sessions=card.sessions,
        orders=card.orders,
        revenue=card.revenue,
        top_category=categories[0].category if categories and categories[0].affinity > 0 else None,
        price_band=_price_band(snapshot, found),
        last_product=_brief(snapshot, card.last_product_id),
        cart=_cart(card.cart),
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/visitors/{visitor_id:str}/segments",
    guards=[needs_key],
    responses=documented(examples.VISITOR_SEGMENTS, 404),
    tags=["visitors"],
    summary="Segments a visitor is in",
    sync_to_thread=False,
)
def visitor_segments(
    request: Request[Any, Any, Any], visitor_id: VisitorId, signature: Signature = None
) -> Response[VisitorSegments]:
    """With the public key: the caller's own guest token that nobody logged in with, or a user with a signature."""
    snapshot, found = _visitor(request, visitor_id, signature)
    body = VisitorSegments(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        visitor=visitor_id,
        visitor_id=_canonical(request, found),
        items=[MembershipItem(segment=row.segment, since=row.since) for row in snapshot.memberships(found)],
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/visitors/{visitor_id:str}/neighbours",
    guards=[needs_secret],
    responses=documented(examples.NEIGHBOURS, 404),
    tags=["visitors"],
    summary="The most similar visitors, with the shared products",
    sync_to_thread=False,
)
def neighbours(
    request: Request[Any, Any, Any],
    visitor_id: VisitorId,
    source: Annotated[
        NeighbourSource, QueryParameter(description="Similar in product views, in purchases, or in both")
    ] = "blend",
    limit: Limit = 20,
) -> Response[Neighbours]:
    """At most twenty of each source. Needs the secret key."""
    snapshot, found = _visitor(request, visitor_id, None)
    items = [
        NeighbourItem(
            visitor_id=row.visitor_id,
            score=row.score,
            source=row.source,
            shared=[NamedProduct(product_id=name, title=snapshot.title(name)) for name in row.shared],
        )
        for row in snapshot.neighbours(found)
        if row.source == source
    ][:limit]
    body = Neighbours(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        visitor=visitor_id,
        visitor_id=found,
        items=items,
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/affinity",
    guards=[needs_secret],
    responses=documented(examples.AFFINITY, 404),
    tags=["visitors"],
    summary="A visitor's affinity to a product",
    sync_to_thread=False,
)
def affinity(
    request: Request[Any, Any, Any],
    visitor: Annotated[
        str, QueryParameter(min_length=1, max_length=MAX_ID, description="Any id of the visitor")
    ],
    product: Annotated[str, QueryParameter(min_length=1, max_length=MAX_ID, description="Product id")],
    lang: Lang = None,
) -> Response[AffinityAnswer]:
    """The affinity with its parts, the affinity to the product's category, and the product's place in the
    visitor's published list. Needs the secret key.
    """
    snapshot, found = _visitor(request, visitor, None)
    card = snapshot.product(product)
    if card is None:
        raise NotFoundException(detail=f"no product {product!r} in this snapshot")
    row = next((row for row in snapshot.product_affinities(found) if row.product_id == card.product_id), None)
    body = AffinityAnswer(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        visitor=visitor,
        visitor_id=found,
        product_id=card.product_id,
        affinity=row.affinity if row else 0.0,
        parts=_parts(row) if row else AffinityParts(),
        category=card.product_type,
        category_affinity=_category_affinity(snapshot, found, card),
        recommendation=_published_rank(snapshot, found, card, words_of(request, lang)),
    )
    return answer(request, body, PERSONAL)


def _visitor(request: Request[Any, Any, Any], given: str, signature: str | None) -> tuple[Snapshot, str]:
    state = request.app.state
    snapshot: Snapshot = state.store.current()
    return snapshot, visitor_by_id(snapshot, state.settings, request.state.caller, given, signature)


def _canonical(request: Request[Any, Any, Any], identifier: str | None) -> str | None:
    """Ids beyond the one the caller came with are for the secret key."""
    return identifier if request.state.caller is Caller.SECRET else None


def _item(snapshot: Snapshot, row: ProductAffinity) -> ProductAffinityItem:
    card = snapshot.product(row.product_id)
    return ProductAffinityItem(
        product_id=row.product_id,
        title=card.title if card else row.product_id,
        url=card.url if card else None,
        image_url=card.image_url if card else None,
        price=card.price if card else None,
        currency=card.currency if card else None,
        is_available=card.is_available if card else False,
        affinity=row.affinity,
        parts=_parts(row),
    )


def _parts(row: ProductAffinity) -> AffinityParts:
    return AffinityParts(
        view_score=row.view_score,
        option_score=row.option_score,
        cart_score=row.cart_score,
        purchase_score=row.purchase_score,
        views=row.views,
        carts=row.carts,
        purchases=row.purchases,
        last_at=row.last_at,
        has_purchased=row.has_purchased,
    )


def _category_affinity(snapshot: Snapshot, visitor_id: str, card: ProductCard) -> float:
    rows = snapshot.category_affinities(visitor_id)
    return next((row.affinity for row in rows if row.category == card.product_type), 0.0)


def _published_rank(
    snapshot: Snapshot, visitor_id: str, card: ProductCard, words: Mapping[str, str]
) -> PublishedRank | None:
    picks = snapshot.picks(Table.VISITOR_RECOMMENDATIONS, visitor_id)
    for rank, (picked, score, number) in enumerate(picks, 1):
        if picked == card.product_id:
            label = snapshot.label(number)
            seed, reason = explained(
                snapshot, Explanation(label.source, label.seed or None), card.product_type, words
            )
            return PublishedRank(rank=rank, score=score, source=label.source, seed=seed, reason=reason)
    return None


def _price_band(snapshot: Snapshot, visitor_id: str) -> PriceBand | None:
    rows = snapshot.product_affinities(visitor_id)[:_BAND_PRODUCTS]
    priced = [
        (card.price, card.currency)
        for row in rows
        if row.affinity > 0
        and (card := snapshot.product(row.product_id)) is not None
        and card.price is not None
    ]
    if not priced:
        return None
    currency = priced[0][1]
    prices = [price for price, of in priced if of == currency]
    return PriceBand(low=min(prices), high=max(prices), currency=currency)


def _brief(snapshot: Snapshot, product_id: str | None) -> ProductBrief | None:
    card = snapshot.product(product_id) if product_id else None
    if card is None:
        return None
    return ProductBrief(
        product_id=card.product_id,
        title=card.title,
        url=card.url,
        image_url=card.image_url,
        price=card.price,
        currency=card.currency,
        is_available=card.is_available,
    )


def _cart(raw: msgspec.Raw) -> list[dict[str, Any]]:
    try:
        return _CART.decode(raw)
    except msgspec.DecodeError:  # null, or a cart of another shape: none that could be shown
        return []
