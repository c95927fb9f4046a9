"""A build in buckets: a line in the log for each, and all of them in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dbt_kit import NOON, Lake, Warehouse, message


def test_each_bucket_is_told_and_all_are_one_transaction(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load(
        message("Product Viewed", NOON + timedelta(minutes=number), guest=f"g{number % 40}")
        for number in range(400)
    )
    told: list[str] = []
    queries: list[str] = []

    def listen(event: Any) -> None:
        node = getattr(event.data, "node_info", None)
        if event.info.name == "JinjaLogInfo":
            told.append(event.data.msg)
        elif (
            event.info.name == "SQLQuery" and node is not None and node.node_name == "int_sessionized_events"
        ):
            queries.append(
                event.data.sql.split("*/")[-1] if "dbt_version" in event.data.sql else event.data.sql
            )

    # 400 events of 24 MB in 4 GB: three buckets.
    warehouse.run("+int_sessionized_events", variables={"bucket_event_bytes": 24_000_000}, listen=listen)
    assert told == [f"int_sessionized_events: bucket {number} of 3" for number in (1, 2, 3)]
    words = [query.split()[0].lower() for query in queries if query.strip()]
    begin, commit = words.index("begin"), words.index("commit")
    assert begin < words.index("create") < words.index("insert") < commit
    assert words.count("insert") == 2
    assert "commit" not in words[begin:commit]
    assert warehouse.rows("select count(*), count(distinct event_id) from int_sessionized_events") == [
        (400, 400)
    ]
