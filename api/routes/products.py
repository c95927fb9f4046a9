"""GET /v1/products/{id}/...: what goes with a product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter

from api import examples
from api.auth import needs_key
from api.items import product_list
from api.responses import PUBLIC_LIST, answer, documented
from api.routes.parameters import Lang, Limit, Market, ProductId, in_market, words_of
from api.schemas import ProductList
from footfall.snapshot.format import Table

Fallback = Annotated[
    bool,
    QueryParameter(description="If the list is empty, use the next kind; each item's source says which"),
]


@get(
    "/v1/products/{product_id:str}/similar",
    guards=[needs_key],
    responses=documented(examples.PRODUCT_LIST, 404),
    tags=["storefront"],
    summary="Products alike",
    sync_to_thread=False,
)
def similar(
    request: Request[Any, Any, Any],
    product_id: ProductId,
    limit: Limit = 8,
    fallback: Fallback = True,
    lang: Lang = None,
    market: Market = None,
) -> Response[ProductList]:
    """Products whose text is alike; where there are none, viewed together, bought together, trending."""
    order = (Table.SIMILAR, Table.VIEWED_TOGETHER, Table.BOUGHT_TOGETHER)
    return _list(request, product_id, order, limit, fallback, lang, market)


@get(
    "/v1/products/{product_id:str}/viewed-together",
    guards=[needs_key],
    responses=documented(examples.PRODUCT_LIST, 404),
    tags=["storefront"],
    summary="Products viewed in the same sessions",
    sync_to_thread=False,
)
def viewed_together(
    request: Request[Any, Any, Any],
    product_id: ProductId,
    limit: Limit = 8,
    fallback: Fallback = True,
    lang: Lang = None,
    market: Market = None,
) -> Response[ProductList]:
    """Products viewed in the same sessions; where there are none, similar ones, bought together, trending."""
    order = (Table.VIEWED_TOGETHER, Table.SIMILAR, Table.BOUGHT_TOGETHER)
    return _list(request, product_id, order, limit, fallback, lang, market)


@get(
    "/v1/products/{product_id:str}/bought-together",
    guards=[needs_key],
    responses=documented(examples.PRODUCT_LIST, 404),
    tags=["storefront"],
    summary="Products of the same orders",
    sync_to_thread=False,
)
def bought_together(
    request: Request[Any, Any, Any],
    product_id: ProductId,
    limit: Limit = 8,
    fallback: Fallback = True,
    lang: Lang = None,
    market: Market = None,
) -> Response[ProductList]:
    """Products of the same orders; where there are none, viewed together, similar ones, trending."""
    order = (Table.BOUGHT_TOGETHER, Table.VIEWED_TOGETHER, Table.SIMILAR)
    return _list(request, product_id, order, limit, fallback, lang, market)


def _list(
    request: Request[Any, Any, Any],
    product_id: str,
    order: Sequence[Table],
    limit: int,
    fallback: bool,
    lang: str | None,
    market: str | None,
) -> Response[ProductList]:
    snapshot = request.app.state.store.current()
    card = snapshot.product(product_id)
    if card is None:
        raise NotFoundException(detail=f"no product {product_id!r} in this snapshot")
    words = words_of(request, lang)
    items = product_list(snapshot, card.product_id, order, limit, fallback=fallback, words=words)
    body = ProductList(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        product_id=card.product_id,
        items=in_market(request, market, items),
    )
    return answer(request, body, PUBLIC_LIST)
