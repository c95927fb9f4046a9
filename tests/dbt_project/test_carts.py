"""What stands in carts, and in which currency its worth is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()

    def added(guest: str, product: str, turn: int = 0, **properties: Any) -> dict[str, Any]:
        return message(
            "Product Added",
            NOON + turn * MINUTE,
            guest=guest,
            properties={"product_id": product, **properties},
        )

    lake.load(
        [
            added("one", "hat", price=10, currency="EUR"),
            added("one", "shirt", 1, price=20, currency="EUR"),
            added("two", "hat", price=10, currency="EUR"),
            added("two", "shirt", 1, price=220, currency="SEK"),
            added("untold", "hat", price=10),
            # what has no price adds nothing, so its currency says nothing
            added("priceless", "hat", price=10, currency="EUR"),
            added("priceless", "hat", 1, currency="NOK"),
            # the shop shows another currency now: the line has the last price, and that one's currency
            added("moved", "hat", price=10, currency="EUR"),
            added("moved", "hat", 1, price=110, currency="SEK"),
        ]
    )
    warehouse.run("+segment_members", command="build", variables={"segments": SEGMENTS})
    return warehouse


SEGMENTS = [{"name": "with_cart", "description": "Has one.", "where": "has_open_cart"}]


def test_a_carts_worth_has_its_currency(shop: Warehouse) -> None:
    """Of several there is none to tell."""
    expected = [
        ("g_moved", Decimal("220.00"), "SEK"),
        ("g_one", Decimal("30.00"), "EUR"),
        ("g_priceless", Decimal("20.00"), "EUR"),
        ("g_two", Decimal("230.00"), None),
        ("g_untold", Decimal("10.00"), None),
    ]
    for mart in ("visitor_facts", "segment_members"):
        assert shop.rows(f"select visitor_id, cart_value, cart_currency from {mart} order by 1") == expected


def test_a_carts_lines_have_theirs(shop: Warehouse) -> None:
    ((cart,),) = shop.rows("select cart from visitors where visitor_id = 'g_two'")
    assert [(line["product_id"], line["price"], line["currency"]) for line in json.loads(cart)] == [
        ("shirt", 220.0, "SEK"),
        ("hat", 10.0, "EUR"),
    ]
