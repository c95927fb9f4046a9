"""Parameters that several routes take."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request
from litestar.exceptions import ValidationException
from litestar.params import PathParameter, QueryParameter

from api.markets import Markets
from api.schemas import ProductItem
from footfall.snapshot.explanations import Reasons
from footfall.wire.schema import MAX_ID

#: Ids of one list that are looked at; the rest of a longer list is ignored.
LIST_LENGTH = 100

MAX_LIMIT = 100

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Maximum number of products")]
MAX_LONG_LIMIT = 1_000
LongLimit = Annotated[int, QueryParameter(ge=1, le=MAX_LONG_LIMIT, description="Maximum number of rows")]
Signature = Annotated[
    str | None,
    QueryParameter(
        name="signature",
        max_length=128,
        description="HMAC-SHA256(user id, identity secret) in hex: lets a browser request data of a logged-in user",
    ),
]
Lang = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_ID,
        description="Language of `reason`, as in a page's `lang` (`de`, `de-AT`); if Footfall has no texts in it, "
        "the shop's own (`FOOTFALL_API_LANGUAGE`)",
    ),
]
Market = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_ID,
        description="Links of this market of `FOOTFALL_MARKETS`; without it, of the market on the page's own origin",
    ),
]
VisitorId = Annotated[
    str,
    PathParameter(
        max_length=MAX_ID, description="Guest token, user id, or canonical visitor id (secret key)"
    ),
]
ProductId = Annotated[
    str,
    PathParameter(max_length=MAX_ID, description="Product id of the catalogue or of an event, or a handle"),
]


def words_of(request: Request[Any, Any, Any], lang: str | None) -> Mapping[str, str]:
    """Reason templates in the request's language, by source."""
    reasons: Reasons = request.app.state.reasons
    return reasons.of(lang)


def in_market(
    request: Request[Any, Any, Any], market: str | None, items: list[ProductItem]
) -> list[ProductItem]:
    """The items with their links in a market, or in that of the page which asks."""
    markets: Markets = request.app.state.markets
    markets.move(items, markets.front_of(market, request.headers.get("origin")))
    return items


def split_ids(text: str | None) -> tuple[str, ...]:
    """Comma-separated ids in their order, each once; empty and overlong ones are left out."""
    if not text:
        return ()
    ids = dict.fromkeys(part.strip() for part in text.split(","))
    return tuple(found for found in ids if found and len(found) <= MAX_ID)[:LIST_LENGTH]


def cursor_of(text: str) -> str:
    """Encode a page's end as the opaque cursor for the next request."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """Decode a cursor made by ``cursor_of``. Raises ValidationException (400) if it is not a cursor."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise no_cursor() from None


def no_cursor() -> ValidationException:
    return ValidationException(
        detail="cursor must be the next_cursor of an earlier page",
        extra=[{"key": "cursor", "source": "query", "message": "not a cursor of this endpoint"}],
    )
