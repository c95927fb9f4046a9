"""What a disk or a power cut does to files: it costs a rebuild, or the one file, never the shop."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from footfall.runtime.supervisor import footfall_command
from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, product, viewed

pytestmark = pytest.mark.pipeline


def doctor(shop: Shop, *arguments: str) -> str:
    """What the doctor says; it fails where anything is wrong, as that nothing is listening."""
    done = subprocess.run(
        footfall_command("doctor", *arguments), env=shop.env, capture_output=True, text=True, timeout=120
    )
    return done.stdout


def test_a_warehouse_that_was_cut_off_is_built_again_from_the_lake(shop: Shop) -> None:
    shop.catalogue(product(number) for number in range(12))
    shop.send([viewed("1001"), ordered("o-1", ["1001"])])
    shop.run()
    shop.send([viewed("1002"), ordered("o-2", ["1002"])])
    warehouse = shop.settings.paths.warehouse
    os.truncate(warehouse, warehouse.stat().st_size // 2)

    said = shop.run("fast", fails=True)
    assert "is damaged" in said
    assert "a full run builds it from the lake" in said
    assert "not built yet" in doctor(shop)
    assert shop.ask("/v1/recommendations", guest="a-guest", limit=5).json()["items"], (
        "the last version stands"
    )

    shop.run()
    assert shop.rows("select sum(orders), sum(net_revenue) from orders_daily") == [(2, 20)]
    assert "a new one was built from the lake" in doctor(shop)

    shop.send([ordered("o-3", ["1003"])])
    warehouse.write_bytes(b"\0" * 50_000)
    shop.seal()
    assert "This run builds a new one from the lake" in shop.run()
    assert shop.rows("select sum(orders), sum(net_revenue) from orders_daily") == [(3, 30)]
    assert len(shop.settings.paths.damaged_warehouses()) == 1


def test_a_new_shop_with_a_bad_catalogue_file_publishes(open_shop: Callable[[], Shop]) -> None:
    shop = open_shop()
    folder = shop.settings.paths.catalog
    folder.mkdir(parents=True)
    (folder / "shop.json").write_bytes(b'{"products": [{"id": "1001", "title": "cut o')
    shop.send([viewed("1001"), ordered("o-1", ["1001"])])
    assert "check failed: lake/products assert_every_catalog_file_is_read" in shop.run()
    assert shop.rows("select sum(orders) from orders_daily") == [(1,)]
    assert "it was never read" in doctor(shop)
    (told,) = shop.ask("/v1/marts", secret=True).json()["catalogue_problems"]
    assert told.startswith("shop.json:1: invalid JSON")
