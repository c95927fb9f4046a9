"""``orders/create``, ``orders/paid``: an order is an order. ``orders/updated``: what became of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import (
    Attribute,
    Customer,
    Delivery,
    Fact,
    ShopifyId,
    bare,
    change_of,
    cut,
    guest_of,
    in_parts,
    number,
    track,
    without_nothing,
)

#: Unit prices after a discount that was given on a whole line have as many digits as the warehouse keeps.
PRICE_DIGITS = Decimal("0.0001")


class Allocation(Struct, frozen=True):
    """A share of a discount that fell to a line."""

    amount: str | float | None = None


class Line(Struct, frozen=True):
    """An entry of ``line_items``. Tips and custom items have no product."""

    product_id: ShopifyId | None = None
    variant_id: ShopifyId | None = None
    title: str | None = None
    name: str | None = None
    variant_title: str | None = None
    sku: str | None = None
    quantity: int = 0
    price: str | float | None = None
    discount_allocations: list[Allocation] = []


class Code(Struct, frozen=True):
    """An entry of ``discount_codes``."""

    code: str | None = None


class Order(Struct, frozen=True):
    """The fields of an order that are read: no names, addresses, e-mails or notes."""

    id: ShopifyId
    name: str | None = None
    created_at: datetime | None = None
    processed_at: datetime | None = None
    updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    test: bool = False
    currency: str | None = None
    total_price: str | float | None = None
    current_total_price: str | float | None = None
    total_tax: str | float | None = None
    total_discounts: str | float | None = None
    discount_codes: list[Code] = []
    source_name: str | None = None
    cart_token: str | None = None
    checkout_token: str | None = None
    customer: Customer | None = None
    note_attributes: list[Attribute] = []
    line_items: list[Line] = []


_decoder = msgspec.json.Decoder(Order)


def placed(delivery: Delivery) -> list[Fact]:
    """``Order Completed``, under ids made of the order alone: reported by two topics it is still one order.

    Raises msgspec.MsgspecError if it is not an order.
    """
    order = _decoder.decode(delivery.body)
    facts = _messages(
        delivery,
        order,
        "Order Completed",
        f"shopify-order-{bare(order.id)}",
        order.processed_at or order.created_at,
    )
    # A test order was placed by the merchant; it is kept, and counts nowhere.
    return [Fact(message, is_visit=not order.test) for message in facts]


def updated(delivery: Delivery) -> list[Fact]:
    """``Order Updated``: its state and its lines as they are now. No visitor's act. Raises msgspec.MsgspecError."""
    order = _decoder.decode(delivery.body)
    facts = _messages(
        delivery,
        order,
        "Order Updated",
        f"shopify-order-{bare(order.id)}-updated-{change_of(order.updated_at, order)}",
        order.updated_at,
        financial_status=order.financial_status,
        fulfillment_status=order.fulfillment_status,
        current_value=number(order.current_total_price),
        cancelled_at=order.cancelled_at,
        cancel_reason=cut(order.cancel_reason),
    )
    return [Fact(message, is_visit=False) for message in facts]


def _messages(
    delivery: Delivery, order: Order, event: str, message_id: str, at: datetime | None, **more: Any
) -> list[dict[str, Any]]:
    properties = without_nothing(
        order_id=bare(order.id),
        order_name=cut(order.name),
        value=number(order.total_price),
        currency=order.currency,
        tax=number(order.total_tax),
        discount=number(order.total_discounts),
        coupon=cut(",".join(code.code for code in order.discount_codes if code.code)),
        sales_channel=cut(order.source_name),
        checkout_token=cut(order.checkout_token),
        is_test=order.test or None,
        lines=len(order.line_items),
        **more,
    )

    def make(part_id: str) -> dict[str, Any]:
        return track(
            event,
            part_id,
            about=f"order-{bare(order.id)}",
            guest=guest_of(order.note_attributes),
            user=bare(order.customer.id) if order.customer else None,
            at=at,
            properties=dict(properties),
            cart=cut(order.cart_token),
            shop=delivery.shop,
        )

    return in_parts(
        make, message_id, "products", [product(line, at) for at, line in enumerate(order.line_items, 1)]
    )


def product(line: Line, line_number: int) -> dict[str, Any]:
    """One line. ``price`` is what was paid for one, after the discounts of the line; ``list_price`` before them."""
    price = number(line.price)
    paid = price
    discount = sum((number(one.amount) or Decimal(0) for one in line.discount_allocations), Decimal(0))
    if price is not None and discount and line.quantity:
        paid = ((price * line.quantity - discount) / line.quantity).quantize(PRICE_DIGITS)
    return without_nothing(
        line_number=line_number,
        product_id=bare(line.product_id),
        variant_id=bare(line.variant_id),
        variant=cut(line.variant_title),
        name=cut(line.title or line.name),
        sku=cut(line.sku),
        price=paid,
        list_price=price if paid != price else None,
        quantity=line.quantity,
    )
