"""Magento's (Adobe Commerce's) product export (System > Export > Products): a row a product and store view.

A configurable product names its variants by SKU in ``configurable_variations``; their rows, which customers don't see
by themselves, say price and stock. Rows of a store view only change texts and are left out. The file holds no numbers
of products: the id is the SKU, the handle the URL key.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from orchestration.catalog.delimited import Table, number_of
from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.links import Shop, image_of
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    is_in_force,
    is_on_sale,
    last_category,
    price_of,
    shown_variant,
)

#: Where Magento has product pages unless its settings say another suffix.
PRODUCT_URL = "/{handle}.html"
#: Where it serves pictures from.
_MEDIA = "/media/catalog/product/"
_HEADERS: dict[str, tuple[str, ...]] = {
    name: (name,)
    for name in [
        "sku", "store_view_code", "product_type", "categories", "name", "description", "short_description",
        "product_online", "visibility", "price", "special_price", "special_price_from_date",
        "special_price_to_date", "url_key", "base_image", "small_image", "additional_attributes", "qty",
        "is_in_stock", "manage_stock", "allow_backorders", "configurable_variations",
    ]
}  # fmt: skip
_HIDDEN = "not visible individually"
_OF_PARTS = frozenset({"configurable", "bundle", "grouped"})
#: Attributes that shops keep the maker in.
_MAKERS = ("brand", "manufacturer")


@dataclass
class _Row:
    line: int
    row: dict[str, str]


def read_export(table: Table, shop: Shop) -> CatalogFile:
    """The products that customers see, in the order of their rows, with the rows that are their variants."""
    result = CatalogFile(table.source_file)
    rows: dict[str, _Row] = {}
    for line, row, trouble in table.named(_HEADERS):
        sku = row.get("sku")
        if trouble or not sku:
            result.fail(line, sku, trouble or "no sku")
        elif row.get("store_view_code"):
            continue
        elif sku in rows:
            result.fail(line, sku, "the file has another product with this sku before it")
        else:
            rows[sku] = _Row(line, row)
    for sku, found in rows.items():
        if found.row.get("visibility", "").lower() == _HIDDEN:
            continue
        try:
            product = _product(sku, found.row, rows, shop)
        except BadProductError as error:
            result.fail(found.line, sku, str(error))
        else:
            result.add(product, found.line)
    return result


def _product(sku: str, row: dict[str, str], rows: dict[str, _Row], shop: Shop) -> Product:
    if not row.get("name"):
        raise BadProductError("no name")
    variants = tuple(_variants(row, rows, shop))
    shown = shown_variant(variants)
    price = (shown.price if shown else None) or _price(row, shop)
    handle = row.get("url_key") or sku
    attributes = dict(_pairs(row.get("additional_attributes", ""), ","))
    categories = sorted(
        _cells(row.get("categories", "").replace("|", ",")), key=lambda path: -path.count("/")
    )
    leaves = dict.fromkeys(leaf for path in categories if (leaf := last_category(path, "/")))
    return Product(
        product_id=sku,
        handle=handle,
        title=row["name"],
        body_text=html_to_text(row.get("short_description", "") + "\n" + row.get("description", "")),
        vendor=next((attributes[name] for name in _MAKERS if attributes.get(name)), None),
        product_type=next(iter(leaves), None),
        url=shop.links.made(handle, sku, PRODUCT_URL),
        image_url=_image(row, shop) or (shown.image_url if shown else None),
        price=price,
        currency=shop.currency,
        available=price is not None
        and is_on_sale(_is_on(row) and (bool(variants) or _in_stock(row)), variants),
        variants=variants,
        collections=tuple(leaves),
    )


def _variants(row: dict[str, str], rows: dict[str, _Row], shop: Shop) -> Iterator[Variant]:
    """``sku=shirt-s,size=S,color=Red|sku=shirt-m,...``. One whose row is not in the file can't be bought."""
    for text in filter(None, row.get("configurable_variations", "").split("|")):
        options = dict(_pairs(text, ","))
        sku = options.pop("sku", "")
        if not sku:
            raise BadProductError("a variation without sku")
        own = rows[sku].row if sku in rows else {}
        price = _price(own, shop)
        yield Variant(
            variant_id=sku,
            title=" / ".join(options.values()) or own.get("name") or sku,
            sku=sku,
            price=price,
            available=price is not None and _is_on(own) and _in_stock(own),
            options=options,
            image_url=_image(own, shop),
        )


def _price(row: dict[str, str], shop: Shop) -> Decimal | None:
    """The special price while it lasts, else the price; None where it is left to parts or variants."""
    regular = price_of(row["price"]) if row.get("price") else None
    dates = row.get("special_price_from_date"), row.get("special_price_to_date")
    if row.get("product_type") in _OF_PARTS:  # whose special price is a share in percent, if it is a bundle's
        return regular or None
    if row.get("special_price") and is_in_force(*dates, shop.now):
        return price_of(row["special_price"])
    return regular


def _is_on(row: dict[str, str]) -> bool:
    """``product_online`` is 1 for enabled, 2 for disabled."""
    return row.get("product_online", "1") in ("", "1")


def _in_stock(row: dict[str, str]) -> bool:
    if row.get("manage_stock") == "0" or row.get("allow_backorders", "0") not in ("", "0", "0.0000"):
        return True
    if row.get("is_in_stock"):
        return row["is_in_stock"] not in ("0", "0.0000")
    stock = number_of(row.get("qty") or "1")
    return stock is None or stock > 0


def _image(row: dict[str, str], shop: Shop) -> str | None:
    """Paths are of Magento's media folder: ``/m/u/mug.jpg``."""
    path = row.get("base_image") or row.get("small_image")
    if not path or path == "no_selection":
        return None
    if path.startswith(("http://", "https://")):
        return image_of(path)
    return image_of(shop.links.storefront + _MEDIA + path.lstrip("/"))


def _pairs(text: str, separator: str) -> Iterator[tuple[str, str]]:
    """``color=Red,size=M``; a value with a comma in it is quoted."""
    for cell in _cells(text, separator):
        name, equals, value = cell.partition("=")
        if equals and name.strip():
            yield name.strip(), value.strip().strip('"')


def _cells(text: str, separator: str = ",") -> list[str]:
    return [cell for cell in next(csv.reader([text], delimiter=separator), []) if cell]
