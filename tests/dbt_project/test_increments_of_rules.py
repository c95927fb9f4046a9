"""Rules that look further back than the gap: campaigns that open sessions, and sources whose own session ids are
trusted. Any batching gives the same rows as a full refresh, as test_increments.py has it for the house's own rules."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dbt_kit import Lake, Warehouse
from test_increments import history

SELECT = "+sessions +sessions_daily +orders_daily +visitors"
RULES = {
    "session_opens_on_campaign": True,
    "session_id_trusted_sources": ["shop_pixel", "tracker"],
    "shop_time_zone": "Pacific/Auckland",
    "identity_max_guests_per_user": 3,
}
COMPARED = {
    "int_session_events": "event_id, session_id, session_number, device_event_number, session_user_id",
    "int_sessions": "* exclude (built_at)",
    "sessions": "*",
    "sessions_daily": "* exclude (built_at)",
    "int_orders": "* exclude (built_at)",
    "orders_daily": "*",
    "visitors": "* exclude (built_at)",
}
Tables = dict[str, list[tuple[Any, ...]]]


def arrivals(rng: random.Random) -> list[dict[str, Any]]:
    """The history of test_increments.py, by a pixel and a tracker, with session ids and campaigns: few, so that an id
    comes again after a pause, and of two ids the events alternate."""
    rows = history(rng)
    for row in rows:
        if row["guest_token"] and rng.random() < 0.4:
            row["session_token"] = f"s{rng.randrange(3)}"
        if rng.random() < 0.2:
            row["campaign"] = json.dumps({"source": rng.choice(["a", "b"]), "medium": "cpc"})
        if rng.random() < 0.2 and row["source"] == "shop_pixel":
            row |= {"source": "tracker", "trusted": rng.random() < 0.5}
    delays = [timedelta(), timedelta(), timedelta(hours=9), timedelta(days=30)]
    return sorted(rows, key=lambda row: row["occurred_at"] + rng.choice(delays) * rng.random())


def snapshot(warehouse: Warehouse) -> Tables:
    return {
        table: sorted(warehouse.rows(f"select {columns} from {table}"), key=repr)
        for table, columns in COMPARED.items()
    }


@pytest.fixture(scope="module")
def built(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> tuple[Tables, Tables]:
    """The tables after three increments on a first build, and after a full refresh."""
    rng = random.Random(40)
    rows = arrivals(rng)
    cuts = sorted(rng.sample(range(1, len(rows)), 3))
    lake, warehouse = make_warehouse()
    for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        lake.load(rows[begin:end])
        warehouse.run(SELECT, variables=RULES)
    incremental = snapshot(warehouse)
    warehouse.run(SELECT, full_refresh=True, variables=RULES)
    return incremental, snapshot(warehouse)


@pytest.mark.parametrize("table", list(COMPARED))
def test_increments_equal_a_full_refresh(built: tuple[Tables, Tables], table: str) -> None:
    assert built[0][table]
    assert built[0][table] == built[1][table]
