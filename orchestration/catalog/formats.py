"""The formats of catalogue files, one row each, and which of them a file has: told by its content, whatever its name.

A new format is a module with a reader, and a row here.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from orchestration.catalog import (
    google_tsv,
    google_xml,
    magento_csv,
    plain,
    shopify_csv,
    shopify_json,
    woocommerce_csv,
    woocommerce_json,
)
from orchestration.catalog.decoding import json_text, table_text
from orchestration.catalog.delimited import UTF_16_MARKS, Table, plain_name, read_table, why_no_text
from orchestration.catalog.json_records import Records, read_records
from orchestration.catalog.links import Shop
from orchestration.catalog.model import ENDINGS, CatalogError, CatalogFile, NoCatalogError

_Source = TypeVar("_Source", Records, Table)

#: A shop of 100,000 products with long texts has some 300 MB; more is no catalogue, and would fill the memory.
MAX_BYTES = 2**30
_GZIP = b"\x1f\x8b"
#: So much of a file tells what it is: a binary file has its zeros early.
_HEAD = 1 << 16


@dataclass(frozen=True)
class Format(Generic[_Source]):
    """How a form of JSON or of delimited files is told from the others, and read.

    has: what a file of it must have, in words for people. fits: whether a file has it.
    """

    name: str
    has: str
    fits: Callable[[_Source], bool]
    read: Callable[[_Source, Shop], CatalogFile]


def _columns(*alternatives: Collection[str]) -> Callable[[Table], bool]:
    """Whether a header has a column of each group of names."""
    wanted = [{plain_name(name) for name in names} for names in alternatives]
    return lambda table: all({plain_name(name) for name in table.header} & names for names in wanted)


def _objects(is_product: Callable[[dict[str, Any]], bool]) -> Callable[[Records], bool]:
    """Whether any of the file's objects is so; damaged ones say nothing."""
    return lambda file: any(isinstance(each.raw, dict) and is_product(each.raw) for each in file.records)


_SHOPIFY = _columns(["handle", "url handle"], ["title"])
_PLAIN = _columns(plain.FIELDS["id"], plain.FIELDS["title"])
#: Shopify's export has no address of a product's page.
_ADDRESS = _columns(plain.FIELDS["url"])

#: The most particular first: a header of WooCommerce's has all that a plain file needs, too.
TABLES: tuple[Format[Table], ...] = (
    Format(
        "woocommerce_csv",
        "Type, Name and Regular price (WooCommerce's export, in English)",
        _columns(["Type"], ["Name"], ["Regular price"]),
        woocommerce_csv.read_export,
    ),
    Format(
        "magento_csv",
        "sku, product_type and name (Magento's export)",
        _columns(["sku"], ["product_type"], ["name"]),
        magento_csv.read_export,
    ),
    Format(
        "google_tsv",
        "id, title, link and availability (Google Merchant's feed)",
        _columns(
            ["id", "g:id"], ["title", "g:title"], ["link", "g:link"], ["availability", "g:availability"]
        ),
        google_tsv.read_feed,
    ),
    Format(
        "shopify_csv",
        "Handle and Title (Shopify's export)",
        lambda table: _SHOPIFY(table) and not (_PLAIN(table) and _ADDRESS(table)),
        shopify_csv.read_export,
    ),
    Format("plain_csv", "id and title (the plain form)", _PLAIN, plain.read_table),
)

JSON: tuple[Format[Records], ...] = (
    Format(
        "woocommerce_json",
        "id, name and permalink (WooCommerce's)",
        _objects(woocommerce_json.is_product),
        woocommerce_json.read_products,
    ),
    Format(
        "shopify_json",
        "id, title and handle (Shopify's)",
        shopify_json.fits,
        shopify_json.read_products,
    ),
    Format("plain_jsonl", "id and title (the plain form)", _objects(plain.is_product), plain.read_records),
)

#: The names of all formats, as a setting may say them.
NAMES = ("google_xml", *(each.name for each in TABLES), *(each.name for each in JSON))


def read_catalog(path: Path, shop: Shop | None = None, format_name: str | None = None) -> CatalogFile:
    """Read one catalogue file.

    shop: what the file doesn't say. format_name: one of ``NAMES``; else the content tells it.
    Raises CatalogError for a file that is of no format, or in which no product at all can be read; NoCatalogError where
    the ending doesn't say that it is meant for one either.
    """
    shop = shop or Shop()
    name = path.name
    if path.suffix.lower() not in ENDINGS:
        raise CatalogError(f"{name}: a catalogue file ends in {', '.join(ENDINGS)}")
    content = _content(path)
    if why := why_no_text(content[:_HEAD]):
        raise CatalogError(f"{name}: {why}")
    result = read_content(content, name, shop, format_name)
    if result.failed and not result.products:
        raise CatalogError(
            f"{name}: none of its {len(result.failed):,} products can be read. The first: {result.failed[0]}"
        )
    return result


def _content(path: Path) -> bytes:
    """The file's bytes, gzip undone whatever its name is."""
    too_large = CatalogError(f"{path.name}: larger than {MAX_BYTES >> 20} MiB; divide it into several files")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise too_large
        content = path.read_bytes()
        if content.startswith(_GZIP):
            with gzip.open(io.BytesIO(content)) as inflated:
                content = inflated.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise too_large
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CatalogError(f"{path.name}: its gzip is damaged, or ends too early ({error})") from None
    except OSError as error:
        raise CatalogError(f"{path.name}: {error.strerror}") from None
    return content


def read_content(content: bytes, name: str, shop: Shop, format_name: str | None = None) -> CatalogFile:
    """The products of a file's content, however many of them can be read. Raises CatalogError for one of no format."""
    start = (
        content[:_HEAD]
        .decode("utf-16" if content.startswith(UTF_16_MARKS) else "utf-8-sig", "ignore")
        .lstrip()
    )
    if start.startswith("<") if format_name is None else format_name == "google_xml":
        return google_xml.read_feed(google_xml.XmlFile(name, content), shop)
    is_json = start[:1] in ("{", "[") or (not start and name.lower().endswith((".json", ".jsonl", ".ndjson")))
    if any(each.name == format_name for each in JSON) or (format_name is None and is_json):
        records = read_records(json_text(content), name)
        return _format_of(records, JSON, format_name, "has products with").read(records, shop)
    table = read_table(table_text(content, name), name)
    if isinstance(table, str):
        raise CatalogError(f"{name}:{table}")
    return _format_of(table, TABLES, format_name, "has the columns").read(table, shop)


def _format_of(
    source: _Source, formats: tuple[Format[_Source], ...], wanted: str | None, phrase: str
) -> Format[_Source]:
    for each in formats:
        if each.name == wanted or (wanted is None and each.fits(source)):
            return each
    if wanted is not None:
        raise CatalogError(f"{source.source_file}: no format {wanted!r}; there are {', '.join(NAMES)}")
    is_any_text = source.source_file.lower().endswith((".txt", ".txt.gz"))
    raise (NoCatalogError if is_any_text else CatalogError)(
        f"{source.source_file}:1: unknown catalogue format: {_found(source)}. One {phrase} "
        + ", or ".join(each.has for each in formats)
    )


def _found(source: Records | Table) -> str:
    """What a file has instead, in words."""
    if isinstance(source, Table):
        return f"its columns are {', '.join(source.header[:12])[:300]}{' ...' if len(source.header) > 12 else ''}"
    first = source.records[0].raw
    return (
        f"its first product has {', '.join(first)[:300]}"
        if isinstance(first, dict)
        else "it holds no objects"
    )
