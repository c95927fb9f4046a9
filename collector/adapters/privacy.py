"""``customers/redact``, ``customers/data_request``, ``shop/redact``, ``app/uninstalled``.

The three that the law asks for are written down durably and answered; the deed is the warehouse's, by these messages.
Shopify sends the customer's e-mail and phone number along. They are not kept: what is held here hangs on ids.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import Customer, Delivery, Fact, ShopifyId, bare, cut, track, without_nothing

#: Order ids in one message; a customer with more gets several.
IDS_IN_A_MESSAGE = 500


class DataRequest(Struct, frozen=True):
    """The number that Shopify gave the request."""

    id: ShopifyId | None = None


class PrivacyRequest(Struct, frozen=True):
    """What is read of the three; each has some of it."""

    shop_id: ShopifyId | None = None
    customer: Customer | None = None
    orders_to_redact: list[ShopifyId] = []
    orders_requested: list[ShopifyId] = []
    data_request: DataRequest | None = None


class Shop(Struct, frozen=True):
    """The shop that an app was removed from."""

    id: ShopifyId | None = None


_decoder = msgspec.json.Decoder(PrivacyRequest)
_shop_decoder = msgspec.json.Decoder(Shop)


def redact_customer(delivery: Delivery) -> list[Fact]:
    """``Redaction Requested``, scope ``customer``. Raises msgspec.MsgspecError."""
    request = _decoder.decode(delivery.body)
    return _about_customer(delivery, request, "Redaction Requested", request.orders_to_redact)


def data_of_customer(delivery: Delivery) -> list[Fact]:
    """``Data Requested``, scope ``customer``. Raises msgspec.MsgspecError."""
    request = _decoder.decode(delivery.body)
    return _about_customer(delivery, request, "Data Requested", request.orders_requested)


def redact_shop(delivery: Delivery) -> list[Fact]:
    """``Redaction Requested``, scope ``shop``: everything. Raises msgspec.MsgspecError."""
    request = _decoder.decode(delivery.body)
    return [_about_shop(delivery, "Redaction Requested", request.shop_id)]


def uninstalled(delivery: Delivery) -> list[Fact]:
    """``App Uninstalled``: webhooks end here, and ``shop/redact`` follows after two days. Raises MsgspecError."""
    return [_about_shop(delivery, "App Uninstalled", _shop_decoder.decode(delivery.body).id)]


def _digest(delivery: Delivery) -> str:
    """These deliveries have no number and no time of their own that could tell one from another: their bytes do."""
    return hashlib.sha256(delivery.topic.encode() + b"\n" + delivery.body).hexdigest()[:32]


def _about_customer(
    delivery: Delivery, request: PrivacyRequest, event: str, orders: list[ShopifyId]
) -> list[Fact]:
    user = bare(request.customer.id) if request.customer else None
    ids = [bare(order) for order in orders]
    chunks = [ids[at : at + IDS_IN_A_MESSAGE] for at in range(0, len(ids), IDS_IN_A_MESSAGE)] or [[]]
    facts = []
    for part, chunk in enumerate(chunks, 1):
        properties: dict[str, Any] = without_nothing(
            scope="customer",
            shop_id=bare(request.shop_id),
            order_ids=chunk,
            request_id=bare(request.data_request.id) if request.data_request else None,
        )
        message = track(
            event,
            f"shopify-privacy-{_digest(delivery)}-{part}",
            about="customer",
            user=user,
            at=delivery.triggered_at,
            properties=properties,
            shop=delivery.shop,
        )
        facts.append(Fact(message, is_visit=False))
    return facts


def _about_shop(delivery: Delivery, event: str, shop_id: ShopifyId | None) -> Fact:
    message = track(
        event,
        f"shopify-shop-{_digest(delivery)}",
        about="shop",
        at=delivery.triggered_at,
        properties=without_nothing(scope="shop", shop_id=bare(shop_id), shop=cut(delivery.shop)),
        shop=delivery.shop,
    )
    return Fact(message, is_visit=False)
