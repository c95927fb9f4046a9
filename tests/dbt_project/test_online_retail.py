"""A year of a real shop's order lines: the revenue in the marts equals sums that know nothing of them.

Every line of the file goes the way of an import (its message, the wire's check, the lake's row) into the warehouse; the
other side is one SQL query over the file itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from dbt_kit import Lake, Warehouse

from footfall.importing.online_retail import message, read_lines
from footfall.landing.segments import HEADER, Envelope, encode_frame, read_segment
from orchestration.lake.flatten import rows_of

#: Lines a request and a load. One load of the whole file holds 2 GB of rows in memory.
REQUEST, LOAD = 500, 100_000
ARRIVED = datetime(2026, 4, 1, 8, tzinfo=UTC)

#: What the file says, by month of the invoice's first line: sales and what came back, each invoice once.
#: A line came back if its quantity is negative or its invoice number begins with C.
OF_THE_FILE = """
    with lines as (
      select
        invoice_no,
        quantity < 0 or starts_with(invoice_no, 'C') as is_refund,
        case when is_refund then -1 else 1 end as sign,
        abs(quantity) * cast(unit_price as decimal(18, 4)) as amount,
        abs(quantity) as quantity,
        customer_id,
        invoice_date
      from read_parquet(?)
    ),
    invoices as (
      select
        invoice_no, is_refund, count(*) as lines, sum(quantity * sign) as quantity,
        round(sum(amount * sign), 2) as revenue,
        max(customer_id) as customer_id, date_trunc('month', min(invoice_date)) as month
      from lines group by all
    )
    select
      cast(month as date), is_refund, count(*), sum(lines), cast(sum(quantity) as bigint),
      cast(sum(revenue) as decimal(18, 2)),
      count(distinct customer_id), count(*) filter (where customer_id is null)
    from invoices group by all order by all
"""
OF_THE_MART = """
    select
      cast(date_trunc('month', occurred_at) as date), is_refund, count(*), sum(lines), cast(sum(quantity) as bigint),
      cast(sum(revenue) as decimal(18, 2)),
      count(distinct visitor_id) filter (where starts_with(visitor_id, 'u_')),
      count(*) filter (where not starts_with(visitor_id, 'u_'))
    from orders group by all order by all
"""


def batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def as_landed(file: Path, segment: Path) -> Iterator[dict[str, Any]]:
    """The lake's rows of the file's lines, by way of a landing segment."""
    encode = msgspec.json.Encoder().encode
    with segment.open("wb") as landing:
        landing.write(HEADER)
        for lines in batches(read_lines(file), REQUEST):
            messages = [msgspec.Raw(encode(message(line))) for line in lines]
            landing.write(
                encode_frame(
                    Envelope(
                        source="history",
                        trusted=True,
                        received_at=ARRIVED,
                        accepted=len(messages),
                        rejected=0,
                        batch=messages,
                    )
                )
            )
    for part in read_segment(segment):
        for table, row in rows_of("20260401-000001", part, 1):
            assert table != "failed_events", row
            if table == "events":
                yield row


@pytest.fixture(scope="module")
def file(shared: Path) -> Path:
    path = shared / "data" / "online-retail" / "online_retail.parquet"
    if not path.exists():
        pytest.skip("online_retail.parquet is not here")
    return path


@pytest.fixture(scope="module")
def revenue(
    file: Path, make_warehouse: Callable[[], tuple[Lake, Warehouse]], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    lake, warehouse = make_warehouse()
    for rows in batches(as_landed(file, tmp_path_factory.mktemp("landing") / "segment"), LOAD):
        lake.load(rows)
    warehouse.run("+orders")
    return warehouse


def test_revenue_orders_customers_and_returns_by_month(file: Path, revenue: Warehouse) -> None:
    expected = duckdb.execute(OF_THE_FILE, [str(file)]).fetchall()
    assert len(expected) == 26, "thirteen months, sales and returns"
    assert revenue.rows(OF_THE_MART) == expected
