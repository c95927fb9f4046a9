"""UCI Online Retail (Chen 2015, CC BY 4.0): order lines of a UK gift shop, as messages and as a catalog.

The file is a Parquet file with the columns of ``COLUMNS``. Every line becomes exactly one message, also
those that no shop would sell (adjustments with a negative price, write-offs without a description): what to
make of them is the warehouse's business, not the importer's.
"""

from __future__ import annotations

import csv
import io
import statistics
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.runtime.atomic_write import replace_file

COLUMNS = {
    "invoice_no": pa.types.is_string,
    "stock_code": pa.types.is_string,
    "description": pa.types.is_string,
    "quantity": pa.types.is_integer,
    "invoice_date": pa.types.is_timestamp,
    "unit_price": pa.types.is_floating,
    "customer_id": pa.types.is_integer,
    "country": pa.types.is_string,
}
#: Fixed for ever: message ids made with it stand in lakes.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://archive.ics.uci.edu/dataset/352/online+retail")
CURRENCY = "GBP"
#: Stock codes that are postage, fees, discounts and book-keeping (the data set's own codes; its description
#: says that such codes are not products). They stay in the catalog, since orders name them, but are not
#: published.
SERVICE_CODES = frozenset({"AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "m", "POST", "S"})
CATALOG_FILE = "online-retail.csv"
_BATCH_ROWS = 20_000


class ImportFileError(Exception):
    """The file can't be imported; the text says what is wrong with it."""


class OrderLine(NamedTuple):
    """One row of the file. ``line_number`` counts the invoice's lines from 1, in file order; ``invoice_date`` is in UTC
    without a zone, as the file has it where that names none.
    """

    invoice_no: str
    line_number: int
    stock_code: str
    description: str | None
    quantity: int
    invoice_date: datetime
    unit_price: float
    customer_id: int | None
    country: str | None

    @property
    def is_return(self) -> bool:
        """Cancellations carry a C before the invoice number; write-offs only a negative quantity."""
        return self.quantity < 0 or self.invoice_no.startswith("C")


def open_file(path: Path) -> pq.ParquetFile:
    """Open the Parquet file and check its columns. Raises ImportFileError."""
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise ImportFileError(f"{path} does not exist") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise ImportFileError(f"{path} is not a Parquet file: {error}") from None
    schema = file.schema_arrow
    for name, fits in COLUMNS.items():
        if name not in schema.names:
            raise ImportFileError(
                f"{path} has no column {name}; it has {', '.join(schema.names)}. Needed: {', '.join(COLUMNS)}"
            )
        kind = schema.field(name).type
        if not (fits(kind) or (fits is pa.types.is_string and pa.types.is_large_string(kind))):
            raise ImportFileError(f"{path}: column {name} has the type {kind}")
    return file


def read_lines(path: Path, limit: int | None = None) -> Iterator[OrderLine]:
    """The order lines in file order, a few thousand in memory at a time. Raises ImportFileError."""
    seen: Counter[str] = Counter()
    read = 0
    for batch in open_file(path).iter_batches(batch_size=_BATCH_ROWS, columns=list(COLUMNS)):
        columns = [batch.column(batch.schema.get_field_index(name)).to_pylist() for name in COLUMNS]
        for invoice, code, description, quantity, date, price, customer, country in zip(
            *columns, strict=True
        ):
            if limit is not None and read >= limit:
                return
            read += 1
            if invoice is None or code is None or quantity is None or date is None or price is None:
                raise ImportFileError(
                    f"{path}: row {read} lacks invoice_no, stock_code, quantity, date or price"
                )
            seen[invoice] += 1
            if date.tzinfo is not None:
                date = date.astimezone(UTC).replace(tzinfo=None)
            yield OrderLine(
                invoice, seen[invoice], code, description, quantity, date, price, customer, country
            )


def message(line: OrderLine) -> dict[str, Any]:
    """The wire message of an order line. Same line, same message: sending twice is harmless."""
    price, quantity = Decimal(repr(line.unit_price)), abs(line.quantity)
    product: dict[str, Any] = {"product_id": line.stock_code, "price": price, "quantity": quantity}
    if line.description:
        product["name"] = line.description.strip()
    result: dict[str, Any] = {
        "messageId": str(uuid.uuid5(NAMESPACE, f"{line.invoice_no}/{line.line_number}")),
        "type": "track",
        "event": "Order Refunded" if line.is_return else "Order Completed",
        "originalTimestamp": line.invoice_date.isoformat() + "Z",
        "properties": {
            "order_id": line.invoice_no,
            "line_number": line.line_number,
            "value": price * quantity,
            "currency": CURRENCY,
            "country": line.country,
            "products": [product],
        },
    }
    if line.customer_id is not None:
        result["userId"] = str(line.customer_id)
    else:
        result["anonymousId"] = f"invoice-{line.invoice_no}"
    return result


@dataclass
class _Code:
    sold_as: Counter[str] = field(default_factory=Counter)
    noted_as: Counter[str] = field(default_factory=Counter)
    prices: list[float] = field(default_factory=list)

    def title(self, code: str) -> str:
        """The description it was mostly sold under; else an upper-case one; else the code.

        Mixed-case descriptions of lines without a sale are stock-keepers' notes ("damaged", "ebay"), not names.
        """
        names = self.sold_as or Counter(
            {d: n for d, n in self.noted_as.items() if d == d.upper() and len(d) > 5}
        )
        return min(names, key=lambda name: (-names[name], name), default=code)

    def price(self) -> Decimal:
        middle = Decimal(repr(statistics.median(self.prices))) if self.prices else Decimal(0)
        return middle.quantize(Decimal("0.01"), ROUND_HALF_UP)


def catalog_csv(path: Path) -> tuple[str, int]:
    """The catalog of the file's stock codes as a Shopify product export, and the number of its products.

    The handle is the stock code to the letter (``85123A`` and ``85123a`` are two), since orders name
    products by it. Published is false for book-keeping codes and for codes that no line sells. Deterministic.
    """
    codes: dict[str, _Code] = {}
    for line in read_lines(path):
        entry = codes.setdefault(line.stock_code, _Code())
        description = " ".join((line.description or "").split())
        sold = line.quantity > 0 and line.unit_price > 0
        if sold:
            entry.prices.append(line.unit_price)
        if description:
            (entry.sold_as if sold else entry.noted_as)[description] += 1
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name",
         "Option1 Value", "Variant SKU", "Variant Price", "Image Src", "Status"]
    )  # fmt: skip
    for code in sorted(codes):
        entry = codes[code]
        published = bool(entry.prices) and code not in SERVICE_CODES
        writer.writerow(
            [code, entry.title(code), "", "", "", "", str(published).upper(), "Title", "Default Title",
             code, entry.price(), "", "active"]
        )  # fmt: skip
    return out.getvalue(), len(codes)


def write_catalog(path: Path, inbox: Path) -> tuple[Path, int]:
    """Put the catalog into the inbox, where the pipeline picks it up; the same content is left alone."""
    text, products = catalog_csv(path)
    target = inbox / CATALOG_FILE
    content = text.encode("utf-8")
    if not (target.exists() and target.read_bytes() == content):
        replace_file(target, lambda aside: aside.write_bytes(content))
    return target, products
