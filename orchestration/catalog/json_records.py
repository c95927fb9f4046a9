"""The products of a JSON file: a list, pages ``{"products": [...]}``, objects one a line, or several of these."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestration.catalog.model import BadProductError, CatalogError

_BLANK = re.compile(r"\s*")


class Record(NamedTuple):
    """One product as the file has it, the line its document begins on, and its place in that document."""

    line: int
    place: str
    raw: Any


@dataclass(frozen=True)
class Records:
    """The products of a JSON file. ``has_pages``: it says ``products`` around them, as Shopify does."""

    source_file: str
    records: list[Record]
    has_pages: bool


def read_records(text: str, source_file: str) -> Records:
    """The products of a JSON text, unread. Raises CatalogError with the line where it is not JSON or holds none."""
    records: list[Record] = []
    has_pages = False
    for line, document in _documents(text, source_file):
        found = _pages(document)
        if found is not None:
            has_pages = True
        elif isinstance(document, list):
            found = document
        elif isinstance(document, dict) and "id" in document:
            found = [document]
        else:
            raise CatalogError(
                f'{source_file}:{line}: no products: a catalogue in JSON is {{"products": [...]}}, a list of products, '
                "or a product a line"
            )
        records += [Record(line, f"products[{index}]: ", raw) for index, raw in enumerate(found)]
    return Records(source_file, records, has_pages)


def _pages(document: Any) -> list[Any] | None:
    """The products of a page, of one product's page, or of a list of pages; None of what is neither."""
    if isinstance(document, dict):
        if isinstance(document.get("products"), list):
            return document["products"]
        return [document["product"]] if isinstance(document.get("product"), dict) else None
    if isinstance(document, list):
        pages = [page["products"] for page in document if isinstance(page, dict) and "products" in page]
        if pages and len(pages) == len(document) and all(isinstance(page, list) for page in pages):
            return [product for page in pages for product in page]
    return None


def _documents(text: str, source_file: str) -> Iterator[tuple[int, Any]]:
    """The JSON documents of the text, each with the line it begins on."""
    decoder = json.JSONDecoder()
    at, line = 0, 1
    while at < len(text) or at == 0:
        start = _BLANK.match(text, at).end()  # type: ignore[union-attr]  # matches anywhere
        line += text.count("\n", at, start)
        if start >= len(text) and at > 0:
            return
        try:
            document, at = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise CatalogError(
                f"{source_file}:{error.lineno}: invalid JSON: {error.msg} (column {error.colno})"
            ) from None
        except RecursionError:
            raise CatalogError(f"{source_file}:{line}: nested too deeply") from None
        except ValueError as error:  # a number of more than 4,300 digits
            raise CatalogError(f"{source_file}:{line}: unreadable JSON: {error}") from None
        yield line, document
        line += text.count("\n", start, at)


def text_of(raw: dict[str, Any], name: str) -> str | None:
    """The text or number of a field; None where there is none. Raises BadProductError for an object or a list."""
    value = raw.get(name)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (dict, list)):
        raise BadProductError(f"{name} is not text")
    return str(value).strip() or None


def list_of(raw: dict[str, Any], name: str) -> list[Any]:
    """The list of a field, empty where there is none. Raises BadProductError for anything else."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadProductError(f"{name} is not a list")
    return value


def names_in(raw: dict[str, Any], field: str, name: str = "name") -> list[str]:
    """What the objects of a list are called: ``[{"name": "Mugs"}]``."""
    return [
        str(each[name]).strip() for each in list_of(raw, field) if isinstance(each, dict) and each.get(name)
    ]
