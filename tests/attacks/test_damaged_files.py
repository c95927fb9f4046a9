"""What a disk or a power cut does to files: it costs a rebuild, or the one file, never the shop."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, viewed

pytestmark = pytest.mark.pipeline


def orders(shop: Shop) -> tuple[int, Decimal]:
    """Orders and net revenue of all days."""
    ((count, revenue),) = shop.rows("select sum(orders), sum(net_revenue) from orders_daily")
    return count, revenue


def test_a_warehouse_that_was_cut_off_is_built_again_from_the_lake(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(built=True)
    count, revenue = orders(shop)
    ((product,),) = shop.rows("select min(product_id) from products where is_in_catalog")
    shop.send([viewed(product), ordered("o-2", [product])])
    warehouse = shop.settings.paths.warehouse
    os.truncate(warehouse, warehouse.stat().st_size // 2)

    said = shop.run("fast", fails=True)
    assert "is damaged" in said
    assert "a full run builds it from the lake" in said
    assert "not built yet" in shop.doctor()
    assert shop.ask("/v1/recommendations", guest="a-guest", limit=5).json()["items"], (
        "the last version stands"
    )

    # and what stands in its place is none either
    warehouse.write_bytes(b"\0" * 50_000)
    said = " ".join(shop.run().split())  # a warning is wrapped to the terminal's width
    assert "This run builds a new one from the lake" in said
    assert orders(shop) == (count + 1, revenue + 10)
    assert "a new one was built from the lake" in shop.doctor()
    assert len(shop.settings.paths.damaged_warehouses()) == 1
