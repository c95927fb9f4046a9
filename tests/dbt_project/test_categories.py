"""How much visitors are drawn to a product type, summed again only for whom it may be another sum: after every run it
is what plain Python adds up of the products' affinities, also where a product's type changed and nobody clicked."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from dbt_kit import NOON, Lake, Warehouse, message

SELECT = "+visitor_category_affinity +visitor_product_affinity"
GOODS = [f"p{number}" for number in range(12)]
TYPES = ["hats", "shoes", "tea"]
DAY = timedelta(days=1)
Rows = list[tuple[Any, ...]]


def catalog(dice: random.Random) -> list[dict[str, Any]]:
    """Types at random: a product may have none, or be in no catalog."""
    return [
        {"product_id": product, "product_type": dice.choice([*TYPES, None])}
        for product in GOODS
        if dice.random() < 0.8
    ]


def clicks(
    dice: random.Random,
    guests: Sequence[int],
    day: int,
    pages: Sequence[str] = ("toys",),
    **columns: Any,
) -> list[dict[str, Any]]:
    """What they looked at and put in the cart; pages call products by a category of their own."""
    return [
        message(
            dice.choice(["Product Viewed", "Product Added", "Product Removed"]),
            NOON + day * DAY + timedelta(minutes=dice.randrange(600)),
            guest=f"g{guest}",
            trusted=True,
            properties={"product_id": dice.choice(GOODS), "category": dice.choice(pages)},
            **columns,
        )
        for guest in guests
        for _ in range(6)
    ]


def affinities(warehouse: Warehouse) -> dict[tuple[str, str], tuple[float, int]]:
    """Affinity and rank by visitor and type, found equal to what Python adds up."""
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for visitor, category, affinity in warehouse.rows("""
        select visitor_id, product_type, affinity
        from visitor_product_affinity inner join products using (product_id)
        where product_type is not null
    """):
        expected[visitor, category] += affinity
    rows = warehouse.rows(
        "select visitor_id, category, affinity, rank from visitor_category_affinity order by visitor_id, rank"
    )
    found = {(visitor, category): (affinity, rank) for visitor, category, affinity, rank in rows}
    assert {key: affinity for key, (affinity, _) in found.items()} == pytest.approx(dict(expected), abs=1e-8)
    by_visitor: dict[str, Rows] = defaultdict(list)
    for visitor, _, affinity, rank in rows:
        by_visitor[visitor].append((rank, affinity))
    for ranked in by_visitor.values():
        assert [rank for rank, _ in ranked] == list(range(1, len(ranked) + 1))
        scores = [np.float32(affinity) for _, affinity in ranked]
        assert scores == sorted(scores, reverse=True)
    return found


def test_sums_follow_clicks_and_types(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    dice = random.Random(1)
    lake, warehouse = make_warehouse()
    lake.catalog(catalog(dice))
    lake.load(clicks(dice, range(20), 0))
    warehouse.run(SELECT)
    before = affinities(warehouse)
    assert len({category for _, category in before}) == 4

    # another catalog, and nobody clicked
    lake.catalog(catalog(dice), captured_at=NOON + DAY)
    warehouse.run(SELECT)
    after = affinities(warehouse)
    assert after != before

    # clicks of a few, one of them by a clock that runs ahead, on pages that call products otherwise for everybody
    lake.load(clicks(dice, [0, 1] * 15, 2, ["hats"]) + clicks(dice, [2], 300, clock_flag="ahead"))
    warehouse.run(SELECT)
    before = affinities(warehouse)
    others = {key for key in after.keys() & before.keys() if key[0] not in ("g_g0", "g_g1", "g_g2")}
    assert {key for key in others if after[key][0] < before[key][0]}, "a type gained what another one lost"

    # both at once; who clicked ahead of time is still ahead
    lake.catalog(catalog(dice), captured_at=NOON + 2 * DAY)
    lake.load(clicks(dice, [3, 4], 30))
    warehouse.run(SELECT)
    affinities(warehouse)
    lake.load(clicks(dice, [5], 400))
    warehouse.run(SELECT)
    affinities(warehouse)

    other_rules = {"affinity_half_life_days": 9, "affinity_cart_weight": 7}
    warehouse.run(SELECT, variables=other_rules)
    incremental = affinities(warehouse)
    warehouse.run(SELECT, variables=other_rules, full_refresh=True)
    refreshed = affinities(warehouse)
    assert {key: rank for key, (_, rank) in incremental.items()} == {
        key: rank for key, (_, rank) in refreshed.items()
    }


def test_what_is_the_same_is_left_alone(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """A catalog that calls nothing otherwise sums nobody again, one that does only those with that product."""
    lake, warehouse = make_warehouse()
    products = [{"product_id": product, "product_type": "hats"} for product in GOODS]
    lake.catalog(products)
    lake.load(
        message("Product Viewed", NOON, guest=f"g{n}", properties={"product_id": GOODS[n]}) for n in range(3)
    )
    warehouse.run(SELECT)

    def typed_at() -> dict[str, Any]:
        return dict(
            warehouse.rows("select visitor_id, max(typed_at) from int_visitor_category_scores group by 1")
        )

    before = typed_at()
    lake.catalog(products, captured_at=NOON + DAY)
    warehouse.run(SELECT)
    assert typed_at() == before
    lake.catalog([{**products[0], "product_type": "caps"}, *products[1:]], captured_at=NOON + 2 * DAY)
    warehouse.run(SELECT)
    after = typed_at()
    assert {visitor for visitor in after if after[visitor] != before[visitor]} == {"g_g0"}
    assert affinities(warehouse).keys() == {("g_g0", "caps"), ("g_g1", "hats"), ("g_g2", "hats")}


def test_a_type_in_several_spellings_is_one(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Written as most of its products write it, also once most of them write it another way."""
    lake, warehouse = make_warehouse()
    spelled = ["Trail Shoes", "Trail Shoes", "trail  shoes ", "TRAIL SHOES", None]
    lake.catalog({"product_id": GOODS[n], "product_type": each} for n, each in enumerate(spelled))
    lake.load(
        message(
            "Product Viewed",
            NOON + timedelta(minutes=n),
            guest=f"g{n % 2}",
            properties={"product_id": GOODS[n], "category": "trail shoes" if n == 4 else None},
            trusted=True,
        )
        for n in range(6)
    )

    def types() -> dict[str, str]:
        rows = warehouse.rows("select product_id, product_type from products where product_type is not null")
        assert len({category for _, category in affinities(warehouse)}) == 1
        placed = warehouse.rows("select category, product_id from trending_products where category <> ''")
        assert sorted(placed) == sorted((kind, product) for product, kind in rows)
        return dict(rows)

    warehouse.run(f"{SELECT} +trending_products")
    assert types() == dict.fromkeys(GOODS[:5], "Trail Shoes")
    spelled = ["TRAIL SHOES", "TRAIL SHOES", "TRAIL SHOES", "Trail Shoes", None]
    catalog = [{"product_id": GOODS[n], "product_type": each} for n, each in enumerate(spelled)]
    lake.catalog(catalog, captured_at=NOON + DAY)
    warehouse.run(f"{SELECT} +trending_products")
    assert types() == dict.fromkeys(GOODS[:5], "TRAIL SHOES")
