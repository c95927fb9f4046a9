"""``carts/create``, ``carts/update``: what is in a cart now, whoever's it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import (
    Attribute,
    Delivery,
    Fact,
    ShopifyId,
    bare,
    change_of,
    cut,
    guest_of,
    in_parts,
    track,
    without_nothing,
)
from collector.adapters.orders import Line, product


class Cart(Struct, frozen=True):
    """The fields of a cart. Its token ties it to the pixel's messages (``context.cart.token``)."""

    id: ShopifyId
    token: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    line_items: list[Line] = []
    note_attributes: list[Attribute] = []


_decoder = msgspec.json.Decoder(Cart)


def changed(delivery: Delivery) -> list[Fact]:
    """``Cart Updated``: all of its lines, not the change. Shopify's cart deliveries rarely say whose cart it is; one
    that doesn't is a fact without a visitor. Raises msgspec.MsgspecError if it is not a cart.
    """
    cart = _decoder.decode(delivery.body)
    token = bare(cart.token or cart.id)
    at = cart.updated_at or cart.created_at or delivery.triggered_at
    guest = guest_of(cart.note_attributes)
    rows = [product(line, number) for number, line in enumerate(cart.line_items, 1)]
    properties = without_nothing(cart_token=cut(token), lines=len(rows))

    def make(part_id: str) -> dict[str, Any]:
        return track(
            "Cart Updated",
            part_id,
            about=f"cart-{cut(token, 64)}",
            guest=guest,
            at=at,
            properties=dict(properties),
            cart=cut(token),
            shop=delivery.shop,
        )

    messages = in_parts(make, f"shopify-cart-{cut(token, 64)}-{change_of(at, cart)}", "products", rows)
    return [Fact(message, is_visit=guest is not None) for message in messages]
