"""Orders and lines count once, however many messages tell of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

SHIRT = {"product_id": "shirt", "price": 20, "quantity": 1}
SOCKS = {"product_id": "socks", "price": 2.5, "quantity": 4}
MINUTE = timedelta(minutes=1)


def order(
    order_id: str, *products: dict[str, Any], event: str = "Order Completed", **columns: Any
) -> dict[str, Any]:
    """One message about an order; keywords that are properties go into the properties."""
    properties: dict[str, Any] = {"order_id": order_id, "currency": "EUR", "products": list(products)}
    for name in ("line_number", "refund_id", "value", "total", "nonce", "currency"):
        if name in columns:
            properties[name] = columns.pop(name)
    at = columns.pop("at", NOON)
    columns.setdefault("guest", f"guest-{order_id}")
    return message(event, at, properties=properties, **columns)


def put_in_cart(**properties: Any) -> dict[str, Any]:
    return message("Product Added", NOON, guest="guest-simple", properties=properties)


SERVER = {"source": "server", "trusted": True, "guest": None, "user": "anna"}


def piece_by_piece(order_id: str, **refund: Any) -> list[dict[str, Any]]:
    """Four pairs of socks, of which one comes back, and another one later."""
    one = {**SOCKS, "quantity": 1}
    return [
        order(order_id, SOCKS),
        *(
            order(order_id, one, event="Order Refunded", at=NOON + MINUTE * n, **SERVER, **refund)
            for n in (1, 2)
        ),
    ]


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    lake.load(
        [
            order("simple", SHIRT, SOCKS),
            order("reloaded", SHIRT, SOCKS),
            order("reloaded", SHIRT, SOCKS, nonce=2, at=NOON + MINUTE),
            order("line by line", SHIRT, line_number=1),
            order("line by line", SOCKS, line_number=2),
            order("line by line", SHIRT, line_number=3),
            order("in parts", SHIRT),
            order("in parts", SOCKS),
            order("twice the same product", SHIRT, SHIRT),
            order("pixel then server", SHIRT),
            order("pixel and server", SHIRT),
            order("pixel and server", {**SHIRT, "price": 18}, SOCKS, **SERVER),
            order("no lines", value=99.5),
            order("a total", total=42.5),
            order("both in one history", SHIRT, source="history", trusted=True, session_token="s1"),
            order(
                "both in one history",
                {**SHIRT, "price": 18},
                **{**SERVER, "source": "history"},
                at=NOON + MINUTE,
            ),
            order("by a bot", SHIRT, is_bot=True),
            order("refunded", SHIRT, SOCKS),
            order("refunded", SOCKS, event="Order Refunded", at=NOON + MINUTE, **SERVER),
            *piece_by_piece("came back in pieces"),
            *piece_by_piece("told twice", refund_id="r1"),
            order("money back", value=30),
            order("money back", value=10, event="Order Refunded", at=NOON + MINUTE, **SERVER),
            order("money back", value=15, event="Order Refunded", at=NOON + 2 * MINUTE, **SERVER),
            order("all came back", SHIRT, SOCKS),
            order("all came back", event="Order Refunded", at=NOON + MINUTE, **SERVER),
            order("a part, then all", SHIRT, SOCKS),
            order("a part, then all", SOCKS, event="Order Refunded", at=NOON + MINUTE, **SERVER),
            order("a part, then all", event="Order Refunded", at=NOON + 2 * MINUTE, **SERVER),
            order("parts and all by id", SHIRT, SOCKS),
            order(
                "parts and all by id", event="Order Refunded", refund_id="whole", at=NOON + MINUTE, **SERVER
            ),
            order("parts and all by id", SOCKS, event="Order Refunded", refund_id="part", at=NOON, **SERVER),
            order(
                "parts and all by id",
                value=5,
                event="Order Refunded",
                refund_id="sum",
                at=NOON + 2 * MINUTE,
                **SERVER,
            ),
            order(
                "parts and all by id", event="Order Refunded", refund_id="z", at=NOON + 3 * MINUTE, **SERVER
            ),
            order("of an order unheard of", event="Order Refunded", at=NOON, **SERVER),
            order("of an order unheard of", SHIRT, event="Order Refunded", at=NOON + MINUTE, **SERVER),
            order("counts its refunds", SHIRT),
            order(
                "counts its refunds",
                value=3,
                event="Order Refunded",
                refund_id="1",
                at=NOON + MINUTE,
                **SERVER,
            ),
            order("price is not a number", {**SHIRT, "price": "n/a"}),
            order("paid in kronor", {**SHIRT, "price": 220}, currency="SEK"),
            order("paid in kronor", SHIRT, **SERVER),
            order("with shipping", SHIRT, SOCKS, value=34.9),
            order("back with shipping", SHIRT, total=24.9),
            order(
                "back with shipping", SHIRT, event="Order Refunded", value=24.9, at=NOON + MINUTE, **SERVER
            ),
            order("server knows better", SHIRT, value=34.9),
            order("server knows better", SHIRT, value=24.9, **SERVER),
            order("stated in kronor", SHIRT, value=240, currency="SEK"),
            order("stated in kronor", SHIRT, **SERVER),
            order("a total in kronor", value=220, currency="SEK"),
            order("a total in kronor", value=20, **SERVER),
            order("only in kronor", {**SHIRT, "price": 220}, currency="SEK"),
            *[put_in_cart(**SHIRT, currency=currency) for currency in ("SEK", "EUR")],
            *[put_in_cart(**SHIRT, currency="EUR", turn=turn) for turn in range(2)],
            put_in_cart(**SHIRT),
            put_in_cart(product_id="shirt", currency="NOK"),
        ]
    )
    warehouse.run("+sessions +product_interactions +visitors +orders")
    lake.load(
        [
            order("pixel then server", {**SHIRT, "price": 19}, **SERVER),
            order("server then pixel", SHIRT, **SERVER),
            order("counts them too", SHIRT),
            order(
                "counts them too", value=4, event="Order Refunded", refund_id="1", at=NOON + MINUTE, **SERVER
            ),
        ]
    )
    warehouse.run("+sessions +product_interactions +visitors +orders")
    lake.load([order("server then pixel", {**SHIRT, "price": 21}, at=NOON + MINUTE)])
    warehouse.run("+sessions +product_interactions +visitors +orders")
    return warehouse


@pytest.mark.parametrize(
    ("order_id", "lines", "revenue"),
    [
        ("simple", 2, "30.00"),
        ("reloaded", 2, "30.00"),
        ("line by line", 3, "50.00"),
        ("in parts", 2, "30.00"),
        ("twice the same product", 2, "40.00"),
        ("pixel and server", 2, "28.00"),
        ("pixel then server", 1, "19.00"),
        ("server then pixel", 1, "20.00"),
        ("no lines", 0, "99.50"),
        ("a total", 0, "42.50"),
        ("both in one history", 1, "18.00"),
        ("refunded", 2, "30.00"),
        ("price is not a number", 1, "0.00"),
    ],
)
def test_each_order_counts_once(warehouse: Warehouse, order_id: str, lines: int, revenue: str) -> None:
    assert warehouse.rows(
        f"select lines, revenue from stg_shop__orders where order_id = '{order_id}' and not is_refund"
    ) == [(lines, Decimal(revenue))]


def test_what_the_shop_states_stands_beside_the_lines(warehouse: Warehouse) -> None:
    """With shipping, of the server first, and in the currency of the lines or not at all."""
    stated = ["no lines", "a total", "with shipping", "back with shipping", "server knows better"]
    names = ", ".join(f"'{name}'" for name in ["simple", "stated in kronor", "money back", *stated])
    assert warehouse.rows(
        "select order_id, is_refund, revenue, stated_value from orders "
        f"where order_id in ({names}) order by order_id, is_refund"
    ) == [
        ("a total", False, Decimal("42.50"), Decimal("42.50")),
        ("back with shipping", False, Decimal("20.00"), Decimal("24.90")),
        ("back with shipping", True, Decimal("-20.00"), Decimal("-24.90")),
        ("money back", False, Decimal("30.00"), Decimal("30.00")),
        ("money back", True, Decimal("-25.00"), Decimal("-25.00")),
        ("no lines", False, Decimal("99.50"), Decimal("99.50")),
        ("server knows better", False, Decimal("20.00"), Decimal("24.90")),
        ("simple", False, Decimal("30.00"), None),
        ("stated in kronor", False, Decimal("20.00"), None),
        ("with shipping", False, Decimal("30.00"), Decimal("34.90")),
    ]


def test_the_currency_is_that_of_the_money(warehouse: Warehouse) -> None:
    """The browser says what the visitor pays in, the server what the shop counts in."""
    assert warehouse.rows(
        "select order_id, revenue, currency from stg_shop__orders where order_id like '%in kronor' order by 1"
    ) == [
        ("a total in kronor", Decimal("20.00"), "EUR"),
        ("only in kronor", Decimal("220.00"), "SEK"),
        ("paid in kronor", Decimal("20.00"), "EUR"),
        ("stated in kronor", Decimal("20.00"), "EUR"),
    ]


def test_several_currencies_are_warned_of(warehouse: Warehouse) -> None:
    ((euros,),) = warehouse.rows("select count(*) from stg_shop__orders where currency = 'EUR'")
    told, counted = warehouse.warnings("orders assert_orders_are_in_one_currency")
    assert told.startswith(f"orders and refunds are in EUR ({euros}), SEK (1), and every sum of revenue adds")
    assert counted == "assert_orders_are_in_one_currency: 2"


def test_carts_in_several_currencies_are_warned_of(warehouse: Warehouse) -> None:
    """What has no currency says nothing, and what has no price adds nothing."""
    told, counted = warehouse.warnings("assert_carts_are_in_one_currency", command="test")
    assert told.startswith(
        "products were put in carts in EUR (3), SEK (1), and cart_value adds their prices up"
    )
    assert counted == "assert_carts_are_in_one_currency: 2"


def test_a_refund_stands_by_itself(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select order_id, quantity, revenue from stg_shop__orders where is_refund order by order_id, order_key"
    ) == [
        ("a part, then all", Decimal("-4.0000"), Decimal("-30.00")),
        ("all came back", Decimal("0.0000"), Decimal("-30.00")),
        ("back with shipping", Decimal("-1.0000"), Decimal("-20.00")),
        ("came back in pieces", Decimal("-2.0000"), Decimal("-5.00")),
        ("counts its refunds", Decimal("0.0000"), Decimal("-3.00")),
        ("counts them too", Decimal("0.0000"), Decimal("-4.00")),
        ("money back", Decimal("0.0000"), Decimal("-25.00")),
        ("of an order unheard of", Decimal("-1.0000"), Decimal("-20.00")),
        ("parts and all by id", Decimal("-4.0000"), Decimal("-10.00")),
        ("parts and all by id", Decimal("0.0000"), Decimal("-5.00")),
        ("parts and all by id", Decimal("0.0000"), Decimal("-15.00")),
        ("parts and all by id", Decimal("0.0000"), Decimal("0.00")),
        ("refunded", Decimal("-4.0000"), Decimal("-10.00")),
        ("told twice", Decimal("-1.0000"), Decimal("-2.50")),
    ]


def test_bots_buy_nothing(warehouse: Warehouse) -> None:
    assert warehouse.rows("select * from stg_shop__orders where order_id = 'by a bot'") == []


@pytest.mark.parametrize(
    "order_id", ["pixel and server", "pixel then server", "server then pixel", "both in one history"]
)
def test_the_session_is_the_pixels(warehouse: Warehouse, order_id: str) -> None:
    assert warehouse.rows(f"select device from stg_shop__orders where order_id = '{order_id}'") == [
        (f"guest-{order_id}",)
    ]
    assert warehouse.rows(f"select orders from int_sessions where device = 'guest-{order_id}'") == [(1,)]


def test_an_order_that_moved_to_the_pixel_left_the_servers_session(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*) from int_sessions where device = 'user:anna'") == [(0,)]
    ((orders,),) = warehouse.rows("select count(*) from stg_shop__orders where not is_refund")
    assert warehouse.rows("select sum(orders) from sessions") == [(orders,)]


def test_what_a_server_tells_is_no_visit(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Webhooks open no session and extend none, whatever the order of arrival; their tokens are no visitors, and
    a refund is its order's buyer's."""
    lake, warehouse = make_warehouse()
    hook = {"source": "shopify", "trusted": True}
    hour = timedelta(hours=1)
    rows = [
        message("Product Viewed", NOON, guest="bridged"),
        order("bridged", SHIRT, guest="bridged", at=NOON + 20 * MINUTE, **hook),
        message("Product Viewed", NOON + 40 * MINUTE, guest="bridged"),
        message("Product Viewed", NOON, guest="late-hook"),
        order("late-hook", SHIRT, guest="late-hook", at=NOON + 5 * hour, **hook),
        order("hook-first", SHIRT, guest="hook-first", at=NOON, **hook),
        message("Product Viewed", NOON + 5 * MINUTE, guest="hook-first"),
        message("Product Viewed", NOON, guest="bought"),
        order("bought", SHIRT, SOCKS, guest="bought", at=NOON + MINUTE),
        order("bought", SHIRT, SOCKS, guest="bought", at=NOON + MINUTE, **hook),
        order("bought", SOCKS, event="Order Refunded", guest="shopify-order-bought", at=NOON + 72 * hour, **hook),
        order("till", SHIRT, guest="shopify-order-till", at=NOON, **hook),
        order("till", SHIRT, event="Order Refunded", guest="shopify-order-till", at=NOON + hour, **hook),
        order("customer", SHIRT, guest="shopify-order-customer", user="7", at=NOON, **hook),
        # a trusted source that names its sessions is a tracker's history, not a server's word
        order("history", SHIRT, guest="history", session_token="s1", **hook),
    ]  # fmt: skip
    select = "+visitors +identity_map +product_interactions +funnel_conversions"
    for part in (rows[::2], rows[1::2]):
        lake.load(part)
        warehouse.run(select)
    assert warehouse.rows(
        "select device, events, orders, cast(epoch(started_at) - epoch(timestamp '2026-03-01 12:00:00') as int), "
        "duration_seconds from sessions order by device, started_at"
    ) == [
        ("bought", 3, 1, 0, 60.0),
        ("bridged", 2, 1, 0, 0.0),
        ("bridged", 1, 0, 2400, 0.0),
        ("history", 1, 1, 0, 0.0),
        ("hook-first", 1, 0, 300, 0.0),
        ("late-hook", 1, 0, 0, 0.0),
    ]
    assert warehouse.rows(
        "select visitor_id, sessions, orders, revenue, last_seen_at from visitors order by 1"
    ) == [
        ("g_bought", 1, 1, Decimal("20.00"), NOON + MINUTE),
        ("g_bridged", 2, 1, Decimal("20.00"), NOON + 40 * MINUTE),
        ("g_history", 1, 1, Decimal("20.00"), NOON),
        ("g_hook-first", 1, 1, Decimal("20.00"), NOON + 5 * MINUTE),
        ("g_late-hook", 1, 1, Decimal("20.00"), NOON),
        ("u_7", 0, 1, Decimal("20.00"), NOON),
    ]
    assert warehouse.rows("select count(*) from identity_map where value like 'shopify-order-%'") == [(0,)]
    # the money stands all the same
    assert warehouse.rows("select count(*), sum(revenue) from stg_shop__orders where not is_refund") == [
        (7, Decimal("150.00"))
    ]
    assert warehouse.rows(
        "select order_id, visitor_id, session_id is null, sum(quantity) from product_interactions "
        "where interaction = 'refund' group by 1, 2, 3 order by 1"
    ) == [
        ("bought", "g_bought", True, Decimal("-4.0000")),
        ("till", "g_shopify-order-till", True, Decimal("-1.0000")),
    ]
    incremental = warehouse.rows("select * exclude (built_at) from int_session_events order by event_id")
    warehouse.run(select, full_refresh=True)
    assert (
        warehouse.rows("select * exclude (built_at) from int_session_events order by event_id") == incremental
    )


def test_purchases_and_refunds_are_interactions(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select interaction, product_id, quantity from product_interactions "
        "where order_id = 'refunded' order by interaction, product_id"
    ) == [
        ("purchase", "shirt", Decimal("1.0000")),
        ("purchase", "socks", Decimal("4.0000")),
        ("refund", "socks", Decimal("-4.0000")),
    ]
