"""orders_daily: the shop's revenue by its own days, against sums over the messages that know nothing of the models."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dbt_kit import Lake, Warehouse, message

ZONE = "America/New_York"
#: Each is around a change of the clocks: a day of 23 hours, and one of 25.
BEGINNINGS = [datetime(2026, 3, 7, 12), datetime(2026, 10, 31, 12)]
DAYS = "select * from orders_daily order by day, currency"
CENT = Decimal("0.01")
#: In what the shop states, and in no line.
SHIPPING = Decimal("4.90")


@dataclass
class Entry:
    """What orders_daily should have of an order or a refund."""

    order_id: str
    at: datetime
    currency: str
    buyer: str
    amount: Decimal
    stated: Decimal
    discount: Decimal | None = None
    is_refund: bool = False


def random_orders(rng: random.Random) -> tuple[list[dict[str, Any]], list[Entry]]:
    """Messages, and what they come to. Times lie on a grid of half an hour, so that some are the first of a day."""
    rows: list[dict[str, Any]] = []
    entries: list[Entry] = []

    def moment() -> datetime:
        return rng.choice(BEGINNINGS) + timedelta(minutes=30 * rng.randrange(100))

    for number in range(120):
        order_id, at = f"o{number}", moment()
        user = rng.choice([None, *(f"u{n}" for n in range(12))])
        guest = f"only-of-{order_id}" if user is None else f"of-{user}"
        currency = rng.choice(["EUR", "EUR", "SEK", None])
        line = {"product_id": "p", "price": rng.randrange(1, 9000) / 100, "quantity": rng.randrange(1, 4)}
        about: dict[str, Any] = {"order_id": order_id, "products": [line]}
        amount = (Decimal(str(line["price"])) * line["quantity"]).quantize(CENT)
        stated = amount
        if rng.random() < 0.3:
            about = {"order_id": order_id, "value": float(amount)}
        elif number % 2:
            stated += SHIPPING
            about["value"] = float(stated)
        if currency:
            about["currency"] = rng.choice([currency, currency.lower(), f" {currency}"])
        discount = None
        if rng.random() < 0.5:
            discount = Decimal(rng.randrange(0, 500)) / 100
            about["discount"] = float(discount)
        is_servers_alone = rng.random() < 0.2
        told = {"source": "server", "trusted": True} if is_servers_alone else {}
        rows.append(message("Order Completed", at, guest=guest, user=user, properties=about, **told))
        if not is_servers_alone and rng.random() < 0.3:
            # The shop's server counts in another currency, and says what was taken off.
            currency, amount, discount = "USD", amount + 1, Decimal("0.50")
            stated = amount
            about = {"order_id": order_id, "value": float(amount), "currency": currency, "discount": "0.50"}
            if "products" in rows[-1]["properties"]:
                about["products"] = [{"product_id": "p", "price": float(amount), "quantity": 1}]
            later = at + timedelta(minutes=1)
            rows.append(
                message(
                    "Order Completed",
                    later,
                    guest=None,
                    user=user or f"buyer-{number}",
                    properties=about,
                    source="server",
                    trusted=True,
                )
            )
        buyer = user or guest
        entries.append(Entry(order_id, at, currency or "", buyer, amount, stated, discount))
        for refund in range(rng.choice([0, 0, 1, 2])):
            back = rng.randrange(1, 2000)
            refunded_at = at + timedelta(minutes=30 * rng.randrange(200))
            said = {"order_id": order_id, "refund_id": f"{refund}", "value": back / 100}
            if rng.random() < 0.5 and currency:
                said["currency"] = currency
            rows.append(
                message(
                    "Order Refunded",
                    refunded_at,
                    guest=f"shop-{order_id}",
                    properties=said,
                    source="server",
                    trusted=True,
                )
            )
            amount = Decimal(back) / 100
            entries.append(
                Entry(order_id, refunded_at, currency or "", buyer, amount, amount, is_refund=True)
            )
    return rows, entries


def by_day(entries: list[Entry], zone: str) -> list[tuple[Any, ...]]:
    # of two orders at one moment the first by its id
    in_order = sorted(
        (entry for entry in entries if not entry.is_refund), key=lambda one: (one.at, one.order_id)
    )
    first = {entry.buyer: entry.order_id for entry in reversed(in_order)}
    days: dict[tuple[date, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        day = entry.at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        days[day, entry.currency].append(entry)
    entries = []
    for (day, currency), here in sorted(days.items(), key=lambda item: item[0]):
        orders = [entry for entry in here if not entry.is_refund]
        refunds = [entry for entry in here if entry.is_refund]
        buyers = {entry.buyer for entry in orders}
        new = {entry.buyer for entry in orders if first[entry.buyer] == entry.order_id}
        gross = sum((entry.amount for entry in orders), Decimal())
        back = sum((entry.amount for entry in refunds), Decimal())
        stated = sum((entry.stated for entry in orders), Decimal())
        off = [entry.discount for entry in orders if entry.discount is not None]
        entries.append(
            (
                day, currency, len(orders), len(refunds), len(buyers), len(new), len(buyers) - len(new),
                gross, stated, sum(off, Decimal()) if off else None, back, gross - back,
                pytest.approx(gross / len(orders), abs=CENT) if orders else None,
            )
        )  # fmt: skip
    return entries


@pytest.mark.parametrize("zone", ["UTC", ZONE])
def test_revenue_by_day_is_the_sum_of_what_was_told(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], zone: str
) -> None:
    rng = random.Random(7)
    rows, entries = random_orders(rng)
    lake, warehouse = make_warehouse()
    rng.shuffle(rows)
    for part in (rows[::2], rows[1::2]):
        lake.load(part)
        warehouse.run("+orders_daily +lifetime_value", variables={"shop_time_zone": zone})
    found = warehouse.rows(DAYS)
    assert found == by_day(entries, zone)
    assert {row[1] for row in found} == {"", "EUR", "SEK", "USD"}
    assert any(not row[2] for row in found), "a day of refunds alone"
    ((customers,),) = warehouse.rows("select sum(customers) from lifetime_value where months_later = 0")
    assert sum(row[5] for row in found) == customers, "each customer is new once"


def test_a_refund_without_a_currency_is_in_that_of_its_order(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    at = datetime(2026, 3, 7, 12)
    line = {"product_id": "p", "price": 20, "quantity": 2}
    order = {"order_id": "o", "currency": "EUR", "products": [line]}
    lake.load(
        [
            message("Order Completed", at, guest="anna", properties=order),
            message("Order Refunded", at + timedelta(days=1), guest="anna", properties={"order_id": "o"}),
        ]
    )
    warehouse.run("+orders")
    assert warehouse.rows("select currency, revenue from orders order by is_refund") == [
        ("EUR", Decimal("40.00")),
        ("EUR", Decimal("-40.00")),
    ]
