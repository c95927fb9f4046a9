"""Shopify's ``products.json``: the storefront's (``/products.json?page=2``) and the admin's form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.model import (
    BadProductError,
    CatalogError,
    CatalogFile,
    Product,
    Variant,
    is_on_sale,
    price_of,
    product_url,
    shown_price,
    split_tags,
)
from orchestration.lake.schema import lake_time

_OPTIONS = ("option1", "option2", "option3")


def read_products_json(text: str, source_file: str, shop_url: str, currency: str | None) -> CatalogFile:
    """Products of ``{"products": [...]}``; also a bare list, one product, or several such pages one after
    another.

    Raises CatalogError with line and column where the text is not JSON, or holds no products.
    """
    result = CatalogFile(source_file)
    for line, document in _documents(text, source_file):
        for index, raw in enumerate(_products(document, source_file, line)):
            key = str(raw["id"]) if isinstance(raw, dict) and raw.get("id") else None
            try:
                product = _product(raw, shop_url, currency)
            except BadProductError as error:
                result.fail(line, key, f"products[{index}]: {error}")
            else:
                result.add(product, line)
    return result


def _documents(text: str, source_file: str) -> Iterator[tuple[int, Any]]:
    """The JSON documents of the text, each with the line it begins on."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text) or at == 0:
        rest = text[at:]
        at += len(rest) - len(rest.lstrip())
        if at >= len(text) and at > 0:
            return
        line = text.count("\n", 0, at) + 1
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise CatalogError(
                f"{source_file}:{error.lineno}: invalid JSON: {error.msg} (column {error.colno})"
            ) from None
        except RecursionError:
            raise CatalogError(f"{source_file}:{line}: nested too deeply") from None
        except ValueError as error:  # a number of more than 4,300 digits
            raise CatalogError(f"{source_file}:{line}: unreadable JSON: {error}") from None
        yield line, document


def _products(document: Any, source_file: str, line: int) -> list[Any]:
    if isinstance(document, dict):
        if isinstance(document.get("products"), list):
            return document["products"]
        if isinstance(document.get("product"), dict):
            return [document["product"]]
    if isinstance(document, list):
        pages = [page["products"] for page in document if isinstance(page, dict) and "products" in page]
        if pages and len(pages) == len(document) and all(isinstance(page, list) for page in pages):
            return [product for page in pages for product in page]
        return document
    raise CatalogError(f'{source_file}:{line}: a products.json holds {{"products": [...]}}')


def _product(raw: Any, shop_url: str, currency: str | None) -> Product:
    if not isinstance(raw, dict):
        raise BadProductError(f"a product is an object, not {type(raw).__name__}")
    product_id, title = _text(raw, "id"), _text(raw, "title")
    if not product_id:
        raise BadProductError("no id")
    if not title:
        raise BadProductError("no title")
    handle = _text(raw, "handle") or product_id
    option_names = [_option_name(option) for option in _list(raw, "options")]
    variants = tuple(_variant(v, option_names, product_id) for v in _list(raw, "variants"))
    # The storefront lists only what is published; the admin's form says so: status, published_at null for a draft.
    is_live = raw.get("status", "active") == "active" and not (
        "published_at" in raw and raw["published_at"] is None
    )
    return Product(
        product_id=product_id,
        handle=handle,
        title=title,
        body_text=html_to_text(_text(raw, "body_html")),
        vendor=_text(raw, "vendor"),
        product_type=_text(raw, "product_type"),
        tags=split_tags(raw.get("tags")) if isinstance(raw.get("tags"), (str, list)) else (),
        url=product_url(shop_url, handle),
        image_url=_image(raw),
        price=shown_price(variants),
        currency=currency,
        available=is_on_sale(is_live, variants),
        published_at=_moment(raw.get("published_at")),
        variants=variants,
        collections=split_tags(
            [c.get("handle") if isinstance(c, dict) else c for c in _list(raw, "collections")]
        ),
    )


def _variant(raw: Any, option_names: list[str], product_id: str) -> Variant:
    if not isinstance(raw, dict):
        raise BadProductError("a variant is not an object")
    values = [_text(raw, name) for name in _OPTIONS]
    options = {
        (option_names[i] if i < len(option_names) and option_names[i] else f"Option {i + 1}"): value
        for i, value in enumerate(values)
        if value and value != "Default Title"
    }
    return Variant(
        variant_id=_text(raw, "id") or product_id,
        title=_text(raw, "title") or " / ".join(options.values()),
        sku=_text(raw, "sku"),
        price=price_of(raw.get("price")),
        available=_available(raw),
        options=options,
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
    for image in [raw.get("image"), *_list(raw, "images")]:
        source = image.get("src") if isinstance(image, dict) else image
        if isinstance(source, str) and source:
            return source
    return None


def _option_name(option: Any) -> str:
    return str(option.get("name") or "") if isinstance(option, dict) else str(option)


def _text(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (dict, list)):
        raise BadProductError(f"{name} is not text")
    return str(value).strip() or None


def _list(raw: dict[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadProductError(f"{name} is not a list")
    return value


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadProductError(f"published_at {value!r} is not a time") from None
    return lake_time(moment)
