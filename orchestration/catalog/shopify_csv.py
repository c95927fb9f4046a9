"""Shopify's product-export CSV: a product is the rows of one handle.

The first row of a handle carries the product; the rows after it carry further variants and images. Columns are found
by name in any order, compared by letters and digits alone ("body_html"); both the names of the classic export and those
of the newer template are known. An export has no product ids: where an ``ID`` column (other exporters write one) is
missing, the handle is the id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestration.catalog.delimited import Table, number_of
from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.links import Shop
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    is_on_sale,
    last_category,
    price_of,
    shown_price,
    split_tags,
)

#: Our name of a column -> the header names it goes under.
_HEADERS = {
    "handle": ("handle", "url handle"),
    "id": ("id", "product id"),
    "title": ("title",),
    "body": ("body (html)", "body html", "description"),
    "vendor": ("vendor",),
    "type": ("type", "custom product type", "product type"),
    "category": ("product category", "standard product type"),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "collection": ("collection",),
    "variant_id": ("variant id",),
    "sku": ("variant sku", "sku"),
    "price": ("variant price", "price"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "stock": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock"),
    "image": ("image src", "product image url"),
    "image_position": ("image position",),
    "option1_name": ("option1 name",),
    "option1_value": ("option1 value",),
    "option2_name": ("option2 name",),
    "option2_value": ("option2 value",),
    "option3_name": ("option3 name",),
    "option3_value": ("option3 value",),
}
_OPTION_COLUMNS = 3
#: FALSE as Excel saves it in English, German, French, Italian, Spanish and Dutch.
_FALSE = frozenset({"false", "no", "falsch", "faux", "falso", "onwaar"})


@dataclass
class _Rows:
    """The rows of one handle and the line on which each begins."""

    line: int
    rows: list[dict[str, str]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def read_export(table: Table, shop: Shop) -> CatalogFile:
    """Products of a product export, in the order in which their handles first appear."""
    result = CatalogFile(table.source_file)
    groups: dict[str, _Rows] = {}
    for line, row, trouble in table.named(_HEADERS):
        handle = row.get("handle", "")
        if not handle:
            result.fail(line, None, trouble or "no handle")
            continue
        group = groups.setdefault(handle, _Rows(line))
        if trouble:
            group.broken.append((line, trouble))
        else:
            group.rows.append(row)
    for handle, group in groups.items():
        try:
            if group.broken:
                raise BadProductError("; ".join(f"line {line}: {why}" for line, why in group.broken))
            product = _product(handle, group, shop)
        except BadProductError as error:
            result.fail(group.line, handle, str(error))
        else:
            result.add(product, group.line)
    return result


def _product(handle: str, group: _Rows, shop: Shop) -> Product:
    first = next((row for row in group.rows if row.get("title")), None)
    if first is None:
        raise BadProductError("no row with a title")
    product_id = first.get("id") or handle
    names = [first.get(f"option{n}_name") or f"Option {n}" for n in range(1, _OPTION_COLUMNS + 1)]
    variants = tuple(_variants(handle, group, names))
    # Older exports have neither column: what is exported is then taken as sold.
    is_published = first.get("published", "").lower() not in _FALSE
    is_live = is_published and first.get("status", "").lower() in ("", "active")
    return Product(
        product_id=product_id,
        handle=handle,
        title=first["title"],
        body_text=html_to_text(first.get("body")),
        vendor=first.get("vendor") or None,
        product_type=first.get("type") or last_category(first.get("category", "")),
        tags=split_tags(first.get("tags", "")),
        url=shop.links.made(handle, product_id),
        image_url=_image(group.rows),
        price=shown_price(variants),
        currency=shop.currency,
        available=is_on_sale(is_live, variants),
        variants=variants,
        collections=split_tags(first.get("collection", "")),
    )


def _variants(handle: str, group: _Rows, names: list[str]) -> Iterator[Variant]:
    """Rows with an option value, a SKU or a price are variants; the others only carry a further image."""
    seen: set[str] = set()
    for number, row in enumerate(group.rows, start=1):
        values = [row.get(f"option{n}_value", "") for n in range(1, _OPTION_COLUMNS + 1)]
        if not (any(values) or row.get("sku") or row.get("price")):
            continue
        options = {
            name: value
            for name, value in zip(names, values, strict=True)
            if value and value != "Default Title"
        }
        variant_id = row.get("variant_id") or row.get("sku") or ""
        if not variant_id or variant_id in seen:
            variant_id = f"{handle}#{number}"
        seen.add(variant_id)
        yield Variant(
            variant_id=variant_id,
            title=" / ".join(options.values()) or "Default Title",
            sku=row.get("sku") or None,
            price=price_of(row.get("price")),
            available=_in_stock(row),
            options=options,
        )


def _in_stock(row: dict[str, str]) -> bool:
    """Stock counts only where Shopify keeps it and doesn't sell on without."""
    if not row.get("tracker") or row.get("policy", "").lower() in ("continue", "true"):
        return True
    stock = number_of(row.get("stock") or "1")
    if stock is None:
        raise BadProductError(f"stock {row['stock']!r} is not a number")
    return stock > 0


def _image(rows: list[dict[str, str]]) -> str | None:
    images = [
        (row.get("image_position", ""), index, row["image"])
        for index, row in enumerate(rows)
        if row.get("image")
    ]
    placed = sorted((int(p) if p.isdecimal() else 10**6, index, source) for p, index, source in images)
    return placed[0][2] if placed else None
