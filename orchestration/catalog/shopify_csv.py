"""Shopify's product-export CSV: a product is the rows of one handle.

The first row of a handle carries the product; the rows after it carry further variants and images. Columns are found
by name in any order, compared by letters and digits alone ("body_html"); both the names of the classic export and those
of the newer template are known. An export has no product ids: where an ``ID`` column (other exporters write one) is
missing, the handle is the id.

Files come through spreadsheets and scripts: cells parted by semicolons or tabs, blanks between a closing quote and the
next cell, rows that end with their last filled cell. These are read; a row unlike the file's others is not guessed at.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestration.catalog.delimited import declared_separator, number_of, places_of
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
#: A description may be long; the csv module's own limit is 128 KiB a field.
_FIELD_LIMIT = 16 * 2**20
_OPTION_COLUMNS = 3
#: A short row is of the file's own making where so large a share of the rows is as short; else it was cut off.
_USUAL_SHARE = 0.02
#: A quoted cell, and blanks that some editors put behind it to line columns up.
_PADDED = re.compile(r'("(?:[^"]|"")*+(?:"|\Z)) *')
#: What parts cells, by how likely.
_SEPARATORS = ",;\t|"
#: Shopify's name for a product without a category.
_NO_CATEGORY = "uncategorized"
#: FALSE as Excel saves it in English, German, French, Italian, Spanish and Dutch.
_FALSE = frozenset({"false", "no", "falsch", "faux", "falso", "onwaar"})


@dataclass
class _Rows:
    """The rows of one handle and the line on which each begins."""

    line: int
    rows: list[dict[str, str]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def read_export(text: str, source_file: str, shop_url: str, currency: str | None) -> CatalogFile:
    """Products of a product export, in the order in which their handles first appear.

    Raises CatalogError where the file has no header with a handle and a title.
    """
    result = CatalogFile(source_file)
    groups: dict[str, _Rows] = {}
    for line, row, trouble in _records(text, source_file):
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
            product = _product(handle, group, shop_url, currency)
        except BadProductError as error:
            result.fail(group.line, handle, str(error))
        else:
            result.add(product, group.line)
    return result


def _records(text: str, source_file: str) -> Iterator[tuple[int, dict[str, str], str | None]]:
    """(line it begins on, row by our column names, what is wrong with it)."""
    rows = _rows(text, source_file)
    header = next(rows, None)
    if header is None or isinstance(header[1], str):
        raise CatalogError(f"{source_file}:1: {header[1] if header else 'the file is empty'}")
    width = len(header[1])
    columns = _columns(header[1], source_file)
    found = list(rows)
    # Some write a row only up to its last filled cell
    widths = Counter(len(cells) for _, cells in found if not isinstance(cells, str))
    usual = {each for each, rows_so in widths.items() if rows_so >= max(2, _USUAL_SHARE * len(found))}
    for line, cells in found:
        if isinstance(cells, str):
            yield line, {}, cells
            continue
        row = {name: cells[i].strip() for name, i in columns.items() if i < len(cells)}
        fits = (len(cells) >= width or len(cells) in usual) and not any(
            cell.strip() for cell in cells[width:]
        )
        yield line, row, None if fits else f"{len(cells)} fields, the header has {width}"


def _rows(text: str, source_file: str) -> Iterator[tuple[int, list[str] | str]]:
    """(line it begins on, its cells or why there are none) of each row that isn't blank."""
    text = _PADDED.sub(r"\1", text)
    first, _, rest = text.lstrip().partition("\n")
    separator = declared_separator(first)
    line = 1
    if separator:
        text, line = rest, 2
    separator = separator or max(_SEPARATORS, key=first.count)
    previous_limit = csv.field_size_limit(_FIELD_LIMIT)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        skipped = line - 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # A quote that is never closed takes the rest of the file with it; others cost their line
                reaches = " from here on" if "end of data" in str(error) else ""
                yield line, f"no CSV{reaches}: {error}"
            else:
                if any(cell.strip() for cell in cells):
                    yield line, cells
            line = skipped + reader.line_num + 1
    finally:
        csv.field_size_limit(previous_limit)


def _columns(header: list[str], source_file: str) -> dict[str, int]:
    places = places_of(header, _HEADERS)
    columns = {ours: place for ours, place in places.items() if place is not None}
    if missing := {"handle", "title"} - set(columns):
        names = " and ".join(name.title() for name in sorted(missing))
        raise CatalogError(
            f"{source_file}:1: not a product export: the header lacks {names}"
            f" (it has: {', '.join(header[:8])} ...)"
        )
    return columns


def _product(handle: str, group: _Rows, shop_url: str, currency: str | None) -> Product:
    first = next((row for row in group.rows if row.get("title")), None)
    if first is None:
        raise BadProductError("no row with a title")
    names = [first.get(f"option{n}_name") or f"Option {n}" for n in range(1, _OPTION_COLUMNS + 1)]
    variants = tuple(_variants(handle, group, names))
    # Older exports have neither column: what is exported is then taken as sold.
    is_published = first.get("published", "").lower() not in _FALSE
    is_live = is_published and first.get("status", "").lower() in ("", "active")
    return Product(
        product_id=first.get("id") or handle,
        handle=handle,
        title=first["title"],
        body_text=html_to_text(first.get("body")),
        vendor=first.get("vendor") or None,
        product_type=first.get("type") or _last_category(first.get("category", "")) or None,
        tags=split_tags(first.get("tags", "")),
        url=product_url(shop_url, handle),
        image_url=_image(group.rows),
        price=shown_price(variants),
        currency=currency,
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


def _last_category(path: str) -> str | None:
    """The leaf of Shopify's category ("Apparel > Shoes > Boots"), where the shop gave no type of its own."""
    leaf = path.rsplit(">", 1)[-1].strip()
    return leaf if leaf.lower() != _NO_CATEGORY else None
