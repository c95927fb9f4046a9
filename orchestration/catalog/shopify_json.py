"""Shopify's ``products.json``: the storefront's (``/products.json?page=2``) and the admin's form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.json_records import Records, list_of, text_of
from orchestration.catalog.links import Shop
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    is_on_sale,
    price_of,
    shown_price,
    split_tags,
)
from orchestration.lake.schema import lake_time

#: What a product of Shopify's has and one of the plain form has not, and the other way round.
_MARKS = frozenset({"handle", "body_html", "published_at", "images"})
_NO_MARKS = frozenset({"url", "link", "price", "image_url"})
_OPTIONS = ("option1", "option2", "option3")


def fits(file: Records) -> bool:
    """Return whether the products may be Shopify's. A page of them that says nothing else is, too."""
    objects = [record.raw for record in file.records if isinstance(record.raw, dict)]
    if any(_MARKS & raw.keys() for raw in objects):
        return True
    if file.has_pages:
        return not any(_NO_MARKS & raw.keys() for raw in objects)
    return not objects


def read_products(file: Records, shop: Shop) -> CatalogFile:
    """The products of a file in Shopify's form."""
    result = CatalogFile(file.source_file)
    for line, place, raw in file.records:
        key = str(raw["id"]) if isinstance(raw, dict) and raw.get("id") else None
        try:
            product = _product(raw, shop)
        except BadProductError as error:
            result.fail(line, key, f"{place}{error}")
        else:
            result.add(product, line)
    return result


def _product(raw: Any, shop: Shop) -> Product:
    if not isinstance(raw, dict):
        raise BadProductError(f"a product is an object, not {type(raw).__name__}")
    product_id, title = text_of(raw, "id"), text_of(raw, "title")
    if not product_id:
        raise BadProductError("no id")
    if not title:
        raise BadProductError("no title")
    handle = text_of(raw, "handle") or product_id
    option_names = [_option_name(option) for option in list_of(raw, "options")]
    variants = tuple(_variant(v, option_names, product_id) for v in list_of(raw, "variants"))
    # The storefront lists only what is published; the admin's form says so: status, published_at null for a draft.
    is_live = raw.get("status", "active") == "active" and not (
        "published_at" in raw and raw["published_at"] is None
    )
    return Product(
        product_id=product_id,
        handle=handle,
        title=title,
        body_text=html_to_text(text_of(raw, "body_html")),
        vendor=text_of(raw, "vendor"),
        product_type=text_of(raw, "product_type"),
        tags=split_tags(raw.get("tags")) if isinstance(raw.get("tags"), (str, list)) else (),
        url=shop.links.of_product(text_of(raw, "url"), handle, product_id),
        image_url=_image(raw),
        price=shown_price(variants),
        currency=text_of(raw, "currency") or shop.currency,
        available=is_on_sale(is_live, variants),
        published_at=_moment(raw.get("published_at")),
        variants=variants,
        collections=split_tags(
            [c.get("handle") if isinstance(c, dict) else c for c in list_of(raw, "collections")]
        ),
    )


def _variant(raw: Any, option_names: list[str], product_id: str) -> Variant:
    if not isinstance(raw, dict):
        raise BadProductError("a variant is not an object")
    values = [text_of(raw, name) for name in _OPTIONS]
    options = {
        (option_names[i] if i < len(option_names) and option_names[i] else f"Option {i + 1}"): value
        for i, value in enumerate(values)
        if value and value != "Default Title"
    }
    return Variant(
        variant_id=text_of(raw, "id") or product_id,
        title=text_of(raw, "title") or " / ".join(options.values()),
        sku=text_of(raw, "sku"),
        price=price_of(raw.get("price")),
        available=_available(raw),
        options=options,
        image_url=_source(raw.get("featured_image")),
    )


def _available(raw: dict[str, Any]) -> bool:
    """The storefront says ``available``; the admin gives the stock, where Shopify keeps it."""
    if isinstance(raw.get("available"), bool):
        return raw["available"]
    if raw.get("inventory_management") and raw.get("inventory_policy") != "continue":
        quantity = raw.get("inventory_quantity")
        return not isinstance(quantity, (int, float)) or quantity > 0
    return True


def _image(raw: dict[str, Any]) -> str | None:
    for image in [raw.get("image"), *list_of(raw, "images")]:
        if source := _source(image):
            return source
    return None


def _source(image: Any) -> str | None:
    source = image.get("src") if isinstance(image, dict) else image
    return source if isinstance(source, str) and source else None


def _option_name(option: Any) -> str:
    return str(option.get("name") or "") if isinstance(option, dict) else str(option)


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadProductError(f"published_at {value!r} is not a time") from None
    return lake_time(moment)
