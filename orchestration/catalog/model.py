"""The content of a catalog file: products, and the products that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.catalog.delimited import number_of

_LARGEST_PRICE = Decimal(10) ** 16  # DECIMAL(18,2)


class CatalogError(Exception):
    """A catalog file that can't be read at all. The text begins with file and line."""


class BadProductError(ValueError):
    """One product of a readable file is unusable; the text is the reason."""


@dataclass(frozen=True)
class Variant:
    """A variant that can be added to the cart. ``options`` are name to value, as the product page shows them."""

    variant_id: str
    title: str
    sku: str | None
    price: Decimal
    available: bool
    options: dict[str, str]


@dataclass(frozen=True)
class Product:
    """One product of a catalog file; the columns of ``lake/products`` without those of the load."""

    product_id: str
    handle: str
    title: str
    body_text: str = ""
    vendor: str | None = None
    product_type: str | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
    image_url: str | None = None
    price: Decimal = Decimal(0)
    currency: str | None = None
    available: bool = True
    published_at: datetime | None = None
    position: int = 0
    variants: tuple[Variant, ...] = ()
    collections: tuple[str, ...] = ()
    source_file: str = ""


@dataclass(frozen=True)
class FailedProduct:
    """A product that was not read: where it stands, which one it is as far as that is known, and why."""

    source_file: str
    line: int | None
    key: str | None
    reason: str

    def __str__(self) -> str:
        where = f"{self.source_file}:{self.line}" if self.line else self.source_file
        return f"{where}: product {self.key or '?'}: {self.reason}"


@dataclass
class CatalogFile:
    """The content of one file."""

    source_file: str
    products: list[Product] = field(default_factory=list)
    failed: list[FailedProduct] = field(default_factory=list)

    def add(self, product: Product, line: int | None) -> None:
        """Take a product in; a second one with the same id in one file is a failed row."""
        if _not_utf8(product):
            self.fail(line, product.product_id, "not UTF-8")
        elif product.product_id in self._ids:
            self.fail(line, product.product_id, "the file has another product with this id before it")
        else:
            self._ids.add(product.product_id)
            self.products.append(
                replace(product, position=len(self.products) + 1, source_file=self.source_file)
            )

    def fail(self, line: int | None, key: str | None, reason: str) -> None:
        shown = key.encode("utf-8", "replace").decode() if key else None
        self.failed.append(FailedProduct(self.source_file, line, shown, reason))

    _ids: set[str] = field(default_factory=set, repr=False)


def _not_utf8(product: Product) -> bool:
    """Return whether a text came from bytes that are not UTF-8 (files are read with surrogateescape)."""
    try:
        json.dumps(asdict(product), ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def inbox_files(inbox: Path) -> list[Path]:
    """The catalog files of the inbox, by name; none where there is no inbox."""
    return sorted(file for file in inbox.glob("*") if file.suffix.lower() in (".json", ".csv"))


def product_url(shop_url: str, handle: str) -> str:
    """Shopify's address of a product page."""
    return f"{shop_url}/products/{handle}"


def shown_price(variants: Sequence[Variant]) -> Decimal:
    """The price on a product's card: the lowest of those that can be bought, else the lowest; 0.00 without variants."""
    prices = [each.price for each in variants if each.available] or [each.price for each in variants]
    return min(prices, default=Decimal("0.00"))


def is_on_sale(is_live: bool, variants: Sequence[Variant]) -> bool:
    """Return whether a product can be bought: it is published, and one of its variants can be, if it has any."""
    return is_live and (not variants or any(each.available for each in variants))


def price_of(value: Any) -> Decimal:
    """A price with two decimals. Raises BadProductError for what is none, is negative or can't be stored."""
    if value is None or value == "":
        return Decimal("0.00")
    price = number_of(str(value))
    if price is None:
        raise BadProductError(f"price {value!r} is not a number")
    if price < 0 or price >= _LARGEST_PRICE:
        raise BadProductError(f"price {value!r} is not a price")
    return price.quantize(Decimal("0.01"))


def split_tags(value: Any) -> tuple[str, ...]:
    """Tags from a comma-separated text or a list; blank and repeated ones dropped, order kept."""
    parts: Iterable[Any] = value.split(",") if isinstance(value, str) else value or ()
    return tuple(dict.fromkeys(tag for tag in (str(part).strip() for part in parts) if tag))
