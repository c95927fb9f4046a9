"""`dbt build` of everything: from a lake of schema files alone, and with messages; every message accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from dbt_kit import NOON, Lake, Warehouse, message


@pytest.fixture(scope="module")
def first_start(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> tuple[Lake, Warehouse]:
    """Models, data tests and dbt unit tests, on an empty lake; then a second time, incrementally."""
    lake, warehouse = make_warehouse()
    warehouse.run(command="build")
    warehouse.run("tag:fast", command="build")
    return lake, warehouse


def test_an_empty_lake_builds_green(first_start: tuple[Lake, Warehouse]) -> None:
    assert first_start[1].rows("select count(*) from sessions") == [(0,)]
    assert first_start[1].rows("select funnel, step, reached from funnel_steps order by 1, 2")[0] == (
        "product",
        1,
        0,
    )


def test_then_messages_come(first_start: tuple[Lake, Warehouse]) -> None:
    """All tests of the project hold on a first day with copies, failures, a bot and an import."""
    lake, warehouse = first_start
    lake.catalog(
        [{"product_id": "p1", "product_type": "shirts"}, {"product_id": "p2", "product_type": "shirts"}]
    )
    view = message("Product Viewed", NOON, properties={"product_id": "p1"})
    failed = {
        "source": "shop_pixel",
        "message_id": None,
        "field": "event",
        "reason": "missing",
        "raw": b"\xff{",
    }
    lake.load(
        [message(None, NOON), view, message("Product Viewed", NOON, guest="bot", is_bot=True)],
        failed=[failed, {**failed, "stage": "load"}],
    )
    lake.load([view, message("Product Added", NOON + timedelta(minutes=1), properties={"product_id": "p2"})])
    past = NOON.replace(year=2011)
    rejected = {
        "source": "history", "message_id": "x", "field": "event", "reason": "too long",
        "raw": b'{"timestamp": "%s"}' % past.isoformat().encode(),
    }  # fmt: skip
    history = [
        message("Product Viewed", past, source="history", trusted=True, properties={"product_id": "p3"})
    ]
    lake.load(history, failed=[rejected])
    lake.ledger(
        [
            {
                "import_id": "i1", "source": "history", "sent": 2, "accepted": 1, "rejected": 1,
                "occurred_hour": past.replace(minute=0),
            }
        ]
    )  # fmt: skip
    warehouse.run(command="build")
    assert warehouse.rows(
        "select source, sum(accepted), sum(in_lake), sum(staged), sum(duplicates), sum(failed), bool_and(is_balanced) "
        "from events_reconciliation group by source order by source"
    ) == [("history", 1, 1, 1, 0, 1, True), ("shop_pixel", 6, 5, 4, 1, 2, True)]
    assert warehouse.rows(
        "select sent, accepted, rejected, in_lake, staged, failed, is_balanced from import_reconciliation"
    ) == [(2, 1, 1, 1, 1, 1, True)]


def test_a_lost_message_is_seen(first_start: tuple[Lake, Warehouse]) -> None:
    """The door's count is independent of the rows: a load that lacks one is out of balance."""
    lake, warehouse = first_start
    lake.load([message("Product Viewed", NOON, guest=f"lost-{number}") for number in range(3)])
    (counts,) = (lake.root / "lake" / "landing_counts").glob(f"*/{lake.load_id:012d}-*.parquet")
    table = pq.read_table(counts, partitioning=None)
    rows = [{**row, "accepted": row["accepted"] + 1} for row in table.to_pylist()]
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), counts)
    warehouse.run("+events_reconciliation")
    assert warehouse.rows("select accepted, in_lake from events_reconciliation where not is_balanced") == [
        (10, 8)
    ]


def test_files_of_a_load_that_come_late_are_read(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """A loader run may still write when staging lists the lake: what it adds under the same load id counts."""
    lake, warehouse = make_warehouse()
    lake.load([message("Product Viewed", NOON)])
    warehouse.run("+stg_footfall__events")
    lake.load_id -= 1
    lake.load(
        [message("Product Viewed", NOON, guest="late")], received_at=lake.received_at + timedelta(days=2)
    )
    warehouse.run("+stg_footfall__events")
    warehouse.run("+stg_footfall__events")
    assert warehouse.rows("select guest_token, is_duplicate from base_footfall__messages order by 1") == [
        ("g1", False),
        ("late", False),
    ]


def test_copies_are_known_for_seven_days(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    week = timedelta(days=7)

    def copy(message_id: str, received_at: datetime, source: str = "shop_pixel") -> dict[str, Any]:
        return message(
            "Product Viewed",
            NOON,
            message_id=message_id,
            source=source,
            received_at=received_at,
            guest=message_id,
        )

    first = lake.received_at
    lake.load(
        [copy("same day", first), copy("same source only", first), copy("a week", first), copy("more", first)]
    )
    warehouse.run("+stg_footfall__events")
    lake.load(
        [
            copy("same day", first),
            copy("same source only", first, source="another"),
            copy("a week", first + week),
            copy("more", first + week + timedelta(microseconds=1)),
        ]
    )
    expected = [("a week", 1), ("more", 2), ("same day", 1), ("same source only", 2)]
    for full_refresh in (False, True):
        warehouse.run("+stg_footfall__events", full_refresh=full_refresh)
        assert (
            warehouse.rows("select message_id, count(*) from stg_footfall__events group by 1 order by 1")
            == expected
        )
