"""Numbers that the wire would refuse today, and the largest that it accepts, in the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

from footfall.wire.schema import DIGITS

MAKE = Callable[[], tuple[Lake, Warehouse]]
STAGED = {
    "price": "price",
    "value": "order_value",
    "quantity": "quantity",
    "line_number": "line_number",
    "position": "list_position",
    "results_count": "search_results",
    "field_order": "form_field_order",
    "ms_spent": "form_ms_spent",
    "engaged_ms": "engaged_ms",
    "scroll_depth": "scroll_depth",
}
OLD = [
    10**11,
    10**14 - 1,
    10**18,
    2**63,
    10**400,
    "1e17",
    "9" * 40,
    "1e999999999",
    "-1e300",
    "NaN",
    "inf",
    "x",
]


def order(
    order_id: str, properties: dict[str, Any], event: str = "Order Completed", **about: Any
) -> dict[str, Any]:
    return message(event, NOON, properties={"order_id": order_id, "currency": "IRR"} | properties, **about)


def of_orders(built: Warehouse, model: str, column: str, name: str) -> list[Any]:
    named = f"order_id like 'Order Completed {name} %'"
    return [value for (value,) in built.rows(f"select {column} from {model} where {named} order by order_id")]


@pytest.fixture(scope="module")
def built(make_warehouse: MAKE) -> Warehouse:
    lake, warehouse = make_warehouse()
    rows = []
    for name, digits in DIGITS.items():
        for at, value in enumerate(
            (10**digits - 1, 1 - 10**digits, str(10**digits - 1), 10**digits, f"-1e{digits}")
        ):
            for event in ("Product Added", "Order Completed"):
                line = {"product_id": "p", name: value}
                lines = [line] if name in ("price", "quantity", "line_number") else []
                told = line | {"products": lines, "order_id": f"{event} {name} {at}"}
                rows.append(
                    message(
                        event, NOON, guest=f"{name} {at}", message_id=f"{event} {name} {at}", properties=told
                    )
                )
    old = [
        {"product_id": f"p{number % 3}", **dict.fromkeys(DIGITS, value)} for number, value in enumerate(OLD)
    ]
    for number, line in enumerate(old):
        for event in ("Order Completed", "Order Refunded", "Product Added", "Product Removed", "Page Left"):
            told = line | {"products": old, "order_id": f"old {number}"}
            rows.append(message(event, NOON, guest=f"old {number}", properties=told))
    largest = {"price": 10**12 - 1, "quantity": 10**6 - 1, "product_id": "huge"}
    for number in range(200):
        guest = f"rich {number}"
        rows.append(order(f"stated {number}", {"value": 10**12 - 1, "discount": 10**12 - 1}, guest=guest))
        rows.append(order(f"huge {number}", {"products": [largest] * 20}, guest="rich"))
        rows.append(message("Product Added", NOON, guest="cart", message_id=str(number), properties=largest))
    lake.load(rows)
    lake.catalog([{"product_id": "huge"}])
    warehouse.run()
    return warehouse


@pytest.mark.parametrize("name", [*STAGED])
def test_staging_has_the_digits_of_the_wire(built: Warehouse, name: str) -> None:
    """The bound stands in two languages: this holds them together."""
    staged = built.rows(
        f"select guest_token, {STAGED[name]} from stg_footfall__events"
        f" where guest_token like '{name} %' and event = 'Product Added' order by guest_token"
    )
    most = 10 ** DIGITS[name] - 1
    assert [value for _, value in staged] == [most, -most, most, None, None]


def test_money_that_only_orders_tell_has_them_too(built: Warehouse) -> None:
    most = 10**12 - 1
    for name, column, told in (
        ("total", "revenue", [most, -most, most, 0, 0]),
        ("revenue", "revenue", [most, -most, most, 0, 0]),
        ("discount", "discount", [most, most, most, None, None]),
    ):
        assert of_orders(built, "stg_shop__orders", column, name) == told
    for name, column, unsaid in (("price", "unit_price", None), ("quantity", "quantity", 1)):
        largest = 10 ** DIGITS[name] - 1
        told = [largest, -largest, largest, unsaid, unsaid]
        assert of_orders(built, "stg_shop__order_lines", column, name) == told


def test_the_largest_numbers_add_up_exactly(built: Warehouse) -> None:
    stated, huge = 200 * (10**12 - 1), 200 * 20 * (10**12 - 1) * (10**6 - 1)
    [(revenue,)] = built.rows("select sum(revenue) from orders where order_id like 'stated %'")
    assert revenue == stated
    assert built.rows("select revenue, units from product_performance where product_id = 'huge'") == [
        (huge, 200 * 20 * (10**6 - 1))
    ]
    [(revenue,)] = built.rows("select sum(gross_revenue) from orders_daily where currency = 'IRR'")
    assert revenue == stated + huge
    assert built.rows("select sum(discounts) from orders_daily where currency = 'IRR'") == [(stated,)]
    [(worth, rich)] = built.rows(
        "select max(revenue), max(case when visitor_id = 'g_rich' then revenue end) from visitors"
    )
    assert worth == rich == huge
    for mart in ("sessions_daily", "traffic_sources", "conversion_by_device", "lifetime_value"):
        assert built.rows(f"select sum(revenue) from {mart}") >= [(stated + huge,)]


def test_a_cart_holds_no_more_than_one_message_may_say(built: Warehouse) -> None:
    assert built.rows("select cart_value from int_open_carts where visitor_id = 'g_cart'") == [
        (Decimal(10**6) * (10**12 - 1),)
    ]
