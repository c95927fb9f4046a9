"""Carts and checkouts of a session, on sessions counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

MINUTE = timedelta(minutes=1)


def told(guest: str, event: str, minute: float, **properties: Any) -> dict[str, Any]:
    user = properties.pop("user", None)
    return message(event, NOON + minute * MINUTE, guest=guest, user=user, properties=properties)


def order(guest: str, minute: float) -> dict[str, Any]:
    return told(guest, "Order Completed", minute, order_id=f"{guest} {minute}", value=10)


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    hat, shirt = {"product_id": "hat", "price": 10, "currency": "EUR"}, {"product_id": "shirt"}
    rows = [
        # two hats, of which one goes back, and a shirt without a price; ordered, and seen again the next day
        told("buys", "Product Added", 0, **hat, quantity=2, variant_id="red"),
        told("buys", "Product Added", 1, **shirt),
        told("buys", "Product Removed", 2, **hat, variant_id="red"),
        told("buys", "Checkout Started", 3),
        told("buys", "Checkout Step Completed", 4, step=1, step_name="Contact"),
        told("buys", "Checkout Step Completed", 5, step=1, step_name="Contact"),
        told("buys", "Checkout Step Completed", 6, step="2"),
        told("buys", "Payment Info Entered", 7, user="anna"),
        order("buys", 7.5),
        told("buys", "Product Added", 1440, **hat),
        # all taken out again
        told("doubts", "Product Added", 0, **hat),
        told("doubts", "Product Removed", 1, **hat),
        # an order before the cart is another cart's
        order("orders first", 0),
        told("orders first", "Product Added", 5, **hat),
        told("orders first", "Checkout Step Completed", 6),
        # what an earlier session left in the cart is not a cart of this one
        told("only removes", "Product Removed", 0, **hat),
        told("two currencies", "Product Added", 0, **hat),
        told("two currencies", "Product Added", 1, product_id="shirt", price=200, currency="SEK"),
        message("Product Added", NOON, guest="bot", is_bot=True, properties=hat),
    ]
    # the checkout of one session arrives in two loads
    for part in (rows[::2], rows[1::2]):
        lake.load(part)
        warehouse.run("+carts +checkouts +visitors")
    warehouse.run("carts checkouts", command="test")
    return warehouse


def test_what_is_left_in_the_cart_and_whether_it_was_ordered(shop: Warehouse) -> None:
    assert shop.rows(
        "select visitor_id, products, quantity, cart_value, cart_currency, adds, removals, is_ordered, "
        "minutes_to_order, last_changed_at from carts order by visitor_id, first_added_at"
    ) == [
        ("g_doubts", 0, 0, 0, None, 1, 1, False, None, NOON + MINUTE),
        ("g_orders first", 1, 1, 10, "EUR", 1, 0, False, None, NOON + 5 * MINUTE),
        ("g_two currencies", 2, 2, 210, None, 2, 0, False, None, NOON + MINUTE),
        # a login in one session is the other's too
        ("u_anna", 2, 2, 10, "EUR", 2, 1, True, 7.5, NOON + 2 * MINUTE),
        ("u_anna", 1, 1, 10, "EUR", 1, 0, False, None, NOON + 1440 * MINUTE),
    ]


def test_a_carts_lines_are_the_last_changed_first(shop: Warehouse) -> None:
    ((cart,),) = shop.rows("select cart from carts where is_ordered")
    assert json.loads(cart) == [
        {"product_id": "hat", "variant_id": "red", "quantity": 1, "price": 10, "currency": "EUR"},
        {"product_id": "shirt", "variant_id": None, "quantity": 1, "price": None, "currency": None},
    ]


def test_which_steps_a_checkout_completed_and_where_it_was_left(shop: Warehouse) -> None:
    assert shop.rows(
        "select visitor_id, steps_completed, last_step, dropped_after, is_ordered, minutes_to_order, started_at, "
        "last_step_at from checkouts order by visitor_id"
    ) == [
        ("g_orders first", 1, "unnamed", "unnamed", False, None, NOON + 6 * MINUTE, NOON + 6 * MINUTE),
        ("u_anna", 4, "payment", None, True, 4.5, NOON + 3 * MINUTE, NOON + 7 * MINUTE),
    ]
    ((steps,),) = shop.rows("select steps from checkouts where is_ordered")
    assert json.loads(steps) == [
        {"step": step, "at": str(NOON + minute * MINUTE)}
        for step, minute in (("started", 3), ("contact", 4), ("2", 6), ("payment", 7))
    ]
