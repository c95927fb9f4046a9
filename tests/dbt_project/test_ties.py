"""What happened at one moment, as in history that is dated by the day, gives the same rows in any order of arrival."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

COLUMNS = {
    "int_named_products": "product_id, price, currency",
    "visitor_facts": "visitor_id, top_product_not_bought, last_query_without_result, cart_value",
    "int_open_carts": "visitor_id, cart, cart_value",
    "visitors": "visitor_id, first_guest_token, first_seen_at",
}
Tables = dict[str, list[tuple[Any, ...]]]


def moment() -> list[dict[str, Any]]:
    """Thirty visitors at once: what each looked at, put in the cart, searched for and ordered; and thirty users, each
    on two devices."""
    rows = []
    for number in range(30):
        rows += [message(None, NOON, guest=f"{device}-{number}", user=f"u{number}") for device in "ba"]
        guest = f"g{number}"
        for turn, currency in enumerate(("EUR", "SEK", "EUR")):
            seen = {"product_id": f"p{(number + turn) % 30}", "price": 10, "currency": currency}
            added = {"product_id": f"c{number}", "variant_id": "m", "price": turn + 1, "quantity": 1}
            asked = {"query": f"query {turn}", "results_count": 0}
            line = {"product_id": f"o{number}", "price": turn + 1, "quantity": 1}
            order = {"order_id": f"{number}-{turn}", "currency": currency, "products": [line]}
            rows += [
                message("Product Viewed", NOON, guest=guest, properties=seen),
                message("Product Added", NOON, guest=guest, properties=added),
                message("Products Searched", NOON, guest=guest, properties=asked),
                message("Order Completed", NOON, guest=f"buyer-{number}", properties=order),
            ]
    return rows


@pytest.fixture(scope="module")
def both_ways(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> tuple[Tables, Tables]:
    found = []
    for rows in (moment(), moment()[::-1]):
        lake, warehouse = make_warehouse()
        lake.load(rows)
        warehouse.run("+visitor_facts")
        found.append(
            {
                table: warehouse.rows(f"select {columns} from {table} order by 1")
                for table, columns in COLUMNS.items()
            }
        )
    return found[0], found[1]


@pytest.mark.parametrize("table", list(COLUMNS))
def test_the_order_of_arrival_makes_no_difference(both_ways: tuple[Tables, Tables], table: str) -> None:
    assert both_ways[0][table]
    assert both_ways[0][table] == both_ways[1][table]


def test_of_two_devices_the_first_by_its_name(both_ways: tuple[Tables, Tables]) -> None:
    found = {visitor: token for visitor, token, _ in both_ways[0]["visitors"] if visitor.startswith("u_")}
    assert found == {f"u_u{number}": f"a-{number}" for number in range(30)}


def test_of_several_prices_the_highest(both_ways: tuple[Tables, Tables]) -> None:
    prices = {
        product: (float(price), currency) for product, price, currency in both_ways[0]["int_named_products"]
    }
    assert {prices[f"o{number}"] for number in range(30)} == {(3.0, "EUR")}
    assert {prices[f"p{number}"] for number in range(30)} == {(10.0, "EUR")}
    assert {float(value) for _, _, value in both_ways[0]["int_open_carts"]} == {9.0}
