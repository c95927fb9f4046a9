"""Tables that say `cluster_by` hold a visitor's rows side by side, and again once increments have scattered many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from dbt_kit import NOON, Lake, Warehouse, message

TABLES = ("int_visitor_product_days", "int_visitor_product_scores", "funnel_conversions")
SELECT = "+int_visitor_product_scores +funnel_conversions"
#: Where a quarter of the rows came since, however few they are.
SMALL = {"recluster_rows": 0}


def visits(first_day: int, days: int) -> list[dict[str, Any]]:
    """Forty visitors look at a product of each day and put it in the cart, all of them on one day before the next."""
    rows = []
    for day in range(first_day, first_day + days):
        for visitor in range(40):
            at = NOON + timedelta(days=day, minutes=visitor)
            product = {"product_id": f"p{day}"}
            rows += [
                message(event, at, guest=f"g{visitor}", properties=product)
                for event in ("Product Viewed", "Product Added")
            ]
    return rows


def runs(warehouse: Warehouse, table: str, built: str = "true") -> tuple[int, int]:
    """How often another visitor's row follows, the first row counted, and how many visitors there are."""
    ((changes, visitors),) = warehouse.rows(f"""
        select count_if(is_other), count(distinct visitor_id)
        from (
            select visitor_id, visitor_id is distinct from lag(visitor_id) over (order by rowid) as is_other
            from {table}
            where {built}
        )
    """)
    return changes, visitors


def in_order_until(warehouse: Warehouse, table: str) -> datetime | None:
    ((until,),) = warehouse.rows(
        f"select cast(comment as timestamp) from duckdb_tables() where table_name = '{table}'"
    )
    return cast("datetime | None", until)


def test_rows_of_a_visitor_lie_side_by_side(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    lake.load(visits(0, 4))
    warehouse.run(SELECT, variables=SMALL)
    for table in TABLES:
        assert runs(warehouse, table) == (40, 40), table
        assert in_order_until(warehouse, table) is None

    lake.load(visits(4, 3))
    warehouse.run(SELECT, variables=SMALL)
    # what an increment brings stands behind
    assert runs(warehouse, "int_visitor_product_days") == (80, 40)
    ((newest,),) = warehouse.rows("select max(built_at) from int_visitor_product_days")

    lake.load(visits(7, 1))
    warehouse.run(SELECT, variables=SMALL)
    assert in_order_until(warehouse, "int_visitor_product_days") == newest
    assert runs(warehouse, "int_visitor_product_days", f"built_at <= '{newest}'") == (40, 40)
    assert runs(warehouse, "int_visitor_product_days") == (80, 40)

    lake.load(visits(8, 1))
    warehouse.run(SELECT, variables=SMALL)
    # an eighth of the rows came since: that may stay as it is
    assert in_order_until(warehouse, "int_visitor_product_days") == newest
    assert warehouse.rows(
        "select count(*), count(distinct (visitor_id, day)) from int_visitor_product_days"
    ) == [(360, 360)]
