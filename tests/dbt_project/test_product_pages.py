"""A product's page is known by the catalogue's handle, whatever addresses the shop has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestration.catalog.links import handle_in
from tests.dbt_project.dbt_kit import NOON, Lake, Warehouse, message

#: Address of a product's page, and the handle in it.
PAGES = {
    "https://shop.example/products/mug?variant=1": "mug",
    "https://shop.example/de/product/tee/": "tee",
    "https://shop.example/kitchen/pot.html#reviews": "pot",
    "https://shop.example/12-cup.html": "12-cup",
    "https://shop.example/a//b/": "b",
    "https://shop.example/caf%C3%A9.php": "café",
    "https://shop.example/#/products/hash": "hash",
    "https://shop.example/": None,
    "https://shop.example/?p=7": None,
}


@pytest.mark.slow
def test_an_id_that_the_catalog_lacks_is_the_product_whose_page_it_names(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """As of Magento, whose export has SKUs and whose pages have numbers."""
    lake, warehouse = make_warehouse()
    handles = [handle for handle in PAGES.values() if handle]
    lake.catalog(
        [{"product_id": f"sku-{each}", "handle": each, "title": each, "available": True} for each in handles]
    )
    lake.load(
        [
            message("Product Viewed", NOON, guest="g", page_url=url, properties={"product_id": f"{number}"})
            for number, url in enumerate(PAGES)
        ]
    )
    warehouse.dbt("run", "--select", "+product_aliases")
    found = dict(warehouse.rows("select alias, product_id from product_aliases"))
    for number, (url, handle) in enumerate(PAGES.items()):
        assert handle_in(url) == handle
        assert found.get(f"{number}") == (f"sku-{handle}" if handle else None), url
