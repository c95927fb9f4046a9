"""Google Merchant's product data, which Meta, Bing and others take too: items, of which those with one
``item_group_id`` are the variants of one product.

Names and values are those of Google's product data specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.links import Shop, handle_in, image_of
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    is_buyable,
    is_in_force,
    is_on_sale,
    last_category,
    money_of,
    shown_variant,
)

#: Our name of an attribute -> the names it goes under.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "id": ("id", "g:id"),
    "group": ("item_group_id", "g:item_group_id"),
    "title": ("title", "g:title"),
    "description": ("description", "g:description"),
    "link": ("link", "g:link"),
    "canonical_link": ("canonical_link", "g:canonical_link"),
    "image": ("image_link", "g:image_link"),
    "price": ("price", "g:price"),
    "sale_price": ("sale_price", "g:sale_price"),
    "sale_dates": ("sale_price_effective_date", "g:sale_price_effective_date"),
    "availability": ("availability", "g:availability"),
    "brand": ("brand", "g:brand"),
    "type": ("product_type", "g:product_type"),
    "category": ("google_product_category", "g:google_product_category"),
    "mpn": ("mpn", "g:mpn"),
    "color": ("color", "g:color"),
    "size": ("size", "g:size"),
    "material": ("material", "g:material"),
    "pattern": ("pattern", "g:pattern"),
}
#: What tells the variants of a group apart.
_OPTIONS = {"color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern"}


@dataclass
class _Group:
    line: int
    first: Mapping[str, str]
    variants: list[Variant] = field(default_factory=list)
    currency: str | None = None


def products_of(
    items: Iterable[tuple[int, Mapping[str, str], str | None]], source_file: str, shop: Shop
) -> CatalogFile:
    """The products of a feed. items: (line, attributes by our names, why it can't be read)."""
    result = CatalogFile(source_file)
    groups: dict[str, _Group] = {}
    seen: set[str] = set()
    for line, item, trouble in items:
        item_id = item.get("id")
        try:
            if trouble or not item_id:
                raise BadProductError(trouble or "no id")
            if item_id in seen:
                raise BadProductError("the file has another item with this id before it")
            variant, currency = _variant(item_id, item, shop)
        except BadProductError as error:
            result.fail(line, item.get("group") or item_id, str(error))
            continue
        seen.add(item_id)
        group = groups.setdefault(item.get("group") or item_id, _Group(line, item))
        group.variants.append(variant)
        group.currency = group.currency or currency
    for product_id, group in groups.items():
        try:
            product = _product(product_id, group, shop)
        except BadProductError as error:
            result.fail(group.line, product_id, str(error))
        else:
            result.add(product, group.line)
    result.keep_distinct_handles()
    return result


def _variant(item_id: str, item: Mapping[str, str], shop: Shop) -> tuple[Variant, str | None]:
    """The item, and the currency of its price."""
    if not item.get("title"):
        raise BadProductError("no title")
    price, currency = money_of(item.get("price"))
    start, _, end = item.get("sale_dates", "").partition("/")
    if item.get("sale_price") and is_in_force(start, end, shop.now):
        price, currency = money_of(item["sale_price"])
    options = {name: value for key, name in _OPTIONS.items() if (value := item.get(key))}
    return Variant(
        variant_id=item_id,
        title=" / ".join(options.values()) or item["title"],
        sku=item.get("mpn"),
        price=price,
        available=is_buyable(item.get("availability")),
        options=options,
        url=shop.links.own(item["link"]) if item.get("link") else None,
        image_url=image_of(item.get("image")),
    ), currency


def _product(product_id: str, group: _Group, shop: Shop) -> Product:
    first = group.first
    shown = shown_variant(group.variants)
    assert shown is not None  # a group begins with an item
    url = shop.links.own(first["canonical_link"]) if first.get("canonical_link") else shown.url
    handle = (handle_in(url) if url else None) or product_id
    category = first.get("category", "")
    return Product(
        product_id=product_id,
        handle=handle,
        title=first["title"],
        body_text=html_to_text(first.get("description")),
        vendor=first.get("brand"),
        # Google's own category may also be a number of its taxonomy
        product_type=last_category(first.get("type"))
        or (None if category.isdigit() else last_category(category)),
        url=url or shop.links.made(handle, product_id),
        image_url=shown.image_url,
        price=shown.price,
        currency=group.currency or shop.currency,
        available=is_on_sale(True, group.variants),
        variants=tuple(group.variants),
    )
