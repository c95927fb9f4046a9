"""An increment takes every row once, wherever its file was merged with others: staged, half staged or not yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from dbt_kit import NOON, Lake, Warehouse, message

from footfall.runtime.paths import Paths
from orchestration.lake.compaction import compact

SELECT = "+sessions +events_reconciliation"
COMPARED = {
    "base_footfall__messages": "event_id, load_id, lake_file, is_duplicate, occurred_at",
    "sessions": "session_id, visitor_id, events, started_at",
    "events_reconciliation": "* exclude (received_hour)",
}
Rows = dict[str, list[tuple[Any, ...]]]


def look(warehouse: Warehouse) -> Rows:
    return {
        table: warehouse.rows(f"select {columns} from {table} order by all")
        for table, columns in COMPARED.items()
    }


def merge(lake: Lake) -> int:
    return compact(Paths(lake.root), today=date(2027, 1, 1), recent_loads=0).days


def load(lake: Lake, number: int) -> None:
    """Three visits, one of them also in the load before: a copy."""
    lake.load(
        message("Product Viewed", NOON + timedelta(hours=each), guest=f"g{each % 4}", message_id=f"m{each}")
        for each in range(2 * number, 2 * number + 3)
    )


@pytest.fixture(scope="module")
def expected(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Callable[[int], Rows]:
    """The rows of so many loads that nobody merged, built from nothing, once for all tests."""

    @cache
    def build(loads: int) -> Rows:
        lake, warehouse = make_warehouse()
        for number in range(loads):
            load(lake, number)
        warehouse.run(SELECT)
        return look(warehouse)

    return build


@pytest.mark.parametrize("lookback", [20, 2])
def test_increments_over_merged_files(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], expected: Callable[[int], Rows], lookback: int
) -> None:
    """A warehouse that is behind finds files of which it has a part."""
    lake, warehouse = make_warehouse()
    variables = {"lake_lookback_loads": lookback}
    for number in range(4):
        load(lake, number)
    warehouse.run(SELECT, variables=variables)
    for number in range(4, 9):
        load(lake, number)
    assert merge(lake) == 2, "events and counts of one day"
    warehouse.run(SELECT, variables=variables)
    nine = expected(9)
    assert look(warehouse) == nine
    warehouse.run(SELECT, variables=variables)
    assert look(warehouse) == nine, "nothing new"
    load(lake, 9)
    merge(lake)
    warehouse.run(SELECT, variables=variables)
    ten = expected(10)
    assert look(warehouse) == ten
    warehouse.run(SELECT, full_refresh=True)
    assert look(warehouse) == ten


def test_a_look_back_through_a_merged_file(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]], expected: Callable[[int], Rows]
) -> None:
    """What a warehouse as of an earlier load is made of stands in files of later ones, too."""
    lake, warehouse = make_warehouse()
    for number in range(6):
        load(lake, number)
    merge(lake)
    warehouse.run("+sessions", variables={"lake_last_load": 4})
    found = warehouse.rows("select max(load_id), count(*) from base_footfall__messages")
    assert found == [(4, 12)]
    four = expected(4)
    assert [row[:2] for row in four["base_footfall__messages"]] == warehouse.rows(
        "select event_id, load_id from base_footfall__messages order by event_id, load_id, lake_file, is_duplicate"
    )
