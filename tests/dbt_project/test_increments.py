"""Any arrival order and any batching give the same rows as a full refresh, and as plain Python.

One random history of many visitors: ties and gaps of exactly 30 minutes (times lie on a grid of ten
minutes), logins, orders told in several messages by pixel and server, removals, copies of messages, bots,
devices that go on for days. It arrives in batches with a dbt run after each: most messages as they happen,
many hours late, some weeks.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

SELECT = (
    "+visitor_recommendations +funnel_conversions +sessions +sessions_daily +session_products +identity_map "
    "+product_interactions +product_co_purchases +marketing_objections +product_aliases +visitor_facts +orders_daily "
    "+carts +checkouts"
)
#: Low, so that some users reach it.
GUESTS = "identity_max_guests_per_user"
#: Lists of those who did nothing are never older than the pairs: else they are, on purpose, another day's.
GUARDS = {GUESTS: 3, "recommendation_max_age_hours": 0}
SHOPPING = [{"event": event} for event in ("Product Viewed", "Product Added", "Order Completed")]
#: In each mode and scope; windows shorter than the history, so that an increment leaves old attempts alone.
FUNNELS: list[dict[str, Any]] = [
    {"name": "visitor", "window_days": 2, "steps": SHOPPING},
    {"name": "session", "scope": "session", "steps": SHOPPING},
    {"name": "once", "mode": "strict_once", "window_days": 1, "steps": SHOPPING},
    {"name": "later", "mode": "strict_increase", "window_days": 1, "steps": SHOPPING},
    {"name": "men's, strict", "mode": "strict_order", "window_days": 1, "steps": SHOPPING},
    {"name": "any", "mode": "any_order", "window_days": 1, "steps": SHOPPING},
    {"name": "any in a session", "mode": "any_order", "scope": "session", "steps": SHOPPING},
    {"name": "kept", "window_days": 1, "steps": SHOPPING, "exclude": [{"event": "Product Removed"}]},
    {"name": "by session", "window_days": 1, "steps": SHOPPING, "breakdown": "is_guest_session"},
]
#: The shop's days begin in the middle of UTC's, and one is of 23 hours.
RULES = GUARDS | {
    "funnels": FUNNELS,
    "shop_time_zone": "America/Los_Angeles",
}
PRODUCTS = [*(f"p{number}" for number in range(11)), "f%c3%bcller", "füller"]
#: Pages call these by their handle, one as an address writes it and as the catalog does, the catalog, which comes late,
#: by an id; the last it calls by the handle in the address of the product's page.
IDS = {"p2": "1002", "p3": "1003", "f%c3%bcller": "1011", "füller": "1011", "p5": "lämpchen"}
CATALOG = [
    {"product_id": product, "handle": name}
    for name, product in IDS.items()
    if name not in ("f%c3%bcller", "p5")
] + [
    {"product_id": "lämpchen", "handle": "lämpchen"},
    # Of these two the next catalog has p7 as an id and gives p2 to nobody; 1003 gives its handle to 1008.
    {"product_id": "1007", "handle": "p7"},
    {"product_id": "1008", "handle": "p3-before"},
]
IDS["p3"] = "1008"
#: Types of what no page names a category of; the next catalog has others, whoever clicks.
CATALOG = [{**product, "product_type": f"type {number % 3}"} for number, product in enumerate(CATALOG)]
NEXT_CATALOG = [
    {"product_id": "1002", "handle": "p2-now"},
    {"product_id": "1003", "handle": "p3-now"},
    {"product_id": "1007", "handle": "p7-now"},
    {"product_id": "1008", "handle": "p3"},
    {"product_id": "1011", "handle": "füller"},
    {"product_id": "lämpchen", "handle": "lämpchen"},
    {"product_id": "p7", "handle": "p7-own"},
]
NEXT_CATALOG = [
    {**product, "product_type": f"type {number % 2}"} for number, product in enumerate(NEXT_CATALOG)
]
CAPTURES = [(CATALOG, NOON), (NEXT_CATALOG, NOON + timedelta(days=1))]
ORDER_KEYS = "* exclude (event_id, messages, staged_at)"
COMPARED = {
    "stg_footfall__events": "event_id, source, device, user_id, occurred_at, properties, order_id",
    "int_session_events": "event_id, session_id, session_number, device_event_number, product_id",
    "int_sessions": "* exclude (built_at)",
    "sessions": "*",
    "sessions_daily": "* exclude (built_at)",
    "orders_daily": "*",
    "carts": "*",
    "checkouts": "*",
    "int_product_aliases": "* exclude (staged_at)",
    "product_aliases": "*",
    "int_product_mentions": "* exclude (staged_at)",
    "int_named_products": "*",
    "session_products": "* exclude (built_at)",
    "stg_shop__orders": ORDER_KEYS,
    "stg_shop__order_lines": "* exclude (staged_at)",
    "int_device_links": "* exclude (built_at, linked_at)",
    "int_orders": "* exclude (built_at)",
    "int_open_carts": "* exclude (built_at)",
    "int_device_consents": "* exclude (staged_at)",
    "marketing_objections": "*",
    "identity_map": "*",
    "visitors": "* exclude (built_at)",
    "products": "*",
    "visitor_facts": (
        "visitor_id, last_product_id, top_category, top_product_not_bought, products_viewed_not_bought, "
        "last_query_without_result, searches_without_result, price_band, recency_score, money_score, cart_value"
    ),
    "int_visitor_product_days": "* exclude (built_at)",
    "visitor_product_affinity": (
        "visitor_id, product_id, round(affinity, 9), round(view_score, 9), round(option_score, 9), "
        "round(cart_score, 9), round(purchase_score, 9), views, carts, purchases, has_purchased, last_at"
    ),
    "visitor_category_affinity": "visitor_id, category, rank, round(affinity, 6)",
    "funnel_conversions": "* exclude (built_at)",
    "product_interactions": "*",
    "product_co_purchases": "* exclude (computed_at)",
    "visitor_recommendations": "visitor_id, rank, product_id, round(score, 9), source, seed_product_id",
}


def sleepless(rng: random.Random) -> list[dict[str, Any]]:
    """Devices that go on without a pause: for more than a day, for days, and for days with an order."""
    rows = []
    for guest, hours, orders in (("night", 60, False), ("crawler", 90, False), ("kiosk", 90, True)):
        at = NOON + timedelta(days=3)
        end = at + timedelta(hours=hours)
        while at < end:
            product = {"product_id": rng.choice(PRODUCTS), "price": 5}
            rows.append(message("Product Viewed", at, guest=guest, properties=product))
            at += timedelta(minutes=rng.choice([10, 20, 30]))
        if orders:
            lines = [{"product_id": "p1", "price": "9.99", "quantity": 1}]
            order = {"order_id": f"order-{guest}", "products": lines}
            rows.append(message("Order Completed", at - timedelta(hours=50), guest=guest, properties=order))
    return rows


def history(rng: random.Random) -> list[dict[str, Any]]:
    rows = sleepless(rng)
    for number in range(60):
        guest = f"guest-{number}"
        user: str | None = None
        at = NOON + timedelta(minutes=10 * rng.randrange(0, 2000))
        for step in range(rng.choice([1, 3, 8, 25])):
            at += timedelta(minutes=rng.choice([0, 10, 20, 30, 40, 300, 20000]))
            if rng.random() < 0.08:
                user = f"user-{rng.randrange(25)}"
            is_bot = rng.random() < 0.03
            product = {"product_id": rng.choice(PRODUCTS), "price": rng.randrange(1, 50), "nonce": step}
            product["category"] = f"category {(number + step) % 3}"
            event = rng.choice(
                ["Product Viewed"] * 5
                + [
                    "Product Option Selected",
                    "Product Added",
                    "Product Added",
                    "Product Removed",
                    "Order Completed",
                ]
            )
            if event != "Order Completed":
                rows.append(message(event, at, guest=guest, user=user, properties=product, is_bot=is_bot))
                continue
            # the pixel says a currency, the server another one or none, a refund none
            order = {
                "order_id": f"order-{number}-{step}",
                "currency": ["EUR", "SEK"][step % 2],
                "discount": step,
            }
            lines = [
                {"product_id": rng.choice(PRODUCTS), "price": f"{place}.99", "quantity": rng.randrange(1, 4)}
                for place in range(3)
            ]
            rows.append(message(event, at, guest=guest, user=user, properties={**order, "products": lines}))
            if rng.random() < 0.5:  # the thank-you page again
                again = {**order, "products": lines, "nonce": "again"}
                rows.append(
                    message(event, at + timedelta(minutes=10), guest=guest, user=user, properties=again)
                )
            if rng.random() < 0.5:  # the server tells it too, a line a message
                for line_number, line in enumerate(lines, 1):
                    one = {**order, "line_number": line_number, "products": [line]}
                    one |= {"currency": ["USD", None][number % 2], "discount": number}
                    rows.append(
                        message(
                            event,
                            at,
                            guest=None,
                            user=user or f"user-{number}",
                            properties=one,
                            source="server",
                            trusted=True,
                        )
                    )
            if rng.random() < 0.3:
                rows.append(
                    message(
                        "Order Refunded",
                        at + timedelta(days=3),
                        guest=None,
                        user=user or f"user-{number}",
                        # each order's own refunds are numbered, or none
                        properties={
                            **order,
                            "products": lines[: rng.randrange(2)],
                            **({"refund_id": "1"} if rng.random() < 0.5 else {}),
                            "currency": None,
                        },
                        source="server",
                        trusted=True,
                    )
                )
    return rows


def snapshot(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: sorted(warehouse.rows(f"select {columns} from {table}"), key=repr)
        for table, columns in COMPARED.items()
    }


@pytest.fixture(scope="module")
def arrivals() -> list[dict[str, Any]]:
    rows = history(random.Random(20))
    for row in rows:
        if row["event"] == "Product Viewed" and row["product_id"] == "p5":
            row["page_url"] = "https://shop.example/collections/lights/products/l%C3%A4mpchen?variant=1"
            if row["occurred_at"].hour > 18:  # looked at from a list
                row["page_url"] = "https://shop.example/search?q=lampe"
    rng = random.Random(22)
    for row in rng.sample(rows, k=len(rows) // 4):
        row |= {"gpc": rng.random() < 0.2, "consent_marketing": rng.choice([None, False, True])}
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15"
    for row in rng.sample(rows, k=len(rows) // 2):
        row["user_agent"] = rng.choice([mac, mac.replace("Macintosh", "iPhone"), "axios/1.7"])
        if row["event"] == "Product Viewed":  # and the page, or an app's screen, that it was seen on
            screen = {"width": 820, "height": rng.choice([600, 1180])}
            context = json.dumps({"locale": rng.choice(["de", "en-GB"]), "screen": screen})
            told = {name: row[name] for name in ("user_agent", "is_bot")} | {
                "type": "screen",
                "context": context,
            }
            rows.append(
                message(None, row["occurred_at"], guest=row["guest_token"], user=row["user_id"], **told)
            )
        elif row["event"] == "Product Added":  # and on with it to the checkout
            step = {"step": row["occurred_at"].day % 4}
            about = {"guest": row["guest_token"], "user": row["user_id"], "is_bot": row["is_bot"]}
            rows.append(message("Checkout Step Completed", row["occurred_at"], properties=step, **about))
    return rows


@pytest.fixture(scope="module")
def built(
    arrivals: list[dict[str, Any]], make_warehouse: Callable[[], tuple[Lake, Warehouse]]
) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    """The tables after three increments on a first build, after a full refresh of the same lake, and of one that got
    everything at once, in order and without copies."""
    rng = random.Random(21)
    lake, warehouse = make_warehouse()
    with_copies = arrivals + rng.choices(arrivals, k=len(arrivals) // 5)
    delays = [timedelta(), timedelta(), timedelta(hours=9), timedelta(days=30)]
    with_copies.sort(key=lambda row: row["occurred_at"] + rng.choice(delays) * rng.random())
    cuts = sorted(rng.sample(range(1, len(with_copies)), 3))
    # As is built what is too large for the memory, 4 GB: some 200 events, or 40 visitors, at once.
    in_buckets = RULES | {"bucket_event_bytes": 20_000_000, "bucket_visitor_bytes": 100_000_000}
    for begin, end in zip([0, *cuts], [*cuts, len(with_copies)], strict=True):
        if begin in cuts[1:]:
            products, captured_at = CAPTURES[cuts.index(begin) - 1]
            lake.catalog(products, captured_at=captured_at)
        lake.load(with_copies[begin:end])
        warehouse.run(SELECT, variables=in_buckets)
    incremental = snapshot(warehouse)
    warehouse.run(SELECT, full_refresh=True, variables=in_buckets)
    refreshed = snapshot(warehouse)
    other_lake, other = make_warehouse()
    for products, captured_at in CAPTURES:
        other_lake.catalog(products, captured_at=captured_at)
    other_lake.load(sorted(arrivals, key=lambda row: row["occurred_at"]))
    other.run(SELECT, variables=RULES)
    return {"incremental": incremental, "refreshed": refreshed, "at once": snapshot(other)}


@pytest.mark.parametrize("table", list(COMPARED))
def test_increments_equal_a_full_refresh(
    built: dict[str, dict[str, list[tuple[Any, ...]]]], table: str
) -> None:
    assert built["incremental"][table]
    assert built["incremental"][table] == built["refreshed"][table]
    assert built["incremental"][table] == built["at once"][table]


def test_sessions_equal_plain_python(
    arrivals: list[dict[str, Any]], built: dict[str, dict[str, list[tuple[Any, ...]]]]
) -> None:
    devices: dict[str, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for row in arrivals:
        if not row["is_bot"]:
            devices[row["guest_token"] or f"user:{row['user_id']}"].append(
                (row["occurred_at"], event_id(row), row["trusted"])
            )
    with_order = {row["guest_token"] for row in arrivals if row["event"] == "Order Completed"}
    expected: dict[str, str | None] = {}
    for device, events in devices.items():
        previous: datetime | None = None
        session_id, session_start, activity_start = "", datetime.min, datetime.min
        longest = timedelta()
        placed: dict[str, str | None] = {}
        for at, own_id, is_servers in sorted(events):
            rests = previous is None or at - previous > timedelta(minutes=30)
            if is_servers:
                placed[own_id] = None if rests else session_id
                continue
            if rests:
                activity_start = at
            if rests or at - session_start > timedelta(hours=24):
                session_id = hashlib.md5(f"{device}|{own_id}".encode()).hexdigest()
                session_start = at
            longest = max(longest, at - activity_start)
            previous = at
            placed[own_id] = session_id
        if longest <= timedelta(days=3) or device in with_order:
            expected |= placed
    assert len(expected) < sum(map(len, devices.values()))  # somebody is in quarantine
    found = {row[0]: row[1] for row in built["incremental"]["int_session_events"]}
    assert found == expected


def event_id(row: dict[str, Any]) -> str:
    own_us = (row["original_at"] - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    key = f"{row['source']}|{row['message_id']}|{own_us}|{row.get('content_hash') or 0}"
    return hashlib.md5(key.encode()).hexdigest()


def visitors_of_events(arrivals: list[dict[str, Any]], session_of: dict[str, str]) -> dict[str, str]:
    """A guest is its last user's; with more than two users, or one of too many guests of its user, each session is
    its last user's."""
    people = sorted(
        (row for row in arrivals if row["guest_token"] and event_id(row) in session_of),
        key=lambda row: (row["occurred_at"], event_id(row)),
    )
    users: dict[str, list[str]] = defaultdict(list)
    session_user: dict[str, str] = {}
    for row in people:
        if row["user_id"]:
            users[row["guest_token"]].append(row["user_id"])
            session_user[session_of[event_id(row)]] = row["user_id"]
    guests = Counter(seen[-1] for seen in users.values() if len(set(seen)) <= 2)
    owner = {}
    for row in people:
        guest = row["guest_token"]
        shared = len(set(users[guest])) > 2 or guests[(users[guest] or [""])[-1]] > GUARDS[GUESTS]
        user = session_user.get(session_of[event_id(row)]) if shared else (users[guest] or [None])[-1]
        owner[event_id(row)] = f"u_{user}" if user else f"g_{guest}"
    return owner


def attempt(funnel: dict[str, Any], events: list[tuple[datetime, int, bool]]) -> list[datetime]:
    """When each step was reached by the attempt that got furthest, of several the first to get there, from the
    latest start that could; of starts at one moment the first of the order. ``events`` are (moment, step or 0,
    is excluded) in order."""
    window = timedelta(days=funnel.get("window_days", 7))
    is_later = funnel.get("mode") == "strict_increase"
    is_any = funnel.get("mode") == "any_order"
    best: tuple[int, timedelta, datetime, int, list[datetime]] | None = None
    for number, (start, step, _) in enumerate(events):
        if step != 1 and not is_any:
            continue
        taken, reached = {step}, [start]
        for at, next_step, is_excluded in events[number + 1 :]:
            if is_excluded:
                break
            is_next = next_step not in taken if is_any else next_step == len(reached) + 1
            if is_next and at - start <= window and (at > reached[-1] or not is_later):
                taken.add(next_step)
                reached.append(at)
        found = (len(reached), NOON - reached[-1], start, -number, reached)
        best = found if best is None else max(best, found)
    return best[-1] if best else []


@pytest.mark.parametrize(
    "funnel", [f for f in FUNNELS if f.get("mode") != "strict_order"], ids=lambda f: f["name"]
)
def test_funnels_equal_plain_python(
    funnel: dict[str, Any],
    arrivals: list[dict[str, Any]],
    built: dict[str, dict[str, list[tuple[Any, ...]]]],
) -> None:
    """Each attempt is tried from its start; strict order has ClickHouse's own cases."""
    session_of = {row[0]: row[1] for row in built["incremental"]["int_session_events"]}
    owner = visitors_of_events(arrivals, session_of)
    steps = [step["event"] for step in funnel["steps"]]
    excluded = [step["event"] for step in funnel.get("exclude", [])]
    journeys: dict[str, set[tuple[datetime, int, str]]] = defaultdict(set)
    for row in arrivals:
        own_id = event_id(row)
        if own_id not in session_of or row["event"] not in steps + excluded:
            continue
        scope = (
            session_of[own_id]
            if funnel.get("scope") == "session"
            else owner.get(own_id, f"u_{row['user_id']}")
        )
        step = steps.index(row["event"]) + 1 if row["event"] in steps else len(steps) + 1
        if scope:
            journeys[scope].add((row["occurred_at"], step, own_id))
    expected = {}
    for scope, events in journeys.items():
        reached = attempt(funnel, [(at, step, step > len(steps)) for at, step, _ in sorted(events)])
        expected |= {(scope, step): at for step, at in enumerate(reached, 1)}
    assert len({step for _, step in expected}) == len(steps)
    found = {
        (scope, step): reached_at
        for name, scope, _, _, step, _, _, _, reached_at, _ in built["incremental"]["funnel_conversions"]
        if name == funnel["name"]
    }
    assert found == expected


def test_affinities_equal_plain_python(
    arrivals: list[dict[str, Any]], built: dict[str, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """Browsing only: views capped at three a day, each kind as old as its last event of the day."""
    owner = visitors_of_events(arrivals, dict(row[:2] for row in built["incremental"]["int_session_events"]))
    as_of = max(row["occurred_at"] for row in arrivals if not row["is_bot"])
    kinds = {"Product Viewed": 1, "Product Option Selected": 2, "Product Added": 4, "Product Removed": -2}
    days: dict[tuple[Any, ...], list[datetime]] = defaultdict(list)
    for row in arrivals:
        if row["event"] in kinds and event_id(row) in owner:
            product = IDS.get(row["product_id"], row["product_id"])
            key = (owner[event_id(row)], product, row["event"], row["occurred_at"].date())
            days[key].append(row["occurred_at"])
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for (visitor, product, event, _), times in days.items():
        count = min(len(times), 3) if event == "Product Viewed" else len(times)
        age_days = (as_of - max(times)) / timedelta(days=1)
        expected[visitor, product] += kinds[event] * count * 0.5 ** (age_days / 180)
    found = {
        (row[0], row[1]): row[3] + row[4] + row[5]
        for row in built["incremental"]["visitor_product_affinity"]
        if (row[0], row[1]) in expected
    }
    assert found == pytest.approx(dict(expected), abs=1e-6)


def test_names_of_products_equal_plain_python(built: dict[str, dict[str, list[tuple[Any, ...]]]]) -> None:
    """A handle that nobody has now is still its last product's, an id is nobody else's name, and a page once opened
    counts, whatever its product is seen on later."""
    found = dict(built["incremental"]["product_aliases"])
    assert {name: found.get(name) for name in [*IDS, "p7"]} == {**IDS, "p7": None}
