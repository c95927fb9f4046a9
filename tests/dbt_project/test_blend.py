"""Everybody's list is what plain Python blends of the same marts: six lists and taste, each cut at its best, fused by
reciprocal rank, of a shop where much ties, is sold out or was bought a moment ago."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from dbt_kit import NOON, Lake, Warehouse, message

GOODS = [f"p{number:02d}" for number in range(40)]
TOP = 6
SEEDS, TASTE_PRODUCTS, DISCOVERY = 5, 50, 0.65
#: So near to one another that each source leads somewhere.
WEIGHTS = {
    "taste": 0.95, "new_products": 0.85, "similar_visitors": 0.75, "viewed_together": 0.8, "bought_together": 0.95,
    "similar_text": 0.8, "trending_in_category": 0.9, "trending": 0.95,
}  # fmt: skip
RULES = {"recommendation_top_k": TOP, "rrf_weights": WEIGHTS, "recommendation_max_age_hours": 0}
#: Of two that contribute the same the first leads.
SOURCES = sorted([*(set(WEIGHTS) - {"taste", "new_products"}), "affinity", "also_liked"])
Scored = dict[str, tuple[float, str | None]]


@dataclass
class Shop:
    """What lists are made of, read from the marts; pairs are (other product, score) by product."""

    available: set[str]
    pairs: dict[str, dict[str, list[tuple[str, float]]]]
    trending: dict[str, list[tuple[str, int]]]
    own: dict[str, list[tuple[str, float, bool, bool, datetime]]]
    categories: dict[str, list[tuple[str, float]]]
    just_bought: dict[str, set[str]]
    neighbours: dict[str, list[tuple[str, float]]] = field(default_factory=dict)


def best_first(scored: Scored) -> list[str]:
    """Products by score in single precision, of equal ones the first by its name."""
    return sorted(scored, key=lambda product: (-np.float32(scored[product][0]), product))


def summed(parts: Iterable[tuple[str, float, str | None]]) -> Scored:
    """(product, part, seed) added up by product, with the seed of the greatest part."""
    found: dict[str, list[tuple[float, str | None]]] = defaultdict(list)
    for product, part, seed in parts:
        found[product].append((part, seed))
    return {
        product: (sum(part for part, _ in each), max(each, key=lambda pair: pair[0])[1])
        for product, each in found.items()
    }


def lists_of(shop: Shop, visitor: str) -> dict[str, Scored]:
    """The lists but taste."""
    own = sorted(shop.own[visitor], key=lambda row: (-row[4].timestamp(), -np.float32(row[1]), row[0]))
    seeds = [(row[0], 0.6**place, row[2] or row[3]) for place, row in enumerate(own[:SEEDS])]
    return {
        **{
            name: summed(
                (other, weight * score, seed)
                for seed, weight, is_wanted in seeds
                for other, score in shop.pairs[name].get(seed, [])
                if is_wanted or name != "bought_together"
            )
            for name in ("similar_text", "viewed_together", "bought_together")
        },
        "similar_visitors": summed(
            (row[0], score * row[1], None)
            for other, score in shop.neighbours.get(visitor, [])
            for row in shop.own.get(other, [])
            if row[1] > 0
        ),
        "trending": {product: (1 / rank, None) for product, rank in shop.trending[""]},
        "trending_in_category": {
            product: (affinity / rank, None)
            for category, affinity in shop.categories.get(visitor, [])
            for product, rank in shop.trending.get(category, [])
        },
    }


def taste_of(shop: Shop, visitor: str) -> tuple[Scored, dict[str, str], set[str]]:
    """Scores with seeds, which of the two sources each is of, and who is new."""
    own = sorted(shop.own[visitor], key=lambda row: (-row[4].timestamp(), -np.float32(row[1]), row[0]))
    affinity = {row[0]: row[1] for row in own if row[1] > 0}
    parts = [
        (other, round(score * 10**9), row[0])
        for row in own[:TASTE_PRODUCTS]
        if row[1] > 0
        for other, score in shop.pairs["also_liked"].get(row[0], [])
    ]
    liked: dict[str, int] = defaultdict(int)
    through: dict[str, tuple[int, str]] = {}
    for other, part, seed in sorted(parts, key=lambda row: (row[1], [-ord(letter) for letter in row[2]])):
        liked[other] += part
        through[other] = (part, seed)
    most = max(liked.values(), default=0)
    scored: Scored = {}
    source = {}
    for product in affinity.keys() | liked.keys():
        mine = math.log(1 + affinity.get(product, 0) / 10)
        others = DISCOVERY * liked[product] / max(most, 1)
        source[product] = "affinity" if mine >= others else "also_liked"
        scored[product] = (mine + others, through[product][1] if mine < others else None)
    return scored, source, scored.keys() - affinity.keys()


def blend(shop: Shop, visitor: str) -> list[tuple[str, str, str | None, bool]]:
    """(product, source, seed, is new) of a list, the best first."""
    known = set(shop.pairs["also_liked"])

    def offered(scored: Scored) -> list[str]:
        bought = shop.just_bought.get(visitor, set())
        return [product for product in best_first(scored) if product in shop.available - bought]

    contributions: dict[str, list[tuple[int, str, str | None]]] = defaultdict(list)

    def add(product: str, weight: float, rank: int, source: str, seed: str | None) -> None:
        contributions[product].append((math.floor(weight * 10**12 / (60 + rank)), source, seed))

    for name, scored in lists_of(shop, visitor).items():
        for rank, product in enumerate(offered(scored)[:TOP], 1):
            is_new = name == "similar_text" and product not in known
            add(product, WEIGHTS["new_products" if is_new else name], rank, name, scored[product][1])
    tastes, source, new = taste_of(shop, visitor)
    places = {True: 0, False: 0}
    for rank, product in enumerate(offered(tastes), 1):
        places[product in new] += 1
        if places[product in new] <= TOP:
            add(product, WEIGHTS["taste"], rank, source[product], tastes[product][1])
    ranked = sorted(
        contributions, key=lambda product: (-sum(row[0] for row in contributions[product]), product)
    )
    seen = {row[0]: row for row in shop.own[visitor]}
    fresh = [product for product in ranked if product not in seen]
    kept = set(ranked[:TOP]) | set(fresh[:TOP])
    rows = []
    for product in ranked:
        if product in kept:
            _, name, seed = max(contributions[product], key=lambda row: (row[0], -SOURCES.index(row[1])))
            if name == "affinity" and seen[product][1] > 0 and seen[product][3]:
                name = "bought_before"
            rows.append((product, name, seed, product not in seen))
    return rows


def clicks(dice: random.Random, guests: Iterable[int], start: datetime, most: int) -> list[dict[str, Any]]:
    """Looks, carts and orders; moments of five minutes, so that much happens at once."""
    rows = []
    for guest in guests:
        for _ in range(dice.randrange(1, most)):
            at = start + timedelta(minutes=5 * dice.randrange(40))
            product = dice.choice(GOODS)
            if dice.random() < 0.15:
                lines = [{"product_id": dice.choice(GOODS), "quantity": 1, "price": 5} for _ in range(3)]
                order = {"order_id": f"o{guest}-{at}", "products": lines}
                rows.append(message("Order Completed", at, guest=f"g{guest}", properties=order))
            else:
                event = dice.choice(["Product Viewed", "Product Viewed", "Product Added", "Product Removed"])
                rows.append(message(event, at, guest=f"g{guest}", properties={"product_id": product}))
    return rows


def derived(dice: random.Random, keys: list[str], source: str) -> list[dict[str, Any]]:
    """Neighbours of each key; scores of three values, so that many tie."""
    return [
        {"key": key, "other": other, "rank": place, "score": dice.choice([0.5, 0.25, 0.75]), "source": source}
        for key in keys
        for place, other in enumerate(dice.sample([one for one in keys if one != key], 6), 1)
    ]


def read_shop(warehouse: Warehouse) -> Shop:
    def grouped(sql: str) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for key, *rest in warehouse.rows(sql):
            found[key].append(tuple(rest))
        return found

    pairs = {
        "similar_text": "select product_id, other_product_id, similarity from stg_derived__product_similarity"
        f" where similarity_rank <= {TOP}",
        "viewed_together": "select product_id, other_product_id, score from product_co_views",
        "bought_together": "select product_id, other_product_id, score from product_co_purchases",
        "also_liked": "select product_id, other_product_id, score from stg_derived__product_also_liked",
    }
    bought = grouped("""
        select visitor_id, product_id from int_visitor_product_days cross join int_as_of
        where purchases > 0 and last_purchase_at >= as_of - interval 14 days
    """)
    return Shop(
        available={row[0] for row in warehouse.rows("select product_id from products where is_available")},
        pairs={name: grouped(sql) for name, sql in pairs.items()},
        trending=grouped(f"select category, product_id, rank from trending_products where rank <= {TOP}"),
        own=grouped("""
            select visitor_id, product_id, affinity, carts > 0, has_purchased, last_at from visitor_product_affinity
        """),
        categories=grouped(
            "select visitor_id, category, affinity from visitor_category_affinity where rank <= 3 and affinity > 0"
        ),
        just_bought={visitor: {row[0] for row in rows} for visitor, rows in bought.items()},
        neighbours=grouped(
            "select visitor_id, other_visitor_id, affinity from stg_derived__visitor_affinity where source = 'blend'"
        ),
    )


def test_lists_are_what_python_blends(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Built from nothing, and after an increment of some visitors a month later."""
    dice = random.Random(11)
    lake, warehouse = make_warehouse()
    lake.catalog(
        {"product_id": one, "product_type": f"type {n % 4}", "available": n % 7 > 0}
        for n, one in enumerate(GOODS)
    )
    lake.derive("product_similarity", derived(dice, GOODS, "text"))
    lake.derive("product_also_liked", derived(dice, GOODS[:25], "ease"))
    lake.derive("visitor_affinity", derived(dice, [f"g_g{n}" for n in range(25)], "blend"))
    lake.load(clicks(dice, range(30), NOON, 25))
    sources: set[str] = set()
    for batch in range(2):
        warehouse.run("+visitor_recommendations", variables=RULES)
        shop = read_shop(warehouse)
        found: dict[str, list[Any]] = defaultdict(list)
        for visitor, *row in warehouse.rows(
            "select visitor_id, product_id, source, seed_product_id, is_new from visitor_recommendations order by rank"
        ):
            found[visitor].append(tuple(row))
        assert set(found) == {f"g_g{n}" for n in range(30)}
        assert found == {visitor: blend(shop, visitor) for visitor in found}, batch
        sources |= {row[1] for rows in found.values() for row in rows}
        lake.load(clicks(dice, range(0, 30, 3), NOON + timedelta(days=30), 12))
    assert sources == {*SOURCES, "bought_before"}
