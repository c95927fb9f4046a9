"""What visitors and attackers send, in the wire schema (docs/reference/tracking-plan.md)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

#: A headless or scripted client says so, and the marts leave bots out.
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
SHOP_URL = "https://shop.example"


def token() -> str:
    """A guest token as the pixel makes one: 128 random bits."""
    return uuid.uuid4().hex


def track(
    event: str, properties: dict[str, Any], *, guest: str | None = None, user: str | None = None,
    at: datetime | None = None, url: str = SHOP_URL, title: str = "A shop", **context: Any,
) -> dict[str, Any]:  # fmt: skip
    """A track message of now (or of ``at``), from a visitor's page."""
    message = {
        "type": "track",
        "event": event,
        "messageId": str(uuid.uuid4()),
        "anonymousId": guest or token(),
        "originalTimestamp": (at or datetime.now(UTC)).isoformat(),
        "context": {"page": {"url": url, "title": title}, **context},
        "properties": properties,
    }
    return message | ({"userId": user} if user else {})


def viewed(product_id: str, **options: Any) -> dict[str, Any]:
    """A visitor opened a product's page."""
    properties = {"product_id": product_id, **options.pop("properties", {})}
    options.setdefault("url", f"{SHOP_URL}/products/{product_id}")
    return track("Product Viewed", properties, **options)


def ordered(order_id: str, product_ids: Iterable[str], **options: Any) -> dict[str, Any]:
    """A visitor ordered one piece of each product, for 10 each."""
    lines = [{"product_id": product_id, "quantity": 1, "price": 10} for product_id in product_ids]
    properties: dict[str, Any] = {
        "order_id": order_id,
        "value": 10 * len(lines),
        "currency": "GBP",
        "products": lines,
    }
    return track("Order Completed", properties | options.pop("properties", {}), **options)


def identified(user: str, guest: str, **options: Any) -> dict[str, Any]:
    """A page says that this guest token is this user's."""
    message = track("", {}, guest=guest, user=user, **options)
    del message["event"], message["properties"]
    return message | {"type": "identify", "traits": {}}


def product(number: int, **fields: Any) -> dict[str, Any]:
    """A product of a Shopify store's ``products.json``."""
    return {
        "id": 1000 + number,
        "handle": f"piece-{number}",
        "title": f"Piece {number}",
        "body_html": f"<p>A piece of kind {number % 5}, made by hand.</p>",
        "vendor": "Maker",
        "product_type": f"Kind {number % 5}",
        "tags": [],
        "variants": [{"id": 5000 + number, "price": "10.00", "available": True}],
        "images": [],
    } | fields
