"""Google Merchant's text feed: a tab-separated file with a header (``id``, ``title``, ``link``, ``price``, ...)."""

from __future__ import annotations

from orchestration.catalog.delimited import Table
from orchestration.catalog.google_items import ATTRIBUTES, products_of
from orchestration.catalog.links import Shop
from orchestration.catalog.model import CatalogFile


def read_feed(table: Table, shop: Shop) -> CatalogFile:
    """The products of a text feed."""
    rows = (
        (line, {name: value for name, value in row.items() if value}, trouble)
        for line, row, trouble in table.named(ATTRIBUTES)
    )
    return products_of(rows, table.source_file, shop)
