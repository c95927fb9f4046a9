"""``refunds/create``: goods that came back, and money that went back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import (
    Delivery,
    Fact,
    ShopifyId,
    bare,
    in_parts,
    number,
    track,
    without_nothing,
)
from collector.adapters.orders import PRICE_DIGITS, Line, product


class Money(Struct, frozen=True):
    """An amount with its currency."""

    currency_code: str | None = None


class MoneySet(Struct, frozen=True):
    """What a customer who pays in another currency sees, and the same in the shop's: only this is read."""

    shop_money: Money = Money()


class RefundLine(Struct, frozen=True):
    """An entry of ``refund_line_items``; ``subtotal`` is what goes back for all of the line, without tax, in the
    shop's currency.
    """

    quantity: int = 0
    subtotal: str | float | None = None
    subtotal_set: MoneySet | None = None
    line_item: Line = Line()


class Transaction(Struct, frozen=True):
    """A movement of money, in the currency that the customer paid in."""

    amount: str | float | None = None
    currency: str | None = None
    kind: str | None = None
    status: str | None = None


class Refund(Struct, frozen=True):
    """What is read of a refund; its note is not."""

    id: ShopifyId
    order_id: ShopifyId
    created_at: datetime | None = None
    processed_at: datetime | None = None
    refund_line_items: list[RefundLine] = []
    transactions: list[Transaction] = []


_decoder = msgspec.json.Decoder(Refund)


def refunded(delivery: Delivery) -> list[Fact]:
    """``Order Refunded``, quantities positive. Raises msgspec.MsgspecError for what is no refund.

    A refund doesn't say whose it is, it names its order. It is still handed on as a visit, since the marts leave out
    what is none, and with it would go the money.
    """
    refund = _decoder.decode(delivery.body)
    paid_back = [
        one
        for one in refund.transactions
        if one.kind == "refund" and one.status in (None, "success", "pending")
    ]
    paid_in = next((one.currency for one in refund.transactions if one.currency), None)
    sets = [line.subtotal_set for line in refund.refund_line_items if line.subtotal_set]
    currency = next((one.shop_money.currency_code for one in sets if one.shop_money.currency_code), paid_in)
    # Lines are in the shop's currency; a sum in another one would be taken for the same money.
    is_comparable = paid_back and currency == paid_in
    properties = without_nothing(
        order_id=bare(refund.order_id),
        refund_id=bare(refund.id),
        value=sum((number(one.amount) or Decimal(0) for one in paid_back), Decimal(0))
        if is_comparable
        else None,
        currency=currency,
        lines=len(refund.refund_line_items),
    )

    def make(part_id: str) -> dict[str, Any]:
        return track(
            "Order Refunded",
            part_id,
            about=f"shopify-order-{bare(refund.order_id)}",
            at=refund.processed_at or refund.created_at,
            properties=dict(properties),
            shop=delivery.shop,
        )

    rows = [_returned(line, at) for at, line in enumerate(refund.refund_line_items, 1)]
    messages = in_parts(make, f"shopify-refund-{bare(refund.id)}", "products", rows)
    return [Fact(message, is_visit=True) for message in messages]


def _returned(line: RefundLine, line_number: int) -> dict[str, Any]:
    row = product(line.line_item, line_number)
    subtotal = number(line.subtotal)
    row.pop("list_price", None)
    if subtotal is not None and line.quantity:
        row["price"] = (subtotal / line.quantity).quantize(PRICE_DIGITS)
    return row | {"quantity": line.quantity}
