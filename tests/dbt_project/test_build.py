"""`dbt build` of everything: from a lake of schema files alone, and with messages; every message accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
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
        "source": "history", "message_id": "x", "field": "event", "reason": "too long", "stage": "door",
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
    assert warehouse.rows("select source, stage from stg_footfall__failed_events order by 1, 2") == [
        ("history", "collector"),  # `door`, as version 0.1.0 wrote it
        ("shop_pixel", "collector"),
        ("shop_pixel", "load"),
    ]
    assert warehouse.rows(
        "select sent, accepted, rejected, in_lake, staged, failed, is_balanced from import_reconciliation"
    ) == [(2, 1, 1, 1, 1, 1, True)]


def test_a_lost_message_is_seen(first_start: tuple[Lake, Warehouse]) -> None:
    """The collector's count is independent of the rows: a load that lacks one is out of balance."""
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


@pytest.mark.slow
def test_a_place_with_an_apostrophe(tmp_path: Path, dbt_target_path: Path) -> None:
    """Every look at the lake: whole tables, and twice what is new."""
    data = tmp_path / "o'neill's shop"
    lake, warehouse = Lake(data), Warehouse(data, dbt_target_path)
    for guest in ("first", "second"):
        lake.load([message("Product Viewed", NOON, guest=guest)])
        warehouse.run("+stg_footfall__events stg_footfall__landing_counts")
    assert warehouse.rows("select guest_token from base_footfall__messages order by 1") == [
        ("first",),
        ("second",),
    ]
    assert warehouse.rows("select sum(accepted) from stg_footfall__landing_counts") == [(2,)]


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


def test_another_message_under_a_used_id_is_no_copy(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """A sender whose ids collide loses nothing; its retries still count once, and so do those of before the hash."""
    lake, warehouse = make_warehouse()

    def sent(guest: str, content_hash: int | None, message_id: str = "used") -> dict[str, Any]:
        return message("Viewed", NOON, message_id=message_id, guest=guest, content_hash=content_hash)

    lake.load([sent("first", 1), sent("unhashed", None, "old"), sent("as unhashed", 7, "old")])
    warehouse.run("+stg_footfall__events")
    lake.load([sent("second", 2), sent("second again", 2), sent("first again", 1)])
    for full_refresh in (False, True):
        warehouse.run("+stg_footfall__events", full_refresh=full_refresh)
        assert warehouse.rows("select guest_token from stg_footfall__events order by 1") == [
            ("first",), ("second",), ("unhashed",),
        ]  # fmt: skip
        assert warehouse.rows("select count(distinct event_id) from stg_footfall__events") == [(3,)]


def test_a_lake_of_before_a_column_is_read(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    lake.load([message("Viewed", NOON), message("Viewed", NOON), message("Bought", NOON)])
    for file in (lake.root / "lake" / "events").glob(f"*/{lake.load_id:012d}-*.parquet"):
        pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["content_hash"]), file)
    warehouse.run("+stg_footfall__events")
    assert warehouse.rows("select event from stg_footfall__events order by 1") == [("Bought",), ("Viewed",)]


def test_a_column_that_a_model_gained_joins_the_table(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """As one that a release adds: the table of before lacks it, has the rest in another order, and keeps its rows."""
    lake, warehouse = make_warehouse()
    lake.load([message("Viewed", NOON, guest="before")])
    warehouse.run("+int_changed_devices")
    with duckdb.connect(str(warehouse.data / "warehouse.duckdb")) as connection:
        connection.execute("alter table int_changed_devices rename to old")
        connection.execute("create table int_changed_devices as select staged_at, device from old")
    lake.load([message("Viewed", NOON, guest="after")])
    warehouse.run("+int_changed_devices")
    assert warehouse.rows("select device, changed_from from int_changed_devices order by 1") == [
        ("after", NOON),
        ("before", None),
    ]
    lake.load([message("Viewed", NOON, guest="last")])
    warehouse.run("+int_changed_devices")
    assert warehouse.rows(
        "select device from int_changed_devices where changed_from is not null order by 1"
    ) == [
        ("after",),
        ("last",),
    ]


def test_copies_are_known_by_id_and_own_time(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Within a week of arrival; what has a time of its own and is older by then at any time: history may be imported
    again a year later. Whatever is no copy has an id of its own."""
    lake, warehouse = make_warehouse()
    week = timedelta(days=7)
    first = lake.received_at
    long_after = first + 52 * week

    def copy(
        message_id: str, received_at: datetime, at: datetime | None = NOON, **more: Any
    ) -> dict[str, Any]:
        """``at`` None: the sender tells no time, and the arrival's is taken."""
        own = {"original_at": at} if at else {"original_at": None, "sent_at": None}
        return message(
            "Product Viewed",
            at or received_at,
            message_id=message_id,
            received_at=received_at,
            guest=message_id,
            **own,
            **more,
        )

    lake.load(
        [
            copy("same day", first),
            copy("same source only", first),
            copy("history", first),
            copy("clicked, then told twice", first, at=first - timedelta(hours=1)),
            copy("another time", first),
            copy("timeless, a week", first, at=None),
            copy("timeless, more", first, at=None),
        ]
    )
    warehouse.run("+sessions")
    lake.load(
        [
            copy("same day", first),
            copy("same source only", first, source="another"),
            copy("history", long_after),
            copy("clicked, then told twice", long_after, at=first - timedelta(hours=1)),
            copy("another time", first, at=NOON + timedelta(milliseconds=1)),
            copy("timeless, a week", first + week, at=None),
            copy("timeless, more", first + week + timedelta(microseconds=1), at=None),
        ]
    )
    expected = {
        "same day": 1,
        "same source only": 2,
        "history": 1,
        "clicked, then told twice": 1,
        "another time": 2,
        "timeless, a week": 1,
        "timeless, more": 2,
    }
    for full_refresh in (False, True):
        warehouse.run("+sessions", full_refresh=full_refresh)
        assert dict(warehouse.rows("select guest_token, sum(events) from sessions group by 1")) == expected
        assert warehouse.rows("select count(*), count(distinct event_id) from stg_footfall__events") == [
            (10, 10)
        ]


def test_a_file_that_arrives_late_may_hold_the_earlier_copy(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Another machine's segment was received a month ago; what it tells was imported since."""
    lake, warehouse = make_warehouse()
    told = message("Product Viewed", NOON, message_id="m")
    lake.load([told], received_at=lake.received_at + timedelta(days=30))
    warehouse.run("+stg_footfall__events")
    lake.load([told], received_at=lake.received_at)
    for full_refresh in (False, True):
        warehouse.run("+stg_footfall__events", full_refresh=full_refresh)
        assert warehouse.rows("select count(*) from stg_footfall__events") == [(1,)]
