"""Shared by the adapters: a delivery in, facts out.

An adapter is a pure function: no clock, no I/O, and the same delivery gives the same messages with the same ids, so
whatever arrives again, by a retry, a replay or a second subscription, is a duplicate that the warehouse knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import Struct

from footfall.wire.keys import NOBODYS
from footfall.wire.schema import DIGITS, MAX_MESSAGE, is_placeholder

#: Room left in a message of 32 KB when its lines are counted: for the part numbers and the separators.
MARGIN = 1024
#: Of the tracking plan, "Limits": longer names are cut, an order is not refused for them.
MAX_TEXT = 255
MAX_URL = 4096
#: The first amount that the wire refuses. At 1e28 decimal arithmetic would raise.
TOO_MUCH_MONEY = Decimal(10 ** DIGITS["value"])
#: The cart attribute that the storefront's pixel writes, so that orders know whose they are.
GUEST_ATTRIBUTE = "_ff_guest"

_encoder = msgspec.json.Encoder(decimal_format="number")

ShopifyId = int | str


class Delivery(Struct, frozen=True):
    """One webhook delivery, its signature already checked."""

    topic: str
    shop: str
    """``x.myshopify.com``"""
    body: bytes
    triggered_at: datetime | None = None


class Fact(Struct, frozen=True):
    """One message of ours. ``is_visit`` is false for what no visitor did: it must make no session and no visitor."""

    message: dict[str, Any]
    is_visit: bool


class Attribute(Struct, frozen=True):
    """An entry of ``note_attributes``. Shops write what they like into them."""

    name: Any = None
    value: Any = None


class Customer(Struct, frozen=True):
    """Of a customer only the id is read: no name, no address, no phone, no e-mail goes any further."""

    id: ShopifyId | None = None


def encode(message: dict[str, Any] | Struct) -> bytes:
    """The message's JSON, or a thing's; money keeps the digits that Shopify sent."""
    return _encoder.encode(message)


def change_of(at: datetime | None, thing: Struct) -> str:
    """The end of a message's id that tells one change of a thing from the next: when, and what is read of it now.
    Shopify's times are whole seconds, and within one a cart or a product may change twice.
    """
    moment = f"{at:%Y%m%dT%H%M%S%f%z}" if at else "unknown"
    return f"{moment}-{hashlib.sha256(encode(thing)).hexdigest()[:8]}"


def bare(identifier: ShopifyId | None) -> str | None:
    """``gid://shopify/Product/42``, ``42`` and 42 are all ``42``: the id that the catalog knows."""
    text = str(identifier or "").split("?", 1)[0].rsplit("/", 1)[-1]
    return text or None


def number(text: Any) -> Decimal | None:
    """Money as Shopify writes it (text with a point) as a number; None for none.

    Raises msgspec.ValidationError from ``TOO_MUCH_MONEY`` on: then the delivery is kept as a failed event.
    """
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    if value.copy_abs() >= TOO_MUCH_MONEY:  # abs() would round, and overflow
        raise msgspec.ValidationError(f"no amount of money: {str(text)[:30]}")
    return value


def cut(text: str | None, length: int = MAX_TEXT) -> str | None:
    """At most this long; None for an empty one."""
    return text[:length] if text else None


def without_nothing(**values: Any) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def guest_of(attributes: Iterable[Attribute]) -> str | None:
    """The guest token among a cart's or an order's attributes; None for none, or if it is not a token."""
    for attribute in attributes:
        token = attribute.value
        if attribute.name == GUEST_ATTRIBUTE and isinstance(token, str):
            token = token.strip()
            return token if len(token) <= MAX_TEXT and not is_placeholder(token) else None
    return None


def track(
    event: str,
    message_id: str,
    *,
    about: str,
    at: datetime | None,
    properties: dict[str, Any],
    shop: str,
    guest: str | None = None,
    user: str | None = None,
    cart: str | None = None,
) -> dict[str, Any]:
    """A track message. What belongs to nobody that we know has ``about``, kind and id of the thing, as its token."""
    return without_nothing(
        type="track",
        event=event,
        messageId=message_id,
        anonymousId=guest if guest or user else f"{NOBODYS}{about}",
        userId=user,
        timestamp=at,
        context=without_nothing(
            library={"name": "footfall-shopify-webhooks"},
            shopify={"shop": shop},
            cart={"token": cart} if cart else None,
        ),
        properties=properties,
    )


def in_parts(
    make: Callable[[str], dict[str, Any]], message_id: str, key: str, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One message, or as many as the rows need to stay under 32 KB each (docs/decisions/0005).

    ``make`` gives the message of an id, without the rows; they go into its property ``key``. The first part has the
    id as it is, the others a number behind it; each knows its ``part`` of ``parts``.
    """
    room = MAX_MESSAGE - MARGIN - len(encode(make(message_id)))
    groups: list[list[dict[str, Any]]] = [[]]
    filled = 0
    for row in rows:
        size = len(encode(row)) + 1
        if groups[-1] and filled + size > room:
            groups.append([])
            filled = 0
        groups[-1].append(row)
        filled += size
    messages = []
    for part, group in enumerate(groups, start=1):
        message = make(message_id if part == 1 else f"{message_id}-{part}")
        message["properties"] |= {key: group}
        if len(groups) > 1:
            message["properties"] |= {"part": part, "parts": len(groups)}
        messages.append(message)
    return messages
