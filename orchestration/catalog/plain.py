"""The plain form, for any shop: a CSV, or JSON Lines or a list, with the fields of ``docs/developer/catalog.md``.

In the CSV, rows with one ``id`` are the variants of a product, each with a ``variant_id``, and the first says what they
share. In JSON a product has a list ``variants``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.catalog.delimited import Table
from orchestration.catalog.html_text import html_to_text
from orchestration.catalog.json_records import Records, list_of, text_of
from orchestration.catalog.links import Shop, handle_in, image_of
from orchestration.catalog.model import (
    BadProductError,
    CatalogFile,
    Product,
    Variant,
    currency_of,
    is_buyable,
    is_on_sale,
    last_category,
    money_of,
    shown_variant,
    split_tags,
)

#: Our name of a field -> the names it goes under.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "product_id"),
    "title": ("title", "name"),
    "handle": ("handle",),
    "url": ("url", "link"),
    "image_url": ("image_url", "image"),
    "price": ("price",),
    "currency": ("currency",),
    "available": ("available", "availability"),
    "description": ("description",),
    "vendor": ("vendor", "brand"),
    "type": ("type", "category", "product_type"),
    "tags": ("tags",),
    "sku": ("sku",),
}
_VARIANT_FIELDS: dict[str, tuple[str, ...]] = {
    name: (name,) for name in ("variant_id", "variant_title", "variant_url", "variant_image_url")
}
#: ``option_size``, ``option_colour``: what the variants differ in.
_OPTION = re.compile(r"option[ _:]+(.+)", re.IGNORECASE)


@dataclass
class _Group:
    line: int
    first: Mapping[str, Any]
    variants: list[Variant] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


def is_product(raw: dict[str, Any]) -> bool:
    """Return whether an object may be a product of the plain form."""
    return any(name in raw for name in FIELDS["id"]) and any(name in raw for name in FIELDS["title"])


def read_table(table: Table, shop: Shop) -> CatalogFile:
    """The products of a CSV, in the order in which their ids first appear."""
    result = CatalogFile(table.source_file)
    groups: dict[str, _Group] = {}
    for line, row, trouble in _rows(table):
        product_id = row.get("id")
        try:
            if trouble or not product_id:
                raise BadProductError(trouble or "no id")
            if product_id in groups and not row.get("variant_id"):
                raise BadProductError("a second row with this id, and no variant_id that tells them apart")
            group = groups.get(product_id) or _Group(line, row)
            if variant_id := row.get("variant_id"):
                if variant_id in group.ids:
                    raise BadProductError(f"a second variant {variant_id}")
                shared = {name: group.first[name] for name in ("price", "available") if name in group.first}
                own = {
                    **shared,
                    **row,
                    "url": row.get("variant_url"),
                    "image_url": row.get("variant_image_url"),
                }
                group.variants.append(_variant(variant_id, own | {"title": row.get("variant_title")}, shop))
                group.ids.add(variant_id)
            groups[product_id] = group
        except BadProductError as error:
            result.fail(line, product_id or None, str(error))
    for product_id, group in groups.items():
        _add(result, group.line, product_id, group.first, tuple(group.variants), shop)
    result.keep_distinct_handles()
    return result


def _rows(table: Table) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    options = {name: found[1] for name in table.header if (found := _OPTION.fullmatch(name.strip()))}
    columns = {**FIELDS, **_VARIANT_FIELDS, **{name: (name,) for name in options}}
    for line, row, trouble in table.named(columns):
        given = {name: value for name, value in row.items() if value and name not in options}
        yield line, given | {"options": {options[n]: row[n] for n in options if row.get(n)}}, trouble


def read_records(file: Records, shop: Shop) -> CatalogFile:
    """The products of JSON Lines, or of a list."""
    result = CatalogFile(file.source_file)
    for line, place, raw in file.records:
        if not isinstance(raw, dict):
            result.fail(line, None, f"{place}a product is an object, not {type(raw).__name__}")
            continue
        product_id: str | None = None
        try:
            known = _known(raw)
            product_id = known.get("id")
            if not product_id:
                raise BadProductError("no id")
            variants = tuple(_variant_of(each, known, shop) for each in list_of(raw, "variants"))
        except BadProductError as error:
            result.fail(line, product_id, f"{place}{error}")
        else:
            _add(result, line, product_id, known, variants, shop)
    result.keep_distinct_handles()
    return result


def _known(raw: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object by our names; what is a list or true stays so."""
    known: dict[str, Any] = {}
    for ours, names in FIELDS.items():
        name = next((each for each in names if raw.get(each) is not None), None)
        if name is None:
            continue
        value = raw[name]
        known[ours] = value if ours == "tags" or isinstance(value, bool) else text_of(raw, name)
    return known


def _variant_of(raw: Any, product: dict[str, Any], shop: Shop) -> Variant:
    if not isinstance(raw, dict):
        raise BadProductError("a variant is not an object")
    known = {name: product[name] for name in ("price", "available") if name in product} | _known(raw)
    options = raw.get("options") or {}
    if not known.get("id"):
        raise BadProductError("a variant without id")
    if not isinstance(options, dict):
        raise BadProductError('options of a variant are an object: {"Size": "M"}')
    return _variant(known["id"], known | {"options": {str(k): str(v) for k, v in options.items()}}, shop)


def _variant(variant_id: str, own: Mapping[str, Any], shop: Shop) -> Variant:
    options = own.get("options") or {}
    return Variant(
        variant_id=variant_id,
        title=own.get("title") or " / ".join(options.values()) or variant_id,
        sku=own.get("sku"),
        price=money_of(own.get("price"))[0],
        available=_available(own),
        options=options,
        url=shop.links.own(own["url"]) if own.get("url") else None,
        image_url=image_of(own.get("image_url")),
    )


def _add(
    result: CatalogFile,
    line: int,
    product_id: str,
    own: Mapping[str, Any],
    variants: tuple[Variant, ...],
    shop: Shop,
) -> None:
    try:
        product = _product(product_id, own, variants, shop)
    except BadProductError as error:
        result.fail(line, product_id, str(error))
    else:
        result.add(product, line)


def _product(product_id: str, own: Mapping[str, Any], variants: tuple[Variant, ...], shop: Shop) -> Product:
    if not own.get("title"):
        raise BadProductError("no title")
    link = own.get("url")
    handle = own.get("handle") or (handle_in(shop.links.own(link)) if link else None) or product_id
    price, code = money_of(own.get("price"))
    shown = shown_variant(variants)
    tags = own.get("tags")
    return Product(
        product_id=product_id,
        handle=handle,
        title=own["title"],
        body_text=html_to_text(own.get("description")),
        vendor=own.get("vendor"),
        product_type=last_category(own.get("type")),
        tags=split_tags(tags) if isinstance(tags, (str, list)) else (),
        url=shop.links.of_product(link, handle, product_id),
        image_url=image_of(own.get("image_url")) or (shown.image_url if shown else None),
        price=shown.price if shown else price,
        currency=currency_of(own.get("currency")) or code or shop.currency,
        available=is_on_sale(bool(variants) or _available(own), variants),
        variants=variants or _alone(product_id, own, shop),
    )


def _alone(product_id: str, own: Mapping[str, Any], shop: Shop) -> tuple[Variant, ...]:
    """The one variant of a product that has none but a SKU."""
    return (_variant(product_id, {**own, "url": None, "image_url": None}, shop),) if own.get("sku") else ()


def _available(own: Mapping[str, Any]) -> bool:
    said = own.get("available")
    return said if isinstance(said, bool) else is_buyable(said)
