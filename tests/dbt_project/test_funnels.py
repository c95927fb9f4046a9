"""Funnels against the truth of others: ClickHouse's windowFunnel and dbt_product_analytics."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from dbt_kit import FIXTURES, NOON, PROJECT_DIR, Lake, Warehouse, message

SELECT = "+funnel_steps +funnel_time_to_convert +funnel_time_histogram"
CLICKHOUSE = FIXTURES / "ClickHouse__windowFunnel"
MJIRV = FIXTURES / "mjirv__dbt_product_analytics" / "integration_tests" / "seeds"


def read(path: Any) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(not CLICKHOUSE.is_dir(), reason="shared fixtures are not on this machine")
def test_clickhouse_window_funnel(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Every row of the fixture in the modes that we offer."""
    lake, warehouse = make_warehouse()
    offered = ("", "strict_increase", "strict_once", "strict_order")
    cases = [row for row in read(CLICKHOUSE / "expected_levels.csv") if row["modes"] in offered]
    assert len(cases) == 17 + 2 + 4 + 23
    lake.load(
        message(
            row["event_name"],
            datetime(2026, 1, 1) + timedelta(seconds=int(row["event_time_s"])),
            guest=f"{row['dataset']}/{row['user_id']}",
            message_id=str(number),
        )
        for number, row in enumerate(read(CLICKHOUSE / "events.csv"))
    )
    funnels = {}
    for row in cases:
        name = f"{row['dataset']} {row['window_s']} {row['steps']} {row['modes']}"
        funnels[name] = {
            "name": name,
            "window_days": int(row["window_s"]) / 86400,
            "mode": row["modes"] or "default",
            "steps": [
                {"event": event, "where": f"guest_token like '{row['dataset']}/%'"}
                for event in row["steps"].split(">")
            ],
        }
    warehouse.run("+funnel_conversions", variables={"funnels": list(funnels.values())})
    levels = {
        (funnel, visitor): level
        for funnel, visitor, level in warehouse.rows(
            "select funnel, scope_key, max(step) from funnel_conversions group by funnel, scope_key"
        )
    }
    for row in cases:
        name = f"{row['dataset']} {row['window_s']} {row['steps']} {row['modes']}"
        key = (name, f"g_{row['dataset']}/{row['user_id']}")
        assert levels.get(key, 0) == int(row["expected_level"]), row


@pytest.mark.skipif(not MJIRV.is_dir(), reason="shared fixtures are not on this machine")
def test_dbt_product_analytics_funnel(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """6 placed, 5 completed, 2 returned: no window there, so ours is the widest we allow."""
    lake, warehouse = make_warehouse()
    lake.load(
        message(
            row["status"],
            datetime.fromisoformat(row["order_date"]),
            guest=f"customer-{row['customer_id']}",
            message_id=row["id"],
        )
        for row in read(MJIRV / "raw_orders_simple.csv")
    )
    funnel = {
        "name": "orders",
        "window_days": 366,
        "steps": [{"event": event} for event in ("placed", "completed", "returned")],
    }
    warehouse.run("+funnel_steps", variables={"funnels": [funnel]})
    found = warehouse.rows(
        "select step_name, reached, conversion_from_first, conversion_from_previous from funnel_steps order by step"
    )
    for expected, (name, reached, from_first, from_previous) in zip(
        read(MJIRV / "dmt_expected__funnel_simple.csv"), found, strict=True
    ):
        assert name == expected["event_type"]
        assert reached == int(expected["unique_users"])
        assert from_first == pytest.approx(float(expected["pct_conversion"]))
        assert from_previous == pytest.approx(float(expected["pct_of_previous"] or 1))


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    """Three steps with a window of one day; the guest token names the case."""
    lake, warehouse = make_warehouse()
    hour = timedelta(hours=1)

    def journey(guest: str, *steps: tuple[str, timedelta]) -> list[dict[str, Any]]:
        return [message(event, NOON + offset, guest=guest) for event, offset in steps]

    lake.load(
        [
            *journey("exactly-in-window", ("a", 0 * hour), ("b", 24 * hour)),
            *journey("a-second-late", ("a", 0 * hour), ("b", 24 * hour + timedelta(seconds=1))),
            *journey("starts-again", ("a", 0 * hour), ("b", 1 * hour)),
            *journey("starts-again", ("a", 30 * hour), ("b", 31 * hour), ("c", 32 * hour)),
            *journey("window-from-the-first-step", ("a", 0 * hour), ("b", 20 * hour), ("c", 40 * hour)),
            *journey("wrong-order", ("c", 0 * hour), ("b", 1 * hour), ("a", 2 * hour)),
            *journey("quick", ("a", 0 * hour), ("b", timedelta(seconds=20)), ("c", timedelta(seconds=60))),
        ]
    )
    funnels = [{"name": "f", "window_days": 1, "steps": [{"event": "a"}, {"event": "b"}, {"event": "c"}]}]
    funnels.append({**funnels[0], "name": "in one session", "scope": "session"})
    warehouse.run(SELECT, variables={"funnels": funnels})
    return warehouse


@pytest.mark.parametrize(
    ("guest", "level"),
    [
        ("exactly-in-window", 2),
        ("a-second-late", 1),
        ("starts-again", 3),
        ("window-from-the-first-step", 2),
        ("wrong-order", 1),
        ("quick", 3),
    ],
)
def test_levels(shop: Warehouse, guest: str, level: int) -> None:
    ((found,),) = shop.rows(
        f"select max(step) from funnel_conversions where funnel = 'f' and scope_key = 'g_{guest}'"
    )
    assert found == level


def test_times_are_those_of_the_attempt_that_got_furthest(shop: Warehouse) -> None:
    assert shop.rows(
        "select step, seconds_from_first, seconds_from_previous from funnel_conversions "
        "where funnel = 'f' and scope_key = 'g_starts-again' order by step"
    ) == [(1, 0.0, None), (2, 3600.0, 3600.0), (3, 7200.0, 3600.0)]


def test_session_scope_ends_with_the_session(shop: Warehouse) -> None:
    assert shop.rows(
        "select step, reached from funnel_steps where funnel = 'in one session' order by step"
    ) == [
        (1, 7),
        (2, 1),
        (3, 1),
    ]


def test_percentiles_and_histogram_agree_with_the_conversions(shop: Warehouse) -> None:
    ((p50, mean),) = shop.rows("select p50, mean from funnel_time_to_convert where funnel = 'f' and step = 2")
    seconds = [
        row[0]
        for row in shop.rows(
            "select seconds_from_previous from funnel_conversions where funnel = 'f' and step = 2 order by 1"
        )
    ]
    assert seconds == [20.0, 3600.0, 72000.0, 86400.0]
    assert p50 == pytest.approx((3600 + 72000) / 2)
    assert mean == pytest.approx(sum(seconds) / 4)
    assert shop.rows(
        "select bucket_from_s, n from funnel_time_histogram where funnel = 'f' and step = 2 and n > 0 order by 1"
    ) == [(10.0, 1), (3600.0, 1), (14400.0, 1), (86400.0, 1)]


def test_exclusions_end_an_attempt_and_breakdowns_say_how_it_began(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    minute = timedelta(minutes=1)

    def journey(guest: str, source: str, *events: str) -> list[dict[str, Any]]:
        campaign = json.dumps({"source": source, "medium": "cpc"})
        first = message(None, NOON - minute, guest=guest, campaign=campaign)
        return [first, *[message(e, NOON + minute * n, guest=guest) for n, e in enumerate(events)]]

    lake.load(
        [
            *journey("straight", "google", "a", "b", "c"),
            *journey("stopped", "google", "a", "b", "x", "c"),
            *journey("again", "facebook", "a", "x", "a", "b", "c"),
            *journey("before", "facebook", "x", "a"),
        ]
    )
    funnel = {
        "name": "f",
        "breakdown": "channel",
        "exclude": [{"event": "x"}],
        "steps": [{"event": "a"}, {"event": "b"}, {"event": "c"}],
    }
    warehouse.run("+funnel_steps +funnel_breakdowns", variables={"funnels": [funnel]})
    assert warehouse.rows("select scope_key, max(step) from funnel_conversions group by 1 order by 1") == [
        ("g_again", 3),
        ("g_before", 1),
        ("g_stopped", 2),
        ("g_straight", 3),
    ]
    assert warehouse.rows("select step, reached from funnel_steps order by 1") == [(1, 4), (2, 3), (3, 2)]
    assert warehouse.rows(
        "select breakdown, step, reached, drop_off, conversion_from_first from funnel_breakdowns order by 1, 2"
    ) == [
        ("Paid Search", 1, 2, 0, 1.0),
        ("Paid Search", 2, 2, 0, 1.0),
        ("Paid Search", 3, 1, 1, 0.5),
        ("Paid Social", 1, 2, 0, 1.0),
        ("Paid Social", 2, 1, 1, 0.5),
        ("Paid Social", 3, 1, 0, 0.5),
    ]


def test_events_at_one_moment_count_in_the_order_of_the_steps(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Whatever their ids: a day's orders, imported with the date alone, come in the order that makes sense."""
    lake, warehouse = make_warehouse()
    lake.load(
        message(event, NOON, guest=f"{number}", message_id=f"{number}/{event}")
        for number in range(20)
        for event in "cbxa"
    )
    steps = [{"event": event} for event in "abc"]
    levels = {"default": 3, "strict_once": 3, "strict_order": 3, "strict_increase": 1}
    funnels = [{"name": mode, "mode": mode, "steps": steps} for mode in levels]
    funnels.append({"name": "excluded", "exclude": [{"event": "x"}], "steps": steps})
    warehouse.run("+funnel_conversions", variables={"funnels": funnels})
    found = warehouse.rows(
        "select distinct funnel, max(step) from funnel_conversions group by funnel, scope_key"
    )
    assert dict(found) == {**levels, "excluded": 3}
    assert len(found) == len(funnels)


def test_strict_order_ends_at_what_comes_in_between(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Any other event, or of those that are no step only the excluded ones; no second attempt."""
    lake, warehouse = make_warehouse()
    journeys = {
        "straight": "abc",
        "looked elsewhere": "axbc",
        "left": "ayabc",
        "back to step 1": "ababc",
        "repeats": "aabbc",
        "before it began": "yxca" + "bc",
        "out of turn": "acb",
    }
    lake.load(
        message(event, NOON + timedelta(minutes=n), guest=guest)
        for guest, events in journeys.items()
        for n, event in enumerate(events)
    )
    strict = {"name": "strict", "mode": "strict_order", "steps": [{"event": event} for event in "abc"]}
    warehouse.run(
        "+funnel_conversions",
        variables={"funnels": [strict, {**strict, "name": "unless left", "exclude": [{"event": "y"}]}]},
    )
    levels: dict[str, dict[str, int]] = {"strict": {}, "unless left": {}}
    for funnel, visitor, step in warehouse.rows(
        "select funnel, scope_key, max(step) from funnel_conversions group by 1, 2"
    ):
        levels[funnel][visitor.removeprefix("g_")] = step
    expected = {
        "straight": 3,
        "looked elsewhere": 1,
        "left": 1,
        "back to step 1": 2,
        "repeats": 3,
        "before it began": 3,
        "out of turn": 1,
    }
    assert levels == {"strict": expected, "unless left": {**expected, "looked elsewhere": 3}}


ANY_ORDER = {
    "name": "any",
    "mode": "any_order",
    "window_days": 1 / 24,
    "steps": [{"name": f"Did {event}", "event": event} for event in "abc"],
}
#: Event by event, ten minutes apart, "." nothing; how far, and after how many minutes each step was taken.
ANY_ORDER_CASES: dict[str, list[int]] = {
    "abc": [0, 10, 20],
    "cab": [0, 10, 20],
    "bbb": [0],
    "bab": [0, 10],
    "aba": [0, 10],
    "aab": [0, 10],  # from the last start that could
    "a.....b": [0, 60],
    "a......b": [0],
    "a....b....c": [0, 50],
    "a....b...ca": [0, 40, 50],
    "ab........cab": [0, 10, 20],
    "x.": [],
}


def test_any_order_counts_different_steps(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Also within a session, and as marts and API name the steps."""
    lake, warehouse = make_warehouse()
    minutes = timedelta(minutes=10)
    lake.load(
        message(event, NOON + minutes * n, guest=guest, properties={"n": n})
        for guest in ANY_ORDER_CASES
        for n, event in enumerate(guest)
        if event != "."
    )
    funnels = [ANY_ORDER, {**ANY_ORDER, "name": "in one session", "scope": "session", "breakdown": "event"}]
    warehouse.run("+funnel_steps +funnel_breakdowns", variables={"funnels": funnels})
    found: dict[str, list[int]] = {guest: [] for guest in ANY_ORDER_CASES}
    for visitor, seconds in warehouse.rows(
        "select scope_key, seconds_from_first from funnel_conversions where funnel = 'any' order by scope_key, step"
    ):
        found[visitor.removeprefix("g_")].append(seconds // 60)
    assert found == ANY_ORDER_CASES
    assert warehouse.rows(
        "select step, step_name, reached, drop_off from funnel_steps where funnel = 'any' order by step"
    ) == [
        (1, "any 1 of Did a, Did b, Did c", 11, 0),
        (2, "any 2 of Did a, Did b, Did c", 9, 2),
        (3, "all of Did a, Did b, Did c", 4, 5),
    ]
    assert warehouse.rows(
        "select breakdown, step_name, reached from funnel_breakdowns where step in (1, 2) order by breakdown, step"
    ) == [
        ("a", "any 1 of Did a, Did b, Did c", 8),
        ("a", "any 2 of Did a, Did b, Did c", 4),
        ("b", "any 1 of Did a, Did b, Did c", 6),
        ("b", "any 2 of Did a, Did b, Did c", 1),
        ("c", "any 1 of Did a, Did b, Did c", 4),
        ("c", "any 2 of Did a, Did b, Did c", 3),
    ]


#: One event may match several steps; it may be a step and excluded at once.
OVERLAPPING: dict[str, Any] = {
    "name": "overlapping",
    "mode": "any_order",
    "window_days": 0.25,
    "breakdown": "product_id",
    "steps": [{"event": "a"}, {"event": "a", "where": "product_id = 'p1'"}, {"event": "b"}, {"event": "c"}],
    "exclude": [{"event": "x"}, {"event": "b", "where": "product_id = 'p2'"}],
}


def overlapping_attempt(events: list[tuple[datetime, str, str, str | None]]) -> list[tuple[Any, ...]]:
    """``events`` of one visitor are (moment, id, event, product). The attempt that counts, a row a step: what began
    it, when it began, number of the step, when it was reached. Every start is tried with every event after it."""

    def steps(event: str, product: str | None) -> list[int]:
        matches = (event == "a", event == "a" and product == "p1", event == "b", event == "c")
        return [step for step, is_match in enumerate(matches, 1) if is_match]

    part = 0
    placed = []
    in_order = sorted(events, key=lambda e: (e[0], min(steps(*e[2:]), default=5), e[1]))
    for at, own_id, event, product in in_order:
        part += event == "x" or (event == "b" and product == "p2")
        placed.append((part, at, own_id, steps(event, product), product))
    best: tuple[Any, ...] | None = None
    for part, start, own_id, own_steps, product in placed:
        taken: dict[int, datetime] = {}
        for other_part, at, _, other_steps, _ in placed:
            if part == other_part and start <= at <= start + timedelta(hours=6):
                for step in other_steps:
                    taken.setdefault(step, at)
        if own_steps:
            times = sorted(taken.values())
            attempt = (len(times), NOON - times[-1], start, own_id, product or "(none)", times)
            best = attempt if best is None else max(best, attempt)
    if best is None:
        return []
    return [(best[4], best[2], step, at) for step, at in enumerate(best[5], 1)]


def test_any_order_equals_plain_python_however_it_arrives(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Random visitors on a grid of half hours, so that many events share a moment, in random batches."""
    rng = random.Random(31)
    rows = []
    for guest in range(200):
        for n in range(rng.randrange(1, 15)):
            at = NOON + timedelta(minutes=30) * rng.randrange(80)
            properties = {"n": n, "product_id": rng.choice(["p1", "p2", None])}
            rows.append(message(rng.choice("aabbccx"), at, guest=f"{guest}", properties=properties))
    late = [timedelta(), timedelta(), timedelta(hours=20)]
    rows.sort(key=lambda row: row["occurred_at"] + rng.choice(late) * rng.random())
    cuts = sorted(rng.sample(range(len(rows) // 3, len(rows)), 3))
    lake, warehouse = make_warehouse()
    for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        lake.load(rows[begin:end])
        warehouse.run("+funnel_conversions", variables={"funnels": [OVERLAPPING]})
    events = warehouse.rows(
        "select guest_token, occurred_at, event_id, event, product_id from int_session_events"
    )
    assert len(events) == len(rows)
    journeys: dict[str, list[Any]] = defaultdict(list)
    for guest, *event in events:
        journeys[guest].append(tuple(event))
    expected = {
        (f"g_{guest}", *row) for guest, journey in journeys.items() for row in overlapping_attempt(journey)
    }
    assert {step for *_, step, _ in expected} == {1, 2, 3, 4}
    found = warehouse.rows(
        "select scope_key, breakdown, started_at, step, reached_at from funnel_conversions"
    )
    assert len(found) == len(expected)
    assert set(found) == expected


def test_page_views_are_steps(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """They have no event's name: `page` is their type. Only a funnel that asks for them minds them in strict order.
    What a condition says nothing of is no step."""
    lake, warehouse = make_warehouse()
    lake.load(
        [
            message(None, NOON, guest="g", properties={"page_type": "home"}, message_id="1"),
            message("a", NOON + timedelta(minutes=1), guest="g"),
            message(
                None, NOON + timedelta(minutes=2), guest="g", properties={"page_type": "cart"}, message_id="2"
            ),
            message("b", NOON + timedelta(minutes=3), guest="g"),
            message("b", NOON + timedelta(minutes=4), guest="g", properties={"price": 2}),
        ]
    )
    home = {"event": "page", "where": "page_type = 'home'"}
    a, b = {"event": "a"}, {"event": "b"}
    funnels = [
        {"name": "home", "steps": [home, a, b]},
        {"name": "without", "mode": "strict_order", "steps": [a, b]},
        {"name": "minds", "mode": "strict_order", "steps": [home, a, b]},
        {"name": "null", "mode": "strict_order", "steps": [a, {**b, "where": "price > 1"}, b]},
        {"name": "ended", "steps": [a, b], "exclude": [{"event": "page", "where": "page_type = 'cart'"}]},
    ]
    retention = {"name": "pages", "first": "page", "second": "b", "periods": [0]}
    warehouse.run(
        "+funnel_steps +retention_periods", variables={"funnels": funnels, "retentions": [retention]}
    )
    reached = dict(warehouse.rows("select funnel, max(step) from funnel_conversions group by funnel"))
    assert reached == {"home": 3, "without": 2, "minds": 2, "null": 1, "ended": 1}
    assert warehouse.rows("select visitors, retained from retention_periods") == [(1, 1)]


def test_the_ten_funnels_of_the_docs_build(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """As an analyst would copy them; one shopper walks each to its end."""
    page = (PROJECT_DIR.parent / "docs" / "analyst" / "ten-funnels.md").read_text()
    funnels = yaml.safe_load("\n".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)))
    assert len(funnels) == 10
    lake, warehouse = make_warehouse()
    at = NOON
    rows = []
    for funnel in funnels:
        for step in funnel["steps"]:
            at += timedelta(seconds=1)
            properties, columns = SHOPPER.get(step.get("where", ""), ({}, {}))
            properties = {"product_id": "p1", "order_id": f"o-{len(rows)}", "n": len(rows), **properties}
            event = None if step["event"] == "Page Viewed" else step["event"]
            rows.append(message(event, at, guest=funnel["name"], properties=properties, **columns))
    lake.load(rows)
    warehouse.run("+funnel_steps +funnel_breakdowns", variables={"funnels": funnels})
    found = warehouse.rows(
        "select scope_key, funnel, max(step) from funnel_conversions where scope_key like 'g\\_%' escape '\\' "
        "and scope_key = 'g_' || funnel group by 1, 2"
    )
    by_session = warehouse.rows(
        "select s.guest_token, c.funnel, max(step) from funnel_conversions as c "
        "join int_sessions as s on c.scope_key = s.session_id where s.guest_token = c.funnel group by 1, 2"
    )
    reached = {funnel: step for _, funnel, step in found + by_session}
    assert reached == {funnel["name"]: len(funnel["steps"]) for funnel in funnels}


#: What the conditions of the ten funnels ask for: properties and columns of a message that meets each.
SHOPPER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "list_name = 'search'": ({"list": "search"}, {}),
    "zone = 'nav'": ({}, {"zone": "nav"}),
    "lower(option_name) = 'size'": ({"option_name": "Size"}, {}),
    "form_name = 'newsletter'": ({"form": "newsletter"}, {}),
}
