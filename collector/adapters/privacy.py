"""``customers/redact``, ``customers/data_request``, ``shop/redact``, ``app/uninstalled``.

The three that the law asks for are written down durably and answered; the deed is the warehouse's, by these messages.
Shopify sends the customer's e-mail and phone number along. They are not kept: what is held here hangs on ids.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import Delivery, Fact, ShopifyId, bare, cut, track, without_nothing
from footfall.wire.schema import is_placeholder

#: Order ids in one message; a customer with more gets several.
IDS_IN_A_MESSAGE = 500


class Subject(Struct, frozen=True):
    """Of the customer, only the id; it is what the request is about."""

    id: ShopifyId


class DataRequest(Struct, frozen=True):
    """The number that Shopify gave the request."""

    id: ShopifyId | None = None


# The signature is over the body alone, so the body has to say what is asked: each of the three has exactly the fields
# that Shopify documents. Whoever captured a signed order, or another of the three, can't send it again as one of them.
class CustomerRedact(Struct, frozen=True, forbid_unknown_fields=True):
    """``customers/redact``."""

    shop_id: ShopifyId
    shop_domain: str
    customer: Subject
    orders_to_redact: list[ShopifyId]


class CustomerDataRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """``customers/data_request``."""

    shop_id: ShopifyId
    shop_domain: str
    customer: Subject
    orders_requested: list[ShopifyId]
    data_request: DataRequest | None = None


class ShopRedact(Struct, frozen=True, forbid_unknown_fields=True):
    """``shop/redact``."""

    shop_id: ShopifyId
    shop_domain: str


class Shop(Struct, frozen=True):
    """The shop that an app was removed from."""

    id: ShopifyId


_redaction_decoder = msgspec.json.Decoder(CustomerRedact)
_data_decoder = msgspec.json.Decoder(CustomerDataRequest)
_shop_redaction_decoder = msgspec.json.Decoder(ShopRedact)
_shop_decoder = msgspec.json.Decoder(Shop)


def redact_customer(delivery: Delivery) -> list[Fact]:
    """``Redaction Requested``, scope ``customer``. Raises msgspec.MsgspecError."""
    request = _redaction_decoder.decode(delivery.body)
    return _about_customer(delivery, request, "Redaction Requested", request.orders_to_redact)


def data_of_customer(delivery: Delivery) -> list[Fact]:
    """``Data Requested``, scope ``customer``. Raises msgspec.MsgspecError."""
    request = _data_decoder.decode(delivery.body)
    number = request.data_request.id if request.data_request else None
    return _about_customer(delivery, request, "Data Requested", request.orders_requested, number)


def redact_shop(delivery: Delivery) -> list[Fact]:
    """``Redaction Requested``, scope ``shop``: everything. Raises msgspec.MsgspecError."""
    request = _shop_redaction_decoder.decode(delivery.body)
    _check_shop(delivery, request.shop_domain)
    return [_about_shop(delivery, "Redaction Requested", request.shop_id)]


def uninstalled(delivery: Delivery) -> list[Fact]:
    """``App Uninstalled``: webhooks end here, and ``shop/redact`` follows after two days. Raises MsgspecError."""
    return [_about_shop(delivery, "App Uninstalled", _shop_decoder.decode(delivery.body).id)]


def _digest(delivery: Delivery) -> str:
    """These deliveries have no number and no time of their own that could tell one from another: their bytes do."""
    return hashlib.sha256(delivery.topic.encode() + b"\n" + delivery.body).hexdigest()[:32]


def _check_shop(delivery: Delivery, signed: str) -> None:
    """The header names the shop too, and is not under the signature. Raises msgspec.ValidationError."""
    if signed.lower() != delivery.shop:
        raise msgspec.ValidationError("`shop_domain` differs from X-Shopify-Shop-Domain")


def _about_customer(
    delivery: Delivery,
    request: CustomerRedact | CustomerDataRequest,
    event: str,
    orders: list[ShopifyId],
    number: ShopifyId | None = None,
) -> list[Fact]:
    _check_shop(delivery, request.shop_domain)
    user = bare(request.customer.id)
    if user is None or is_placeholder(user):
        raise msgspec.ValidationError(f"`customer.id` {request.customer.id!r} is nobody's")
    ids = [bare(order) for order in orders]
    chunks = [ids[at : at + IDS_IN_A_MESSAGE] for at in range(0, len(ids), IDS_IN_A_MESSAGE)] or [[]]
    facts = []
    for part, chunk in enumerate(chunks, 1):
        properties: dict[str, Any] = without_nothing(
            scope="customer",
            shop_id=bare(request.shop_id),
            order_ids=chunk,
            request_id=bare(number),
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
