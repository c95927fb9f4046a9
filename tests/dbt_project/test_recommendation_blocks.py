"""What blocks of recommendations bring, by day and arm: each message counted, each order traced to its last click, in
plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dbt_kit import NOON, Lake, Warehouse, message

ZONE = "Asia/Tokyo"
WEEK = timedelta(days=7)
Key = tuple[date, str, str, str]


def key_of(row: dict[str, Any], about: dict[str, Any]) -> Key:
    day = row["occurred_at"].replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).date()
    return day, about.get("placement", ""), about.get("experiment", ""), about.get("arm", "")


def random_blocks(rng: random.Random) -> tuple[list[dict[str, Any]], dict[Key, list[Any]]]:
    """Messages, and by day, block and arm: views, viewers, clicks, clickers, orders, units and revenue."""
    rows = []
    found: dict[Key, list[Any]] = defaultdict(lambda: [0, set(), 0, set(), set(), 0, Decimal()])
    clicks: dict[tuple[str, str], list[tuple[datetime, Key]]] = defaultdict(list)
    # no two at one moment: of these the event's hash would decide
    moments = iter(rng.sample(range(40 * 24 * 6), 500))
    for number in range(340):
        guest, at = f"g{rng.randrange(8)}", NOON + timedelta(minutes=10 * next(moments))
        about: dict[str, Any] = {"placement": rng.choice(["home", "product", "cart"])} if number % 9 else {}
        if rng.random() < 0.5:
            about |= {"experiment": "lists", "arm": rng.choice(["a", "b"])}
        is_bot = rng.random() < 0.05
        is_click = rng.random() < 0.5
        about["product_id" if is_click else "product_ids"] = (
            f"p{rng.randrange(4)}" if is_click else ["p1", "p2"]
        )
        event = "Recommendation Clicked" if is_click else "Recommendation Viewed"
        rows.append(message(event, at, guest=guest, properties=about, is_bot=is_bot))
        if is_bot:
            continue
        here = found[key_of(rows[-1], about)]
        here[2 if is_click else 0] += 1
        here[3 if is_click else 1].add(guest)
        if is_click:
            clicks[guest, about["product_id"]].append((at, key_of(rows[-1], about)))
    for number in range(80):
        guest, at = f"g{rng.randrange(8)}", NOON + timedelta(minutes=10 * next(moments))
        lines = [
            {"product_id": f"p{product}", "price": 10 + product, "quantity": rng.randrange(1, 3)}
            for product in rng.sample(range(4), 2)
        ]
        about = {"order_id": f"o{number}", "products": lines}
        rows.append(message("Order Completed", at, guest=guest, properties=about))
        back = lines[0] if rng.random() < 0.3 else None
        if back:
            about = about | {"products": [back]}
            rows.append(message("Order Refunded", at + 3 * WEEK, guest=guest, properties=about))
        for line in lines:
            before = [one for one in clicks[guest, line["product_id"]] if at - WEEK <= one[0] <= at]
            if before:
                here = found[max(before)[1]]
                here[4].add(number)
                here[5] += line["quantity"]
                here[6] += 0 if line is back else line["price"] * line["quantity"]
    return rows, found


def test_blocks_by_day_and_arm(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    rows, expected = random_blocks(random.Random(3))
    lake, warehouse = make_warehouse()
    random.Random(4).shuffle(rows)
    lake.load(rows)
    warehouse.run("+recommendations_daily +recommendation_performance", variables={"shop_time_zone": ZONE})
    columns = "views, viewers, clicks, clickers, orders, cast(units as integer), revenue"
    found = warehouse.rows(f"select day, placement, experiment, arm, {columns} from recommendations_daily")
    assert {row[:4]: row[4:] for row in found} == {
        key: (views, len(viewers), clicks, len(clickers), len(orders), units, revenue)
        for key, (views, viewers, clicks, clickers, orders, units, revenue) in expected.items()
    }
    assert sum(row[8] for row in found) > 20
    assert {row[1] for row in found} == {"", "home", "product", "cart"}
    # what adds up over days and arms is what the mart by placement says
    sums = "sum(views), sum(clicks), sum(units), sum(revenue)"
    assert warehouse.rows(
        f"select placement, {sums} from recommendations_daily group by 1 order by 1"
    ) == warehouse.rows(
        "select placement, views, clicks, units, revenue from recommendation_performance order by 1"
    )
