"""A shop of three people, whose files in the lake the tests read whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from footfall.landing.segments import FailedMessage
from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
from tests.orchestration.conftest import Seal, message


def said(number: int, guest: str | None, user: str | None = None, **changes: Any) -> dict[str, Any]:
    return message(number, anonymousId=guest, userId=user, **changes)


def order(number: int, guest: str | None, user: str | None, price: str) -> dict[str, Any]:
    properties = {
        "order_id": f"o-{number}",
        "products": [{"product_id": "p", "price": 9.90, "quantity": 1, "engraving": "on her birthday"}, None],
        "value": json.loads(price),
        "note": "for Anna's birthday",
    }
    return said(number, guest, user, event="Order Completed", properties=properties)


def lake_rows(paths: Paths, table: str = "events") -> list[dict[str, Any]]:
    relation = duckdb.sql(
        f"select * from read_parquet('{paths.lake}/{table}/**/*.parquet', hive_partitioning=false) order by all"
    )
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def everything_in(folder: Path) -> str:
    """Every value of every Parquet file, since pages are compressed."""
    return "\n".join(
        repr(pq.read_table(file, partitioning=None).to_pylist()) for file in folder.rglob("*.parquet")
    )


@pytest.fixture
def shop(paths: Paths, seal: Seal) -> Paths:
    """Anna on a phone of her own and on a tablet that Bob uses too; Carl beside them."""
    failed = [
        FailedMessage(
            index=0, field="event", reason="empty", raw=b'{"anonymousId": "anna-phone", "event": ""}'
        ),
        FailedMessage(index=1, field="event", reason="empty", raw=b'{"userId":"anna-2","event":""}'),
    ]
    seal(
        "s1",
        [
            said(1, "anna-phone"),
            said(2, "anna-phone", "anna"),
            order(3, "anna-phone", "anna", "10.90"),
            said(4, "tablet", "anna"),
            said(5, "tablet", "bob"),
            said(6, "tablet"),
        ],
        failed=failed,
    )
    seal(
        "s2",
        [
            said(7, "anna-phone"),
            order(8, None, "anna", "7.00"),
            said(9, "carl-phone", "carl"),
            said(10, "anna-phone-2"),
        ],
    )
    load_sealed(paths)
    return paths
