"""Days that are rebuilt equal a full refresh, whatever changed of them behind the increments' back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbt_kit import Lake, Warehouse
from test_increments import CAPTURES, COMPARED, RULES, SELECT, history, snapshot

from footfall.runtime.paths import Paths
from orchestration.lake.compaction import compact
from orchestration.lake.schema import EVENTS
from orchestration.warehouse.model_versions import note, outdated
from orchestration.warehouse.rebuild_days import BASE, Days, Rebuilt, rebuild

pytestmark = pytest.mark.slow

Shop = tuple[Lake, Warehouse, list[date]]
VERSIONS = {BASE: "v1"}


def build(warehouse: Warehouse, *, full_refresh: bool = False) -> None:
    warehouse.run(SELECT, full_refresh=full_refresh, variables=RULES)


def rebuild_days(warehouse: Warehouse, first: date, last: date | None = None) -> Rebuilt:
    """As Dagster's step does before it builds, by the rules of these tests."""

    def run_dbt(arguments: list[str], variables: dict[str, Any]) -> None:
        warehouse.dbt(*arguments, variables=RULES | variables)

    zone = str(RULES["shop_time_zone"])
    return rebuild(Paths(warehouse.data), Days(first, last or first), VERSIONS, run_dbt, zone)


def differences(warehouse: Warehouse) -> dict[str, Any]:
    """By table, the rows that an increment alone has, and those that a full refresh of the lake alone has."""
    build(warehouse)
    before = snapshot(warehouse)
    build(warehouse, full_refresh=True)
    after = snapshot(warehouse)
    return {
        table: (
            [row for row in before[table] if row not in after[table]],
            [row for row in after[table] if row not in before[table]],
        )
        for table in COMPARED
        if before[table] != after[table]
    }


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Shop:
    """Some weeks of a shop, built by increments, and its days of receipt, the busiest first. Every fifth message comes
    twice, some of them on two days.
    """
    rng = random.Random(31)
    rows = history(random.Random(30))
    rows += rng.choices(rows, k=len(rows) // 5)
    delays = [timedelta(), timedelta(), timedelta(hours=9), timedelta(days=3)]
    rows = [
        {**row, "received_at": row["occurred_at"] + rng.choice(delays) * rng.random() + timedelta(seconds=1)}
        for row in rows
    ]
    rows.sort(key=lambda row: row["received_at"])
    lake, warehouse = make_warehouse()
    cuts = [0, len(rows) // 2, len(rows)]
    for number, (begin, end) in enumerate(pairwise(cuts)):
        for products, captured_at in CAPTURES[number : number + 1]:
            lake.catalog(products, captured_at=captured_at)
        lake.load(rows[begin:end])
        build(warehouse)
    days = Counter(row["received_at"].date() for row in rows)
    return lake, warehouse, [day for day, _ in days.most_common()]


def test_repaired_files_of_the_lake(shop: Shop) -> None:
    """A third of the messages goes, a third says something else, also when."""
    lake, warehouse, busiest = shop
    rng = random.Random(4)
    days = Days(busiest[3], busiest[3] + timedelta(days=2))
    for day in days:
        for file in (lake.root / f"lake/events/received_date={day}").glob("*.parquet"):
            rows = [row for row in pq.read_table(file, partitioning=None).to_pylist() if rng.random() < 2 / 3]
            for row in rng.sample(rows, len(rows) // 2):
                row["product_id"] = rng.choice(["p1", "p2", "p5", None])
                row["properties"] = row["properties"].replace("9.99", "8.99")
                row["user_id"] = row["user_id"] and f"user-{rng.randrange(25)}"
                row["occurred_at"] += timedelta(minutes=rng.choice([0, 0, -50, 20]))
            pq.write_table(pa.Table.from_pylist(rows, schema=EVENTS), file)
    rebuilt = rebuild_days(warehouse, days.first, days.last)
    assert 0 < rebuilt.read_again < rebuilt.taken_out
    assert differences(warehouse) == {}


def test_rows_changed_in_the_warehouse_and_no_others(shop: Shop) -> None:
    _, warehouse, [day, *_] = shop
    of_day = f"(select * from {BASE} where cast(received_at as date) = date '{day}' and not is_bot)"
    devices = (
        f"(select device from {of_day} union select device from {BASE} "
        f"where order_id in (select order_id from {of_day}))"
    )
    sessions = (
        f"(select session_id from int_session_events where event_id in (select event_id from {of_day}))"
    )
    visitors = f"(select visitor_id from int_device_links where device in (select device from {of_day}))"
    first = f"(select device, min(occurred_at) - interval 2 day as first_at from {of_day} group by device)"
    # Of devices that were not heard of that day, and of the others long before what they said.
    untouched = (
        f"select session_id, built_at from int_sessions where device not in {devices} "
        f"union all select session_id, built_at from int_sessions natural join {first} where ended_at < first_at"
    )
    staged = (
        f"select segment_id, message_no, staged_at from {BASE} "
        f"where message_id not in (select message_id from {BASE} where cast(received_at as date) = date '{day}')"
    )
    stamps = [sorted(warehouse.rows(query)) for query in (untouched, staged)]
    total = warehouse.rows("select count(*) from int_sessions")[0][0]
    assert total / 4 < len(stamps[0]) < total
    with duckdb.connect(str(warehouse.data / "warehouse.duckdb")) as connection:
        for damage in (
            f"update sessions_daily set sessions = 0 where day in (select cast(timezone('{RULES['shop_time_zone']}', "
            f"timezone('UTC', started_at)) as date) from int_sessions where session_id in {sessions})",
            f"update int_sessions set page_views = 77, revenue = 1 where session_id in {sessions}",
            f"update session_products set product_id = 'p0' where session_id in {sessions}",
            f"update int_orders set visitor_id = 'u_x' where event_id in (select event_id from {of_day})",
            f"update visitors set sessions = 77 where visitor_id in {visitors}",
            f"update funnel_conversions set step = 7 where visitor_id in {visitors}",
            f"update visitor_recommendations set score = 7 where visitor_id in {visitors}",
            f"delete from int_visitor_product_days where day = date '{day}' and visitor_id in {visitors}",
            f"update int_sessionized_events set product_id = 'p0' where event_id in (select event_id from {of_day})",
        ):
            assert connection.execute(damage).fetchall()[0][0] > 0, damage
    rebuilt = rebuild_days(warehouse, day)
    assert rebuilt.read_again == rebuilt.taken_out
    build(warehouse)
    assert [sorted(warehouse.rows(query)) for query in (untouched, staged)] == stamps
    assert differences(warehouse) == {}


def test_merged_files_a_kill_and_a_second_run(shop: Shop) -> None:
    lake, warehouse, [_, day, *_] = shop
    paths = Paths(lake.root)
    assert compact(paths, today=date(2027, 1, 1), recent_loads=0).days
    note(paths, VERSIONS, VERSIONS)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(paths, Days(day, day), VERSIONS, killed, "UTC")
    assert outdated(paths, VERSIONS, [BASE]) == [BASE], "so the next run builds from the whole lake"
    note(paths, VERSIONS, VERSIONS)
    again = rebuild_days(warehouse, day)
    assert (again.taken_out, again.read_again > 0) == (0, True)
    assert outdated(paths, VERSIONS, [BASE]) == []
    twice = rebuild_days(warehouse, day)
    assert twice.taken_out == twice.read_again == again.read_again
    assert twice.devices == again.devices
    assert rebuild_days(warehouse, date(2020, 1, 1)) == Rebuilt(0, 0, 0)
    assert differences(warehouse) == {}
