"""Example responses for the documentation: values of the response types, so that they can't lie
about the shape. Figures as the demo shop has them. No nulls: Litestar leaves nulls out of a document's examples.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from api import analytics_schemas as analytics
from api import schemas

VERSION: dict[str, Any] = {
    "version": "20261124T185204.621418Z",
    "generated_at": datetime(2026, 11, 24, 18, 52, 7, 275192, tzinfo=UTC),
}
PRODUCT = "7139226446872"
GUEST = "6f1c3b52-0f0e-4f7e-9a51-8d1f2b3c4d5e"
USER = "6100061432750"
_SEEN = datetime(2026, 11, 22, 10, 16, 52, tzinfo=UTC)
_PERSON: dict[str, Any] = {**VERSION, "visitor": USER, "visitor_id": f"u_{USER}"}

_SHOE: dict[str, Any] = {
    "product_id": PRODUCT,
    "title": "Brack Derby Work Shoe",
    "url": "/products/brack-derby-work-shoe",
    "image_url": "/pictures/brack-derby-work-shoe.svg",
    "price": Decimal("165.00"),
    "currency": "EUR",
}
_PARTS = schemas.AffinityParts(view_score=2.71, cart_score=3.84, views=3, carts=1, last_at=_SEEN)
_BOOT = schemas.NamedProduct(product_id="7164861925974", title="Brack Ridgeway Boot")

RECOMMENDATIONS = schemas.Recommendations(
    **VERSION,
    items=[
        schemas.ProductItem(
            **_SHOE,
            category="Shoes",
            score=0.02459,
            source="also_liked",
            seed=_BOOT,
            reason="Liked by those who like Brack Ridgeway Boot",
        )
    ],
)
PRODUCT_LIST = schemas.ProductList(
    **VERSION,
    product_id="7164861925974",
    items=[
        schemas.ProductItem(
            **_SHOE,
            category="Shoes",
            score=0.412,
            source="similar_text",
            seed=_BOOT,
            reason="Similar to Brack Ridgeway Boot",
        )
    ],
)
AFFINITIES = schemas.Affinities(
    **_PERSON,
    products=[
        schemas.ProductAffinityItem(**_SHOE, is_available=True, affinity=6.55, parts=_PARTS),
    ],
    categories=[schemas.CategoryAffinityItem(category="Shoes", affinity=9.2, rank=1)],
)
PROFILE = schemas.Profile(
    **_PERSON,
    is_guest=False,
    user_id=USER,
    first_seen_at=datetime(2026, 11, 19, 7, 59, 32, tzinfo=UTC),
    last_seen_at=_SEEN,
    sessions=4,
    orders=0,
    revenue=Decimal("0.00"),
    top_category="Shoes",
    price_band=schemas.PriceBand(low=Decimal("19.00"), high=Decimal("165.00"), currency="EUR"),
    last_product=schemas.ProductBrief(**_SHOE, is_available=True),
    cart=[{"product_id": PRODUCT, "variant_id": "41", "quantity": 1, "price": 165.0, "currency": "EUR"}],
)
VISITOR_SEGMENTS = schemas.VisitorSegments(
    **_PERSON, items=[schemas.MembershipItem(segment="abandoned_cart", since=_SEEN)]
)
NEIGHBOURS = schemas.Neighbours(
    **_PERSON,
    items=[
        schemas.NeighbourItem(
            visitor_id="u_6100061432811",
            score=0.61,
            source="blend",
            shared=[schemas.NamedProduct(product_id=PRODUCT, title=_SHOE["title"])],
        )
    ],
)
AFFINITY = schemas.AffinityAnswer(
    **_PERSON,
    product_id=PRODUCT,
    affinity=6.55,
    parts=_PARTS,
    category="Shoes",
    category_affinity=9.2,
    recommendation=schemas.PublishedRank(
        rank=3,
        score=0.02,
        source="similar_text",
        seed=schemas.NamedProduct(product_id="7151730139542", title="Brack Chelsea Boot"),
        reason="Similar to Brack Chelsea Boot",
    ),
)

SEGMENTS = analytics.Segments(
    **VERSION,
    items=[
        analytics.SegmentItem(
            name="abandoned_cart",
            description="Something is in the cart, and nothing happened for an hour or more, within two weeks.",
            members=20,
            reachable_members=10,
        )
    ],
)
SEGMENT_MEMBERS = analytics.SegmentMembers(
    **VERSION,
    name="abandoned_cart",
    members=20,
    items=[
        analytics.SegmentMember(
            visitor_id=f"u_{USER}",
            user_id=USER,
            since=_SEEN,
            top_category="Shoes",
            last_product_id=PRODUCT,
            last_product_title=_SHOE["title"],
            top_product_not_bought=PRODUCT,
            top_product_not_bought_title=_SHOE["title"],
            last_query_without_result="sandals",
            orders=0,
            revenue=Decimal("0.00"),
            cart_value=Decimal("165.00"),
            cart_currency="EUR",
        )
    ],
    next_cursor="dV82MTAwMDYxNDMyNzUw",
)
_MART: dict[str, Any] = {
    "name": "list_positions",
    "description": "Views and clicks of products by the list they stood in and their place there.",
    "rows": 400,
    "columns": [
        analytics.MartColumn(name="list_name", type="varchar", description="List the product stood in."),
        analytics.MartColumn(name="list_position", type="integer", description="Place in it, from 1."),
        analytics.MartColumn(name="clicks", type="bigint", description="Clicks on the product there."),
    ],
}
MARTS = analytics.Marts(
    **VERSION,
    time_zone="UTC",
    today=date(2026, 11, 24),
    catalogue_problems=[],
    items=[analytics.MartBrief(**_MART)],
)
MART_ROWS = analytics.MartRows(
    **VERSION,
    **_MART,
    items=[{"list_name": "Jackets", "list_position": 1, "clicks": 52}],
    next_cursor="MjAyNjExMjRUMTg1MjA0LjYyMTQxOFogMTAw",
)
