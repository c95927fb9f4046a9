"""``products/create``, ``products/update``, ``products/delete``: the catalog changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from collector.adapters.common import (
    MAX_URL,
    Delivery,
    Fact,
    ShopifyId,
    bare,
    change_of,
    cut,
    in_parts,
    number,
    track,
    without_nothing,
)

#: Characters of a description that go along; the message has 32 KB for everything, and four bytes make a character.
MAX_DESCRIPTION = 4000
MAX_TAGS = 1000


class Variant(Struct, frozen=True):
    """An entry of ``variants``."""

    id: ShopifyId | None = None
    title: str | None = None
    sku: str | None = None
    price: str | float | None = None
    inventory_quantity: int | None = None
    inventory_policy: str | None = None
    inventory_management: str | None = None


class Image(Struct, frozen=True):
    """The first picture."""

    src: str | None = None


class Product(Struct, frozen=True):
    """The fields of a product. A deleted one has only its id."""

    id: ShopifyId
    title: str | None = None
    handle: str | None = None
    body_html: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    tags: str | list[str] | None = None
    status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    published_at: datetime | None = None
    image: Image | None = None
    variants: list[Variant] = []


_decoder = msgspec.json.Decoder(Product)


def changed(delivery: Delivery) -> list[Fact]:
    """``Product Updated``: the product as it is now. Raises msgspec.MsgspecError if it is not a product."""
    product = _decoder.decode(delivery.body)
    tags = ", ".join(product.tags) if isinstance(product.tags, list) else product.tags
    body = product.body_html or ""
    return _facts(
        delivery,
        product,
        product.updated_at or delivery.triggered_at,
        without_nothing(
            product_id=bare(product.id),
            name=cut(product.title),
            handle=cut(product.handle),
            description=cut(body, MAX_DESCRIPTION),
            is_description_cut=True if len(body) > MAX_DESCRIPTION else None,
            vendor=cut(product.vendor),
            category=cut(product.product_type),
            tags=cut(tags, MAX_TAGS),
            status=cut(product.status),
            published_at=product.published_at,
            image_url=cut(product.image.src, MAX_URL) if product.image else None,
        ),
    )


def deleted(delivery: Delivery) -> list[Fact]:
    """``Product Updated`` with ``status: deleted``. Raises msgspec.MsgspecError if it is not a product."""
    product = _decoder.decode(delivery.body)
    return _facts(
        delivery, product, delivery.triggered_at, {"product_id": bare(product.id), "status": "deleted"}
    )


def _facts(
    delivery: Delivery, product: Product, at: datetime | None, properties: dict[str, Any]
) -> list[Fact]:
    change = "deleted" if properties.get("status") == "deleted" else change_of(at, product)

    def make(part_id: str) -> dict[str, Any]:
        return track(
            "Product Updated",
            part_id,
            about=f"product-{bare(product.id)}",
            at=at,
            properties=dict(properties),
            shop=delivery.shop,
        )

    rows = [_variant(variant) for variant in product.variants]
    messages = in_parts(make, f"shopify-product-{bare(product.id)}-{change}", "variants", rows)
    return [Fact(message, is_visit=False) for message in messages]


def _variant(variant: Variant) -> dict[str, Any]:
    sold_out = (
        variant.inventory_management == "shopify"
        and variant.inventory_policy == "deny"
        and (variant.inventory_quantity or 0) <= 0
    )
    return without_nothing(
        variant_id=bare(variant.id),
        title=cut(variant.title),
        sku=cut(variant.sku),
        price=number(variant.price),
        available=not sold_out,
    )
