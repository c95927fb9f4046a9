"""WooCommerce's products as its interfaces give them: ``/wp-json/wc/v3/products`` (with a key), and
``/wp-json/wc/store/v1/products``, which any visitor may ask and whose prices are in minor units ("1800" is 18.00).

Both are lists of a page's products; several pages one after another in one file are fine. Variations, which v3 gives
apart (``/products/<id>/variations``), are taken with their ``parent_id`` (Store API: ``parent``).
"""

from __future__ import annotations

import html
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.json_records import Records, list_of, names_in, text_of
from orchestration.catalog.links import Shop, image_of
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    is_buyable,
    is_on_sale,
    last_category,
    price_of,
    shown_variant,
)
from orchestration.catalog.woocommerce_csv import PRODUCT_URL

_MINOR_UNITS = range(5)


def is_product(raw: dict[str, Any]) -> bool:
    """Return whether an object may be a product of either interface."""
    return "permalink" in raw or ("name" in raw and "slug" in raw)


def read_products(file: Records, shop: Shop) -> CatalogFile:
    """The products of a file of either interface, in the order they are in."""
    result = CatalogFile(file.source_file)
    variations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    products: list[tuple[int, str, dict[str, Any]]] = []
    for line, place, raw in file.records:
        if not isinstance(raw, dict) or raw.get("id") in (None, ""):
            result.fail(line, None, f"{place}a product is an object with an id")
        elif raw.get("type") == "variation" or raw.get("parent_id"):
            variations[str(raw.get("parent_id") or raw.get("parent"))].append(raw)
        else:
            products.append((line, place, raw))
    for line, place, raw in products:
        try:
            product = _product(raw, variations.pop(str(raw["id"]), []), shop)
        except BadProductError as error:
            result.fail(line, str(raw["id"]), f"{place}{error}")
        else:
            result.add(product, line)
    for parent, orphans in variations.items():
        for raw in orphans:
            result.fail(None, str(raw["id"]), f"a variation of {parent}, which is not in the file")
    return result


def _product(raw: dict[str, Any], variations: list[dict[str, Any]], shop: Shop) -> Product:
    product_id, title = str(raw["id"]), html.unescape(text_of(raw, "name") or "")
    if not title:
        raise BadProductError("no name")
    variants = tuple(_variant(each, shop) for each in variations)
    price, currency = _price(raw)
    shown = shown_variant(variants)
    if shown and shown.price is not None:
        price = shown.price
    handle = text_of(raw, "slug") or product_id
    categories = [html.unescape(name) for name in names_in(raw, "categories")]
    is_live = raw.get("status", "publish") == "publish" and raw.get("catalog_visibility") != "hidden"
    text = (text_of(raw, "short_description") or "") + "\n" + (text_of(raw, "description") or "")
    return Product(
        product_id=product_id,
        handle=handle,
        title=title,
        body_text=html_to_text(text),
        vendor=next(iter(names_in(raw, "brands")), None),
        product_type=next(filter(None, map(last_category, categories)), None),
        tags=tuple(dict.fromkeys(html.unescape(name) for name in names_in(raw, "tags"))),
        url=shop.links.of_product(text_of(raw, "permalink"), handle, product_id, PRODUCT_URL),
        image_url=_image(raw),
        price=price,
        currency=currency or shop.currency,
        available=price is not None and is_on_sale(is_live and _is_buyable(raw), variants),
        variants=variants or _alone(product_id, title, raw, price),
        collections=tuple(dict.fromkeys(names_in(raw, "categories", "slug"))),
    )


def _variant(raw: dict[str, Any], shop: Shop) -> Variant:
    options = {}
    for attribute in list_of(raw, "attributes"):
        if isinstance(attribute, dict) and attribute.get("name"):
            value = attribute.get("option") or attribute.get("value")
            if value:
                options[str(attribute["name"])] = str(value)
    price, _ = _price(raw)
    link = text_of(raw, "permalink")
    return Variant(
        variant_id=str(raw["id"]),
        title=" / ".join(options.values()) or html.unescape(text_of(raw, "name") or str(raw["id"])),
        sku=text_of(raw, "sku"),
        price=price,
        available=price is not None and raw.get("status", "publish") == "publish" and _is_buyable(raw),
        options=options,
        url=shop.links.own(link) if link else None,
        image_url=_image({"images": [raw["image"]]} if raw.get("image") else raw),
    )


def _alone(product_id: str, title: str, raw: dict[str, Any], price: Decimal | None) -> tuple[Variant, ...]:
    """The one variant of a simple product, which carries its SKU."""
    sku = text_of(raw, "sku")
    return (
        (Variant(product_id, title, sku, price, price is not None and _is_buyable(raw), {}),) if sku else ()
    )


def _price(raw: dict[str, Any]) -> tuple[Decimal | None, str | None]:
    """The price that is in force, and its currency, which only the Store API says."""
    prices = raw.get("prices")
    if not isinstance(prices, dict):
        price = text_of(raw, "price")
        return price_of(price) if price else None, None
    amount, unit = text_of(prices, "price"), prices.get("currency_minor_unit", 2)
    if amount is None:
        return None, text_of(prices, "currency_code")
    if unit not in _MINOR_UNITS:
        raise BadProductError(f"currency_minor_unit {unit!r} is not a number of digits")
    try:
        units = Decimal(int(amount)).scaleb(-int(unit))
    except (ValueError, InvalidOperation):
        raise BadProductError(f"price {amount!r} is not a number of minor units") from None
    return price_of(units), text_of(prices, "currency_code")


def _is_buyable(raw: dict[str, Any]) -> bool:
    if "is_in_stock" in raw:
        return bool(raw["is_in_stock"]) or raw.get("is_on_backorder") is True
    # A variable product has no price of its own before its variations have one
    return is_buyable(text_of(raw, "stock_status")) and raw.get("purchasable") is not False


def _image(raw: dict[str, Any]) -> str | None:
    sources = (each.get("src") if isinstance(each, dict) else None for each in list_of(raw, "images"))
    return next((found for each in sources if isinstance(each, str) and (found := image_of(each))), None)
