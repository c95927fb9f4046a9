"""Affinities that the API tells are the marts', days after they were scored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from dbt_kit import NOON, Lake, Warehouse, message

from api.snapshots import Snapshot
from footfall.snapshot.format import Table
from orchestration.serving.publish import build_snapshot, publish
from orchestration.serving.sqlite import read_table

DAY = timedelta(days=1)
CATALOG = [{"product_id": f"p{number}", "product_type": f"type {number % 3}"} for number in range(6)]


def clicks(guest: str, day: int) -> list[dict[str, object]]:
    """Views, an option, something into the cart and out of it, and an order: every part of an affinity."""
    start = NOON + day * DAY
    seen = [
        message(
            "Product Viewed", start + timedelta(minutes=n), guest=guest, properties={"product_id": f"p{n}"}
        )
        for n in range(5)
    ]
    later = start + timedelta(hours=1, seconds=7, milliseconds=13)
    order = {"order_id": f"{guest}-{day}", "products": [{"product_id": "p4", "quantity": 1, "price": 10}]}
    return [
        *seen,
        message("Product Option Selected", later, guest=guest, properties={"product_id": "p1"}),
        message("Product Added", later, guest=guest, properties={"product_id": "p2"}),
        message("Product Removed", later, guest=guest, properties={"product_id": "p3"}),
        message("Order Completed", later, guest=guest, properties=order),
    ]


def published(warehouse: Warehouse, serving: Path, version: str) -> Path:
    with duckdb.connect(str(warehouse.data / "warehouse.duckdb"), read_only=True) as con:
        path = build_snapshot(con, serving, version=version).path
    publish(serving, version)
    return path


def assert_equal_to_the_marts(warehouse: Warehouse, path: Path) -> None:
    snapshot = Snapshot(path)
    parts = ("affinity", "view_score", "option_score", "cart_score", "purchase_score")
    rounded = ", ".join(f"round({part}, 6)" for part in parts)
    for (visitor,) in warehouse.rows("select visitor_id from visitors"):
        found = [
            (
                *(row.product_id, row.affinity, row.view_score, row.option_score, row.cart_score),
                *(row.purchase_score, row.views, row.carts, row.purchases, row.has_purchased),
            )
            for row in snapshot.product_affinities(visitor)
        ]
        assert found == warehouse.rows(
            f"""
            select product_id, {rounded}, views, carts, purchases, has_purchased from visitor_product_affinity
            where visitor_id = '{visitor}' order by round(affinity, 6) desc, product_id
            """
        )
        categories = [(row.category, row.affinity, row.rank) for row in snapshot.category_affinities(visitor)]
        assert categories == warehouse.rows(
            f"""
            select category, round(affinity, 6), rank from visitor_category_affinity
            where visitor_id = '{visitor}' order by rank
            """
        )
        # The mart's own sum by category, which is taken as of another moment
        assert [affinity for _, affinity, _ in sorted(categories)] == pytest.approx(
            [
                affinity
                for _, affinity in warehouse.rows(
                    f"""
                    select product_type, sum(affinity) from visitor_product_affinity
                    inner join products using (product_id) where visitor_id = '{visitor}' group by all order by all
                    """
                )
            ],
            abs=2e-6,
        )


def test_the_api_tells_what_the_marts_say_while_they_fade(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], tmp_path: Path
) -> None:
    """Whoever does nothing stays as published, byte by byte, and is told less all the same."""
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    lake.load([*clicks("early", 0), *clicks("both", 0)])
    warehouse.run()
    first = published(warehouse, tmp_path, "v1")
    assert_equal_to_the_marts(warehouse, first)

    lake.load([*clicks("both", 9)[:3], *clicks("late", 23)])
    warehouse.run("tag:fast")
    second = published(warehouse, tmp_path, "v2")
    assert_equal_to_the_marts(warehouse, second)

    before, after = Snapshot(first), Snapshot(second)
    assert after.manifest.fading.as_of - before.manifest.fading.as_of == 23 * DAY
    left = 0.5 ** (23 / after.manifest.fading.half_life_days)
    for was, now in zip(
        before.product_affinities("g_early"), after.product_affinities("g_early"), strict=True
    ):
        assert now.affinity == pytest.approx(was.affinity * left, abs=2e-6) != was.affinity
    for table in (Table.VISITOR_PRODUCTS, Table.VISITOR_CATEGORIES):
        old, new = read_table(first, table), read_table(second, table)
        assert old["g_early"] == new["g_early"]
        assert old["g_both"] != new["g_both"]
