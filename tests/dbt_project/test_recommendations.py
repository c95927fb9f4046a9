"""What a visitor is shown: it follows the newest click, is in stock and not just bought, and says why."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
import scipy.sparse as sp
from dbt_kit import NOON, Lake, Warehouse, message

from orchestration.evaluation.orders import taste
from orchestration.serving.unmatched import unmatched

DAY = timedelta(days=1)
CATALOG = [
    {"product_id": f"{kind}-{number}", "title": f"{kind} {number}", "product_type": kind}
    for kind in ("shirt", "shoe")
    for number in range(6)
]
SIMILAR = [
    {
        "key": f"{kind}-{one}",
        "other": f"{kind}-{other}",
        "rank": other + 1,
        "score": 1 / (other + 2),
        "source": "text",
    }
    for kind in ("shirt", "shoe")
    for one in range(6)
    for other in range(6)
    if one != other
]


def viewed(guest: str, product_id: str, at: Any = NOON, **columns: Any) -> dict[str, Any]:
    return message("Product Viewed", at, guest=guest, properties={"product_id": product_id}, **columns)


def shown(warehouse: Warehouse, visitor_id: str) -> list[tuple[str, str]]:
    """Products of a list, each with its source and the product that led there."""
    return [
        (row[0], row[1])
        for row in warehouse.rows(
            "select product_id, concat_ws(' ', source, seed_product_id) from visitor_recommendations"
            f" where visitor_id = '{visitor_id}' order by rank"
        )
    ]


@pytest.fixture(scope="module")
def line(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> tuple[Lake, Warehouse]:
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    lake.derive("product_similarity", SIMILAR)
    order = {"order_id": "o1", "products": [{"product_id": "shirt-2", "quantity": 1, "price": 10}]}
    lake.load(
        [
            viewed("anna", "shirt-0"),
            viewed("other", "shoe-5"),
            viewed("fred", "shoe-1", NOON - 3 * DAY),
            message("Order Completed", NOON, guest="buyer", properties=order),
            viewed("buyer", "shirt-0"),
            viewed("crawler", "shoe-0", is_bot=True),
            *(
                message(
                    "Product Viewed",
                    at,
                    guest="reader",
                    properties={"product_id": "not-in-the-catalog", "price": price, "currency": currency},
                )
                for at, price, currency in ((NOON - DAY, 220, "SEK"), (NOON, 20, "EUR"))
            ),
        ]
    )
    warehouse.run()
    return lake, warehouse


def test_neighbours_of_the_last_product_come_first_with_what_led_there(line: tuple[Lake, Warehouse]) -> None:
    first = shown(line[1], "g_anna")[:3]
    assert ("shirt-1", "similar_text shirt-0") in first
    assert all(product.startswith("shirt") for product, _ in first)


def test_what_was_just_bought_is_left_out(line: tuple[Lake, Warehouse]) -> None:
    products = [product for product, _ in shown(line[1], "g_buyer")]
    assert products
    assert "shirt-2" not in products


def test_nobody_is_shown_nothing_and_bots_are_nobody(line: tuple[Lake, Warehouse]) -> None:
    visitors = {row[0] for row in line[1].rows("select visitor_id from visitors")}
    assert visitors == {"g_anna", "g_other", "g_fred", "g_buyer", "g_reader"}
    assert {row[0] for row in line[1].rows("select visitor_id from visitor_recommendations")} == visitors


def test_nothing_is_told_of_a_product_outside_the_catalog(line: tuple[Lake, Warehouse]) -> None:
    assert line[1].rows(
        "select title, price, currency, is_available, is_in_catalog from products "
        "where product_id = 'not-in-the-catalog'"
    ) == [("not-in-the-catalog", None, None, False, False)]


def test_new_clicks_change_the_list_and_only_theirs(line: tuple[Lake, Warehouse]) -> None:
    """What the fast lane does: an increment of the models tagged fast."""
    lake, warehouse = line
    before = {visitor: shown(warehouse, visitor) for visitor in ("g_anna", "g_other")}
    lake.load([viewed("anna", f"shoe-{number}", NOON + timedelta(minutes=number + 1)) for number in range(3)])
    warehouse.run("tag:fast")
    after = shown(warehouse, "g_anna")
    assert after != before["g_anna"]
    assert [product for product, _ in after[:4] if product.startswith("shoe")]
    assert "similar_text shoe-2" in {why for _, why in after[:5]}
    assert shown(warehouse, "g_other") == before["g_other"]


def test_who_logs_in_takes_the_guests_clicks_along(line: tuple[Lake, Warehouse]) -> None:
    lake, warehouse = line
    lake.load([message("Signed In", NOON + DAY, guest="fred", user="fred@shop")])
    warehouse.run("tag:fast")
    assert ("shoe-0", "similar_text shoe-1") in shown(warehouse, "u_fred@shop")
    assert shown(warehouse, "g_fred") == []


def test_what_is_out_of_stock_or_withdrawn_is_shown_to_nobody(line: tuple[Lake, Warehouse]) -> None:
    lake, warehouse = line
    left = [
        {**product, "available": product["product_id"] != "shirt-1"}
        for product in CATALOG
        if product["product_id"] != "shoe-3"
    ]
    lake.catalog(left, captured_at=NOON + DAY)
    warehouse.run("tag:fast")
    for table in ("visitor_recommendations", "trending_products"):
        assert warehouse.rows(f"select * from {table} where product_id in ('shirt-1', 'shoe-3')") == []


def test_a_list_that_came_out_empty_is_no_list(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """A shop of two products sells one to somebody, and then has none left."""
    lake, warehouse = make_warehouse()

    def lists() -> list[tuple[Any, ...]]:
        return warehouse.rows("select visitor_id, product_id from visitor_recommendations order by all")

    stock = [{"product_id": "kettle"}, {"product_id": "cup", "available": False}]
    lake.catalog(stock)
    lake.load([viewed("buyer", "kettle"), viewed("looker", "kettle")])
    select = "+visitor_recommendations"
    warehouse.run(select)
    assert lists() == [("g_buyer", "kettle"), ("g_looker", "kettle")]
    order = {"order_id": "o1", "products": [{"product_id": "kettle", "quantity": 1, "price": 10}]}
    lake.load([message("Order Completed", NOON, guest="buyer", properties=order)])
    warehouse.run(select)
    assert lists() == [("g_looker", "kettle")]
    lake.catalog([{**each, "available": False} for each in stock], captured_at=NOON + DAY)
    warehouse.run(select)
    assert lists() == []


@pytest.mark.parametrize(("ids", "is_quiet"), [(["shirt-1", "shirt-2"], True), (["7001", "7002"], False)])
def test_a_catalog_that_calls_products_by_other_names_is_warned_of(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], ids: list[str], is_quiet: bool
) -> None:
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    lake.load([viewed("reader", product_id) for product_id in ids])
    warehouse.run("+products +int_as_of")
    test = ("test", "--select", "assert_the_catalog_knows_what_visitors_see", "--warn-error")
    if is_quiet:
        warehouse.dbt(*test)
    else:
        with pytest.raises(pytest.fail.Exception, match="assert_the_catalog_knows"):
            warehouse.dbt(*test)


def test_what_no_catalog_has_is_listed_with_what_it_looks_like(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    variants = '[{"variant_id": "v-77", "sku": "WJ/M"}]'
    lake.catalog([{**CATALOG[0], "handle": "wool-jumper", "variants": variants}, *CATALOG[1:]])
    ids = ["shirt-1", "SHOE_2", "Wool Jumper", "wj-m", "V77", "gid://shop/shirt/shoe-9", "item-v77", "other"]
    lake.load([viewed("reader", product_id) for product_id in ids])
    warehouse.run("+unmatched_products")
    columns = "product_id, candidate_product_id, candidate_kind, candidate_name"
    assert warehouse.rows(f"select {columns} from unmatched_products order by product_id") == [
        ("SHOE_2", "shoe-2", "id", "shoe-2"),
        ("V77", "shirt-0", "variant id", "v-77"),
        ("Wool Jumper", "shirt-0", "handle", "wool-jumper"),
        ("gid://shop/shirt/shoe-9", None, None, None),
        ("item-v77", "shirt-0", "variant id", "v-77"),
        ("other", None, None, None),
        ("wj-m", "shirt-0", "sku", "WJ/M"),
    ]
    with duckdb.connect(str(warehouse.data / "warehouse.duckdb"), read_only=True) as connection:
        found = unmatched(connection)
    assert str(found) == (
        "7 of 8 products seen within 30 days are in no catalogue: 'SHOE_2' looks like id 'shoe-2'"
    )


def test_neighbours_lend_their_products(line: tuple[Lake, Warehouse]) -> None:
    """Neighbours are rebuilt for everybody: who has news since the last ones gets a list of their products without
    another click, the others when theirs is a day old.
    """
    lake, warehouse = line
    shared = {"rank": 1, "score": 1.0, "source": "blend", "shared": ["shirt-0"]}
    pairs = [{"key": key, "other": "g_buyer", **shared} for key in ("g_fred", "g_other")]
    lists = "select visitor_id, max(inputs_at) from visitor_recommendations group by 1"
    [(known,)] = warehouse.rows("select max(staged_at) from int_changed_visitors")
    lake.derive("visitor_affinity", pairs[:1], computed_at=known)
    warehouse.run("tag:fast")
    lake.load([viewed("other", "shoe-4")])
    warehouse.run("tag:fast")
    before = dict(warehouse.rows(lists))
    assert set(before.values()) == {known}
    # An hour: no list is a day old by what it was made from.
    now = known + timedelta(hours=1)
    lake.derive("visitor_affinity", pairs, computed_at=now)
    warehouse.run("tag:fast visitor_affinity")
    after = dict(warehouse.rows(lists))
    assert {visitor for visitor in after if after[visitor] != before[visitor]} == {"g_other"}
    assert ("shirt-0", "similar_visitors") in shown(warehouse, "g_other")
    assert warehouse.rows("select visitor_id, other_visitor_id, rank, shared from visitor_affinity order by 1") == [
        ("g_fred", "g_buyer", 1, ["shirt-0"]), ("g_other", "g_buyer", 1, ["shirt-0"])
    ]  # fmt: skip
    lake.derive("visitor_affinity", pairs, computed_at=now + 2 * DAY)
    warehouse.run("tag:fast")
    assert set(dict(warehouse.rows(lists)).values()) == {now + 2 * DAY}, "a day later everybody's list is due"


def test_another_text_of_a_product_reaches_those_who_looked_at_it(line: tuple[Lake, Warehouse]) -> None:
    lake, warehouse = line
    [(latest,)] = warehouse.rows("select max(inputs_at) from visitor_recommendations")
    seen = set(warehouse.rows("select visitor_id from visitor_product_affinity where product_id = 'shoe-5'"))
    rows = [row for row in SIMILAR if row["key"] == "shoe-5"]
    lake.derive("product_similarity", rows, computed_at=latest + timedelta(hours=1))
    warehouse.run("tag:fast")
    found = warehouse.rows(
        f"select distinct visitor_id from visitor_recommendations where inputs_at > timestamp '{latest}'"
    )
    assert set(found) == seen != set()


def test_lists_follow_their_rules(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """An increment by other weights makes everybody's list again, also of who did nothing since; and then no more."""
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    lake.derive("product_similarity", SIMILAR)
    lake.load(
        [viewed("anna", "shirt-0"), viewed("other", "shoe-5"), viewed("fred", "shoe-1", NOON - 3 * DAY)]
    )
    warehouse.run()
    lists = "select visitor_id, rank, product_id, round(score, 9), inputs_at from visitor_recommendations order by 1, 2"
    before = warehouse.rows(lists)
    warehouse.run("visitor_recommendations")
    assert warehouse.rows(lists) == before
    weights = dict.fromkeys(("taste", "new_products", "similar_visitors", "viewed_together"), 0.1)
    weights |= dict.fromkeys(("bought_together", "similar_text", "trending_in_category", "trending"), 1.0)
    found = before
    for rules in ({"rrf_weights": weights}, {"affinity_view_weight": 9, "recommendation_top_k": 2}):
        warehouse.run("+visitor_recommendations", variables=rules)
        assert warehouse.rows(lists) != found
        found = warehouse.rows(lists)
        warehouse.run("visitor_recommendations", variables=rules, full_refresh=True)
        assert warehouse.rows(lists) == found


def test_pairs_need_support_and_know_no_wholesalers(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()

    def basket(order_id: str, *product_ids: str) -> dict[str, Any]:
        products = [{"product_id": product_id, "quantity": 1, "price": 1} for product_id in product_ids]
        return message(
            "Order Completed", NOON, guest=order_id, properties={"order_id": order_id, "products": products}
        )

    lake.load(
        [
            *[basket(f"often-{number}", "tea", "pot") for number in range(6)],
            *[basket(f"rare-{number}", "left sock", "right sock") for number in range(2)],
            basket("once", "tea", "hat"),
            *[
                basket(f"wholesaler-{number}", "tea", *[f"item-{n}" for n in range(10)])
                for number in range(3)
            ],
        ]
    )
    warehouse.run("+product_recommendations", variables={"pair_max_basket_products": 10})
    pairs = {
        (row[0], row[1]): (row[2], row[3])
        for row in warehouse.rows(
            "select product_id, other_product_id, support, score from product_co_purchases"
        )
    }
    assert set(pairs) == {
        ("tea", "pot"), ("pot", "tea"), ("left sock", "right sock"), ("right sock", "left sock"),
    }  # fmt: skip
    assert pairs["tea", "pot"] == (6, pytest.approx(6 / (7 * 6) ** 0.5 * 6 / 11))
    # a perfect cosine seen twice does not beat a good one seen six times
    assert pairs["left sock", "right sock"] == (2, pytest.approx(2 / 7))
    assert pairs["left sock", "right sock"][1] < pairs["tea", "pot"][1]


def test_session_products_stand_in_the_order_of_the_clicks(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    minute = timedelta(minutes=1)
    lake.load(
        [
            viewed("anna", "tea", NOON + 2 * minute),
            message("Product Added", NOON + 3 * minute, guest="anna", properties={"product_id": "tea"}),
            viewed("anna", "pot", NOON),
            viewed("anna", "hat", NOON + 3 * timedelta(hours=1)),  # another session, with one product
            viewed("one-product-twice", "tea"),
            viewed("one-product-twice", "tea", NOON + minute),
            *[viewed("crawler-unnamed", f"item-{n}", NOON + n * minute) for n in range(4)],
            viewed("crawler", "tea", is_bot=True),
            viewed("crawler", "pot", is_bot=True),
        ]
    )
    warehouse.run("+session_products", variables={"pair_max_session_products": 3})
    assert warehouse.rows("select product_id, place, ended_at from session_products order by place") == [
        ("pot", 1, NOON + 3 * minute), ("tea", 2, NOON + 3 * minute), ("tea", 3, NOON + 3 * minute),
    ]  # fmt: skip


def test_taste_is_what_the_evaluation_measures(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Own history and what others like who like the same: the mart's order is that of ``evaluation.orders.taste``."""
    dice = random.Random(3)
    goods = [f"p{number:02d}" for number in range(30)]
    lake, warehouse = make_warehouse()
    lake.catalog([{"product_id": product, "title": product, "product_type": "all"} for product in goods])
    pairs = {
        (one, other): round(dice.random(), 9)
        for one in goods
        for other in dice.sample(goods, 6)
        if one != other
    }
    ranks = {one: sorted((o for k, o in pairs if k == one), key=lambda o: -pairs[one, o]) for one in goods}
    lake.derive(
        "product_also_liked",
        [
            {
                "key": one,
                "other": other,
                "rank": ranks[one].index(other) + 1,
                "score": score,
                "source": "ease",
            }
            for (one, other), score in pairs.items()
        ],
    )
    minutes = iter(range(10_000))
    lake.load(
        viewed(f"g{guest}", product, NOON + timedelta(minutes=next(minutes)))
        for guest in range(12)
        for product in dice.sample(goods, dice.randrange(1, 12))
    )
    limit, discovery = 7, 0.65
    blend = {
        **dict.fromkeys(("similar_visitors", "viewed_together", "bought_together", "similar_text"), 0.0),
        "taste": 1.0,
        "new_products": 0.0,
        "trending_in_category": 0.0,
        "trending": 0.0,
    }
    warehouse.run(variables={"taste_products": limit, "taste_discovery": discovery, "rrf_weights": blend})
    number = {product: place for place, product in enumerate(goods)}
    matrix = sp.csr_matrix(
        (list(pairs.values()), ([number[one] for one, _ in pairs], [number[other] for _, other in pairs])),
        shape=(30, 30),
    )
    for guest in range(12):
        own = warehouse.rows(
            f"select product_id, affinity from visitor_product_affinity where visitor_id = 'g_g{guest}'"
            " order by last_at desc"
        )
        affinity = np.zeros(30)
        affinity[[number[product] for product, _ in own]] = [value / 10 for _, value in own]
        newest = [number[product] for product, _ in own[:limit]]
        mine, liked = taste(sp.csr_matrix(affinity), {0: newest}, matrix, discovery)(0)
        scores = mine + liked
        expected = sorted(
            (n for n in range(30) if scores[n] > 0), key=lambda n: (-np.float32(scores[n]), goods[n])
        )
        rows = warehouse.rows(
            "select product_id, source, is_new from visitor_recommendations"
            f" where visitor_id = 'g_g{guest}' and source in ('affinity', 'also_liked') order by rank"
        )
        assert [number[product] for product, _, _ in rows] == expected
        for product, source, is_new in rows:
            place = number[product]
            assert source == ("affinity" if mine[place] >= liked[place] else "also_liked")
            assert is_new == (mine[place] == 0)


def test_new_products_are_shown_to_those_who_like_their_text(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """What nobody is known to like stands in front where a text speaks for it; what is known waits for its turn."""
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    lake.derive("product_similarity", SIMILAR)
    lake.derive(
        "product_also_liked",
        [
            {"key": one, "other": other, "rank": 1, "score": 0.5, "source": "ease"}
            for one, other in [("shirt-0", "shoe-0"), ("shoe-0", "shirt-0"), ("shirt-1", "shoe-1")]
        ],
    )
    lake.load([viewed("anna", "shirt-0")])
    warehouse.run()
    led_by = dict(shown(warehouse, "g_anna"))
    assert led_by["shoe-0"] == "also_liked shirt-0"
    products = [product for product, _ in shown(warehouse, "g_anna")]
    # shirt-1 is nearest by its text, and known; the others are new
    assert products.index("shirt-2") < products.index("shirt-1")
    assert led_by["shirt-2"] == "similar_text shirt-0"
