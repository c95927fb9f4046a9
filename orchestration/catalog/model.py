"""The content of a catalog file: products, and the products that could not be read."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from orchestration.catalog.delimited import number_of, plain_name

_LARGEST_PRICE = Decimal(10) ** 16  # DECIMAL(18,2)


class CatalogError(Exception):
    """A catalog file that can't be read at all. The text begins with file and line."""


class NoCatalogError(CatalogError):
    """A text of no format, in a file whose ending is that of any text: rather a note than a catalogue."""


class BadProductError(ValueError):
    """One product of a readable file is unusable; the text is the reason."""


@dataclass(frozen=True)
class Variant:
    """A variant that can be added to the cart. ``options`` are name to value, as the product page shows them."""

    variant_id: str
    title: str
    sku: str | None
    price: Decimal | None
    available: bool
    options: dict[str, str]
    url: str | None = None
    image_url: str | None = None


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
    price: Decimal | None = Decimal(0)
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

    def keep_distinct_handles(self) -> None:
        """Of handles that were read off links: one that is several products' (``/index.php?id=5``) is nobody's."""
        count = Counter(product.handle for product in self.products)
        self.products = [
            replace(product, handle=product.product_id) if count[product.handle] > 1 else product
            for product in self.products
        ]

    _ids: set[str] = field(default_factory=set, repr=False)


def _not_utf8(product: Product) -> bool:
    """Return whether a text came from bytes that are not UTF-8 (files are read with surrogateescape)."""
    try:
        msgspec.json.encode(product)
    except UnicodeEncodeError:
        return True
    return False


#: The currency beside a price.
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
#: What Google, Meta, schema.org, shop software and people call it.
_BUYABLE = frozenset(
    "instock preorder backorder onbackorder presale limitedavailability availablefororder onlineonly "
    "available true yes 1".split()
)
_NOT_BUYABLE = frozenset(
    "outofstock soldout discontinued instoreonly unavailable notavailable false no 0".split()
)
#: As Magento writes a day; all else is ISO 8601.
_TIMES = ("%m/%d/%y", "%m/%d/%Y", "%m/%d/%y, %I:%M %p", "%m/%d/%Y %H:%M")
#: Names for a product without a category: Shopify's and WooCommerce's, Magento's.
_NO_CATEGORY = frozenset(["uncategorized", "default category"])
#: How catalog files end. What they are is told by their content.
ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".xml", ".gz")


def inbox_files(inbox: Path) -> list[Path]:
    """The catalog files of the inbox, by name; none where there is no inbox."""
    return sorted(file for file in inbox.glob("*") if file.suffix.lower() in ENDINGS)


def other_files(inbox: Path) -> list[Path]:
    """What lies in the inbox and is no catalogue by its ending, such as a workbook; hidden files are nobody's."""
    return sorted(
        file
        for file in inbox.glob("[!.]*")
        if file.is_file() and not file.name.endswith("~") and file.suffix.lower() not in ENDINGS
    )


def shown_variant(variants: Sequence[Variant]) -> Variant | None:
    """The variant that a product's card shows: the cheapest of those that can be bought, else of all."""
    on_sale = [each for each in variants if each.available and each.price is not None]
    priced = on_sale or [each for each in variants if each.price is not None]
    return min(priced, key=lambda each: each.price or 0, default=None) or next(iter(variants), None)


def shown_price(variants: Sequence[Variant]) -> Decimal:
    """The price on a product's card: that of the variant shown; 0.00 without variants."""
    shown = shown_variant(variants)
    return Decimal("0.00") if shown is None or shown.price is None else shown.price


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


def money_of(text: str | None) -> tuple[Decimal | None, str | None]:
    """A price and the currency that stands beside it: "12.00 EUR"; None for what isn't there.

    Raises BadProductError as ``price_of`` does.
    """
    if not text:
        return None, None
    code = _CODE.search(text)
    return price_of(text), code[0] if code else None


def currency_of(code: str | None) -> str | None:
    """An ISO code in capitals; None where none is given. Raises BadProductError for what is none."""
    if code and not _CODE.fullmatch(code.upper()):
        raise BadProductError(f"currency {code!r} is not an ISO code: EUR")
    return code.upper() if code else None


def is_buyable(text: str | None, unknown: bool = True) -> bool:
    """Return whether a word says that something can be bought: "in_stock", "Out of stock", "yes", "0",
    "https://schema.org/InStock". Where none is given, as ``unknown`` says.

    Raises BadProductError for a word that says neither.
    """
    word = plain_name((text or "").rpartition("/")[2])
    if not word:
        return unknown
    if word in _BUYABLE or word in _NOT_BUYABLE:
        return word in _BUYABLE
    raise BadProductError(f"availability {text!r} says neither in_stock nor out_of_stock")


def is_in_force(start: str | None, end: str | None, now: datetime) -> bool:
    """Return whether a moment is within two days or times of a file; an end that isn't given is open. One that can't be
    read is never within, so that a price is rather the regular one.
    """
    try:
        bounds = [_time_of(each) if each else None for each in (start, end)]
    except ValueError:
        return False
    begins, ends = bounds
    return (begins is None or begins <= now) and (ends is None or now <= ends)


def _time_of(text: str) -> datetime:
    for form in _TIMES:
        with contextlib.suppress(ValueError):
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def last_category(path: str | None, separator: str = ">") -> str | None:
    """The leaf of a category ("Apparel > Shoes > Boots"); None where shop software says that there is none."""
    leaf = (path or "").rsplit(separator, 1)[-1].strip()
    return leaf if leaf and leaf.lower() not in _NO_CATEGORY else None


def split_tags(value: Any) -> tuple[str, ...]:
    """Tags from a comma-separated text or a list; blank and repeated ones dropped, order kept."""
    parts: Iterable[Any] = value.split(",") if isinstance(value, str) else value or ()
    return tuple(dict.fromkeys(tag for tag in (str(part).strip() for part in parts) if tag))
