"""WooCommerce's product export (Products > Export): a row a product, variations in rows of their own that name their
parent by SKU or as ``id:44``.

The file holds no addresses. WordPress leads ``/?p=<ID>`` to a product's page, whatever its permalinks are, so that is
the link unless ``product_url`` says another. The handle is guessed from the name as WordPress makes a slug of it.
The header is in the language of the shop's admin; it is read in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from slugify import slugify

from orchestration.catalog.delimited import Table, number_of, plain_name
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

#: Where WordPress has any product, by its number.
PRODUCT_URL = "/?p={id}"
_HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("ID",),
    "type": ("Type",),
    "sku": ("SKU",),
    "name": ("Name",),
    "published": ("Published",),
    "visibility": ("Visibility in catalog", "Visibility in catalogue"),
    "short": ("Short description",),
    "description": ("Description",),
    "sale_from": ("Date sale price starts",),
    "sale_to": ("Date sale price ends",),
    "in_stock": ("In stock?",),
    "stock": ("Stock",),
    "backorders": ("Backorders allowed?",),
    "sale_price": ("Sale price",),
    "price": ("Regular price",),
    "categories": ("Categories",),
    "tags": ("Tags",),
    "images": ("Images",),
    "parent": ("Parent",),
    "brands": ("Brands",),
}
_ATTRIBUTE = re.compile(r"attribute(\d+)(name|values)")
#: A comma that parts values; one inside a value has a backslash before it.
_COMMA = re.compile(r"(?<!\\),")
#: What WordPress drops from a slug and others make a hyphen of.
_DROPPED = [("'", ""), ("’", "")]
#: Put before what a spreadsheet would take for a formula.
_ESCAPED = re.compile(r"'(?=[=+\-@\t\r])")


@dataclass
class _Parent:
    line: int
    row: dict[str, str]
    variants: list[Variant] = field(default_factory=list)


def read_export(table: Table, shop: Shop) -> CatalogFile:
    """The products of an export, in the order of their rows."""
    result = CatalogFile(table.source_file)
    parents: dict[str, _Parent] = {}
    by_name: dict[str, _Parent] = {}
    variations: list[tuple[int, dict[str, str]]] = []
    for line, row, trouble in _rows(table):
        product_id = row.get("id") or row.get("sku")
        if trouble or not product_id:
            result.fail(line, product_id, trouble or "neither ID nor SKU")
        elif row.get("type", "").lower().startswith("variation"):
            variations.append((line, row))
        elif product_id in parents:
            result.fail(line, product_id, "the file has another product with this id before it")
        else:
            parents[product_id] = parent = _Parent(line, row)
            by_name |= {f"id:{product_id}": parent, row.get("sku") or f"id:{product_id}": parent}
    for line, row in variations:
        variant_parent = by_name.get(row.get("parent", ""))
        try:
            if variant_parent is None:
                raise BadProductError(f"its parent {row.get('parent')!r} is not in the file")
            variant_parent.variants.append(_variant(row, variant_parent.row, shop))
        except BadProductError as error:
            result.fail(line, row.get("id") or row.get("sku"), str(error))
    for product_id, parent in parents.items():
        try:
            product = _product(product_id, parent, shop)
        except BadProductError as error:
            result.fail(parent.line, product_id, str(error))
        else:
            result.add(product, parent.line)
    result.keep_distinct_handles()
    return result


def _rows(table: Table) -> Iterator[tuple[int, dict[str, str], str | None]]:
    """Rows by our names, and ``attribute1name``, ``attribute1values``, ... as many as there are."""
    attributes = {name: (name,) for name in map(plain_name, table.header) if _ATTRIBUTE.fullmatch(name)}
    for line, row, trouble in table.named({**_HEADERS, **attributes}):
        yield line, {name: _ESCAPED.sub("", value, count=1) for name, value in row.items()}, trouble


def _variant(row: dict[str, str], parent: dict[str, str], shop: Shop) -> Variant:
    names = sorted(name for name in row if name.endswith("name") and name.startswith("attribute"))
    options = {
        row[name]: value for name in names if (value := row.get(name.replace("name", "values"))) and row[name]
    }
    price = _price(row, shop)
    variant_id = row.get("id") or row["sku"]
    return Variant(
        variant_id=variant_id,
        title=" / ".join(options.values()) or row.get("name") or variant_id,
        sku=row.get("sku") or None,
        price=price,
        available=price is not None and _is_published(row) and _in_stock(row, parent),
        options=options,
        image_url=_first_image(row),
    )


def _product(product_id: str, parent: _Parent, shop: Shop) -> Product:
    row = parent.row
    if not row.get("name"):
        raise BadProductError("no name")
    is_live = _is_published(row) and row.get("visibility", "").lower() != "hidden"
    handle = slugify(row["name"], replacements=_DROPPED) or product_id
    category = _values(row.get("categories", ""))
    shown = shown_variant(parent.variants)
    price = shown.price if shown else _price(row, shop)
    # What has no price of its own is in no cart: a set of other products, or one that is sold on request
    has_price = bool(parent.variants) or price is not None
    return Product(
        product_id=product_id,
        handle=handle,
        title=row["name"],
        body_text=html_to_text(_text(row.get("short")) + "\n" + _text(row.get("description"))),
        vendor=next(iter(_values(row.get("brands", ""))), None),
        product_type=next(filter(None, map(last_category, category)), None),
        tags=tuple(dict.fromkeys(_values(row.get("tags", "")))),
        url=shop.links.made(handle, product_id, PRODUCT_URL),
        image_url=_first_image(row) or (shown.image_url if shown else None),
        price=price,
        currency=shop.currency,
        available=has_price
        and is_on_sale(is_live and (bool(parent.variants) or _in_stock(row)), parent.variants),
        variants=tuple(parent.variants) or _alone(product_id, row, price),
        collections=tuple(dict.fromkeys(filter(None, map(last_category, category)))),
    )


def _alone(product_id: str, row: dict[str, Any], price: Decimal | None) -> tuple[Variant, ...]:
    """The one variant of a simple product, which carries its SKU."""
    if not row.get("sku"):
        return ()
    return (Variant(product_id, row["name"], row["sku"], price, _in_stock(row) and price is not None, {}),)


def _price(row: dict[str, str], shop: Shop) -> Decimal | None:
    if row.get("sale_price") and is_in_force(row.get("sale_from"), row.get("sale_to"), shop.now):
        return price_of(row["sale_price"])
    return price_of(row["price"]) if row.get("price") else None


def _is_published(row: dict[str, str]) -> bool:
    """1 is published; 0 private, 2 pending, -1 a draft."""
    return row.get("published", "1") in ("", "1")


def _in_stock(row: dict[str, str], parent: dict[str, str] | None = None) -> bool:
    """``In stock?`` is 1, 0 or backorder; where it is left out, the stock that is counted says it."""
    state = row.get("in_stock", "").lower() or (parent or {}).get("in_stock", "").lower()
    if state:
        return state != "0"
    stock = number_of(row.get("stock") or "1")
    return stock is None or stock > 0 or row.get("backorders", "0") not in ("", "0")


def _first_image(row: dict[str, str]) -> str | None:
    return next(filter(None, map(image_of, _values(row.get("images", "")))), None)


def _values(text: str) -> list[str]:
    return [value for part in _COMMA.split(text) if (value := part.replace("\\,", ",").strip())]


def _text(text: str | None) -> str:
    """A description, whose line ends the export writes as two letters."""
    return (text or "").replace("\\n", "\n")
