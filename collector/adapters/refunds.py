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

    amount: str | float | None = None
    currency_code: str | None = None


class MoneySet(Struct, frozen=True):
    """An amount in the currency that the customer pays in, and in the shop's."""

    shop_money: Money = Money()
    presentment_money: Money = Money()


class RefundLine(Struct, frozen=True):
    """An entry of ``refund_line_items``; ``subtotal`` is what goes back for all of the line, without tax, in the
    shop's currency.
    """

    quantity: int = 0
    subtotal: str | float | None = None
    subtotal_set: MoneySet | None = None
    line_item: Line = Line()


class Adjustment(Struct, frozen=True):
    """An entry of ``order_adjustments``, by which what goes back differs from what was calculated. Its sign and sum say
    little: while the payment is pending, all of it is a difference.
    """

    amount_set: MoneySet | None = None


class ShippingLine(Struct, frozen=True):
    """An entry of ``refund_shipping_lines``."""

    subtotal_amount_set: MoneySet | None = None


class Transaction(Struct, frozen=True):
    """A movement of money, in the currency that the customer paid in."""

    amount: str | float | None = None
    currency: str | None = None
    kind: str | None = None
    status: str | None = None


class Refund(Struct, frozen=True):
    """The fields of a refund that are read; its note is not."""

    id: ShopifyId
    order_id: ShopifyId
    created_at: datetime | None = None
    processed_at: datetime | None = None
    refund_line_items: list[RefundLine] = []
    refund_shipping_lines: list[ShippingLine] | None = None
    order_adjustments: list[Adjustment] | None = None
    transactions: list[Transaction] = []


_decoder = msgspec.json.Decoder(Refund)


def refunded(delivery: Delivery) -> list[Fact]:
    """``Order Refunded``, quantities positive. Raises msgspec.MsgspecError if it is not a refund.

    A refund doesn't say whose it is; it names its order. It is handed on as a visit all the same: the marts leave out
    everything else, and the money would be left out too.
    """
    refund = _decoder.decode(delivery.body)
    paid_back = [
        number(one.amount) or Decimal(0)
        for one in refund.transactions
        if one.kind == "refund" and one.status in (None, "success", "pending")
    ]
    paid, (paid_in, currency, rate) = sum(paid_back, Decimal(0)), _currencies(refund)
    value = None if rate is None else number(paid * rate)
    if value is not None and rate != 1:
        value = value.quantize(PRICE_DIGITS)
    if refund.refund_line_items:
        # The lines say what came back. A sum in another currency beside them would be taken for the same money
        value = value if paid_back else None
    elif value is None:
        # Even a value of 0 has to be sent: a refund without lines and without a value takes the whole order back
        value, currency = paid, paid_in
    properties = without_nothing(
        order_id=bare(refund.order_id),
        refund_id=bare(refund.id),
        value=value,
        currency=currency,
        lines=len(refund.refund_line_items),
    )

    def make(part_id: str) -> dict[str, Any]:
        return track(
            "Order Refunded",
            part_id,
            about=f"order-{bare(refund.order_id)}",
            at=refund.processed_at or refund.created_at,
            properties=dict(properties),
            shop=delivery.shop,
        )

    rows = [_returned(line, at) for at, line in enumerate(refund.refund_line_items, 1)]
    messages = in_parts(make, f"shopify-refund-{bare(refund.id)}", "products", rows)
    return [Fact(message, is_visit=True) for message in messages]


def _currencies(refund: Refund) -> tuple[str | None, str | None, Decimal | None]:
    """Return what the customer paid in, what the shop counts in, and what one of the former is in the latter: by the
    largest amount that the refund tells in both, whose cents weigh least; None where it tells none.
    """
    told = [
        *(line.subtotal_set for line in refund.refund_line_items),
        *(line.subtotal_amount_set for line in refund.refund_shipping_lines or ()),
        *(one.amount_set for one in refund.order_adjustments or ()),
    ]
    sets = [one for one in told if one]
    shops = next((one.shop_money.currency_code for one in sets if one.shop_money.currency_code), None)
    paid_in = next((one.currency for one in refund.transactions if one.currency), shops)
    currency = shops or paid_in
    if currency == paid_in:
        return paid_in, currency, Decimal(1)
    pairs = [
        (abs(shown), abs(own))
        for one in sets
        if one.presentment_money.currency_code == paid_in
        and one.shop_money.currency_code == currency
        and (shown := number(one.presentment_money.amount))
        and (own := number(one.shop_money.amount))
    ]
    if not pairs:
        return paid_in, currency, None
    shown, own = max(pairs)
    return paid_in, currency, own / shown


def _returned(line: RefundLine, line_number: int) -> dict[str, Any]:
    row = product(line.line_item, line_number)
    subtotal = number(line.subtotal)
    row.pop("list_price", None)
    if subtotal is not None and line.quantity:
        row["price"] = (subtotal / line.quantity).quantize(PRICE_DIGITS)
    return row | {"quantity": line.quantity}
